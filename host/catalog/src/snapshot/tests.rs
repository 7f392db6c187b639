//! The law of the snapshot: whatever was changed, and however the changes were grouped, the root after the deltas is
//! the root that the file gives when it is read anew.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use rusqlite::Connection;
use store::{NoGroup, Options, Store, Synchronous, WriteError};
use types::{
    ByteCount, KeyKind, LimitKind, Money, ObjectName, Per, Quota, Rate, RateWindow, SecretKey, Terms, Timestamp, Units,
};

use super::*;
use crate::tables::access::{self, NewKey, NewToken};
use crate::tables::api::{self, NewApi};
use crate::tables::plan::{self, NewPlan};
use crate::tables::release::{self, NewRelease, NewRoute, NewRuns};
use crate::tables::{Change, MIGRATIONS, aws_credential, load, organisation, outbox, secret, subscription, suspension};
use crate::{Actor, Authority, CatalogError, Component, Limits, NewAwsCredential, Role, Sealed, Subject, World};

/// One command over a small world, so that commands meet: names, slugs and hosts are few.
#[derive(Debug, Clone)]
enum Move {
    Organisation(u8),
    Rename(u8, u8),
    Api {
        owner: u8,
        slug: u8,
        hosts: Vec<u8>,
    },
    Suspend(u8, u8, bool),
    Release {
        api: u8,
        component: u8,
        routes: u8,
    },
    SetLive {
        api: u8,
        number: u32,
    },
    Split {
        api: u8,
        number: u32,
        weight: u32,
    },
    Withdraw(u8),
    Plan {
        api: u8,
        name: u8,
        amount: u64,
        limit: LimitKind,
    },
    App {
        owner: u8,
        name: u8,
    },
    Key(u8),
    DisableKey(u8),
    RetireKey(u8, u8),
    Subscribe {
        app: u8,
        api: u8,
        plan: u8,
    },
    CapSubscription(u8, Option<u64>),
    Cancel(u8),
    RenameApp(u8, u8),
    RotateKey(u8),
    RotateToken(u8),
    Token(Option<u8>),
    DisableToken(u8),
    Secret {
        owner: u8,
        name: u8,
        value: u8,
    },
    RemoveSecret {
        owner: u8,
        name: u8,
    },
    Credential(u8),
    DeleteCredential(u8),
    /// The publisher comes by.
    Publish,
}

fn moves() -> impl Strategy<Value = Move> {
    let few = 0_u8..3;
    prop_oneof![
        2 => few.clone().prop_map(Move::Organisation),
        1 => (few.clone(), few.clone()).prop_map(|(which, name)| Move::Rename(which, name)),
        // Few hosts over three APIs, so that within a group of changes a host moves from one to another.
        8 => (few.clone(), prop::collection::vec(0_u8..3, 0..3))
            .prop_map(|(slug, hosts)| Move::Api { owner: 0, slug, hosts }),
        4 => (0_u8..6, few.clone(), any::<bool>()).prop_map(|(kind, which, on)| Move::Suspend(kind, which, on)),
        4 => (few.clone(), 0_u8..2, 1_u8..4).prop_map(|(api, component, routes)| Move::Release { api, component, routes }),
        3 => (few.clone(), 1_u32..4).prop_map(|(api, number)| Move::SetLive { api, number }),
        2 => (few.clone(), 1_u32..3, 0_u32..3).prop_map(|(api, number, weight)| Move::Split { api, number, weight }),
        1 => (0_u8..2).prop_map(Move::Withdraw),
        4 => (few.clone(), 0_u8..2, 0_u64..3, prop_oneof![Just(LimitKind::Hard), Just(LimitKind::Soft)])
            .prop_map(|(api, name, amount, limit)| Move::Plan { api, name, amount, limit }),
        3 => (few.clone(), few.clone()).prop_map(|(owner, name)| Move::App { owner, name }),
        3 => few.clone().prop_map(Move::Key),
        1 => (0_u8..6).prop_map(Move::DisableKey),
        1 => (0_u8..6, few.clone()).prop_map(|(key, days)| Move::RetireKey(key, days)),
        5 => (few.clone(), few.clone(), 0_u8..6).prop_map(|(app, api, plan)| Move::Subscribe { app, api, plan }),
        1 => (few.clone(), proptest::option::of(0_u64..9)).prop_map(|(which, cap)| Move::CapSubscription(which, cap)),
        1 => few.clone().prop_map(Move::Cancel),
        1 => (few.clone(), few.clone()).prop_map(|(which, name)| Move::RenameApp(which, name)),
        1 => (0_u8..6).prop_map(Move::RotateKey),
        1 => few.clone().prop_map(Move::RotateToken),
        1 => prop::option::of(few.clone()).prop_map(Move::Token),
        1 => few.clone().prop_map(Move::DisableToken),
        3 => (0_u8..2, few.clone(), few.clone()).prop_map(|(owner, name, value)| Move::Secret { owner, name, value }),
        2 => (0_u8..2, few).prop_map(|(owner, name)| Move::RemoveSecret { owner, name }),
        2 => (0_u8..2).prop_map(Move::Credential),
        2 => (0_u8..3).prop_map(Move::DeleteCredential),
        5 => Just(Move::Publish),
    ]
}

/// A world in which most moves find what they are about.
fn beginning() -> Vec<Move> {
    let mut steps = vec![Move::Organisation(0), Move::Organisation(1)];
    for n in 0..3 {
        steps.push(Move::Api { owner: 0, slug: n, hosts: vec![n] });
        steps.push(Move::Release { api: n, component: 0, routes: 2 });
        steps.push(Move::Plan { api: n, name: 0, amount: 9, limit: LimitKind::Hard });
        steps.push(Move::App { owner: 1, name: n });
        steps.push(Move::Subscribe { app: n, api: n, plan: n });
        steps.push(Move::Key(n));
    }
    steps
}

/// Ids as they were given out, so that a small number can name a thing.
#[derive(Debug, Default, Clone)]
struct Known {
    organisations: Vec<OrganisationId>,
    apis: Vec<ApiId>,
    plans: Vec<PlanId>,
    apps: Vec<AppId>,
    keys: Vec<KeyId>,
    subscriptions: Vec<SubscriptionId>,
    tokens: Vec<TokenId>,
    credentials: Vec<AccessKeyId>,
}

fn nth<T: Copy>(known: &[T], n: u8, what: &'static str) -> Result<T, CatalogError> {
    known.get(usize::from(n)).copied().ok_or_else(|| CatalogError::missing(what, &n))
}

fn note<T: PartialEq>(known: &mut Vec<T>, id: T) {
    if !known.contains(&id) {
        known.push(id);
    }
}

fn component(seed: u8) -> Component {
    let (digest, size) = (Digest::of(&[seed]), ByteCount::kib(1));
    Component { digest, size, world: World::Task, imports: Vec::new(), withdrawn: None }
}

fn new_release(api: ApiId, seed: u8, routes: u8) -> NewRelease {
    let pages: ObjectName = "pages".parse().unwrap();
    let route = |n: u8| NewRoute {
        method: "POST".to_owned(),
        template: format!("/v{n}/{{what}}"),
        needs: vec![(pages.clone(), Units::saturating(u64::from(n)))],
    };
    NewRelease {
        api,
        runs: NewRuns::Component(component(seed).digest),
        limits: Limits { wall: Duration::from_secs(u64::from(routes)), ..Limits::default() },
        routes: (0..routes).map(route).collect(),
        objects: vec![crate::ObjectDeclaration {
            name: pages.clone(),
            unit: "page".to_owned(),
            max_per_call: Units::saturating(9),
        }],
        grants: std::collections::BTreeSet::new(),
        egress: types::Egress::default(),
        traced: types::Traced::default(),
        config: BTreeMap::from([("seed".to_owned(), seed.to_string())]),
        errors: BTreeMap::new(),
    }
}

fn new_plan(api: ApiId, name: u8, amount: u64, limit: LimitKind) -> NewPlan {
    let soft = limit == LimitKind::Soft;
    let overage = soft.then_some(Money { micros: 3_000, currency: types::Currency::USD });
    let quota =
        Quota { object: ObjectName::requests(), amount: Units::saturating(amount), per: Per::Day, limit, overage };
    let rate = Rate { count: 5, window: RateWindow::Minute, burst: 10 };
    let terms = Terms { quotas: vec![quota], rate: soft.then_some(rate), only_2xx_billed: soft };
    NewPlan { api, name: format!("PLAN{name}"), price: overage, terms, routes: (!soft).then(Vec::new) }
}

fn make(change: &Change<'_>, known: &mut Known, step: &Move) -> Result<(), CatalogError> {
    match step {
        Move::Organisation(n) => {
            note(&mut known.organisations, organisation::create(change, &format!("organisation {n}"))?);
        }
        Move::Rename(which, n) => {
            let id = nth(&known.organisations, *which, "organisation")?;
            organisation::rename(change, id, &format!("organisation {n}"))?;
        }
        Move::Api { owner, slug, hosts } => {
            let new = NewApi {
                organisation: nth(&known.organisations, *owner, "organisation")?,
                slug: format!("api-{slug}"),
                title: format!("API {}", hosts.len()),
                hosts: hosts.iter().map(|host| format!("h{host}.example.com")).collect(),
            };
            note(&mut known.apis, api::create(change, &new)?);
        }
        Move::Suspend(kind, which, on) => {
            let subject = subject(change, known, *kind, *which)?;
            let by = Authority::Operator;
            if *on {
                suspension::suspend(change, subject, &Suspension { reason: "a reason".to_owned(), by })?;
            } else {
                suspension::resume(change, subject, by)?;
            }
        }
        Move::Release { api, component: seed, routes } => {
            let api = nth(&known.apis, *api, "API")?;
            release::register(change, &component(*seed))?;
            release::create(change, &new_release(api, *seed, *routes))?;
        }
        Move::SetLive { api, number } => release::set_live(change, nth(&known.apis, *api, "API")?, &[(*number, 1)])?,
        Move::Split { api, number, weight } => {
            release::set_live(change, nth(&known.apis, *api, "API")?, &[(*number, 9), (*number + 1, *weight)])?;
        }
        Move::Withdraw(seed) => release::withdraw(change, &component(*seed).digest, "a reason")?,
        Move::Plan { api, name, amount, limit } => {
            let new = new_plan(nth(&known.apis, *api, "API")?, *name, *amount, *limit);
            note(&mut known.plans, plan::create(change, &new)?);
        }
        Move::App { owner, name } => {
            let owner = nth(&known.organisations, *owner, "organisation")?;
            note(&mut known.apps, organisation::create_app(change, owner, &format!("app {name}"))?);
        }
        _ => make_access(change, known, step)?,
    }
    Ok(())
}

fn subject(change: &Change<'_>, known: &Known, kind: u8, which: u8) -> Result<Subject, CatalogError> {
    Ok(match kind {
        0 => Subject::Api(nth(&known.apis, which, "API")?),
        1 => {
            let api = nth(&known.apis, which, "API")?;
            let releases = release::list(change.conn, api, (None, 9), &Limits::CEILING)?;
            Subject::Release(releases.last().ok_or_else(|| CatalogError::missing("release", &which))?.id)
        }
        2 => Subject::Plan(nth(&known.plans, which, "plan")?),
        3 => Subject::App(nth(&known.apps, which, "app")?),
        4 => Subject::Key(nth(&known.keys, which, "key")?),
        _ => Subject::Subscription(nth(&known.subscriptions, which, "subscription")?),
    })
}

fn make_access(change: &Change<'_>, known: &mut Known, step: &Move) -> Result<(), CatalogError> {
    match step {
        Move::Key(app) => {
            let new = NewKey { app: nth(&known.apps, *app, "app")?, kind: KeyKind::Live, expires_at: None };
            known.keys.push(access::create_key(change, new, &SecretKey::generate(KeyKind::Live))?.id);
        }
        Move::DisableKey(key) => access::disable_key(change, nth(&known.keys, *key, "key")?, "a reason")?,
        Move::RetireKey(key, days) => {
            let end = change.now.after(Duration::from_hours(24 * u64::from(*days)));
            access::retire_key(change, nth(&known.keys, *key, "key")?, end)?;
        }
        Move::Subscribe { app, api, plan } => {
            let (app, api) = (nth(&known.apps, *app, "app")?, nth(&known.apis, *api, "API")?);
            let plan = nth(&known.plans, *plan, "plan")?;
            note(&mut known.subscriptions, subscription::subscribe(change, app, api, plan)?);
        }
        Move::CapSubscription(which, cap) => {
            let id = nth(&known.subscriptions, *which, "subscription")?;
            subscription::set_spend_cap(change, id, *cap)?;
        }
        Move::Token(owner) => {
            let role = match owner {
                None => Role::Operator,
                Some(owner) => Role::Provider(nth(&known.organisations, *owner, "organisation")?),
            };
            known.tokens.push(access::create_token(
                change,
                NewToken::full(role),
                &SecretKey::generate(KeyKind::Control),
            )?);
        }
        Move::Cancel(which) => {
            let id = nth(&known.subscriptions, *which, "subscription")?;
            subscription::cancel(change, id, change.now.after(Duration::from_secs(9)))?;
        }
        Move::RenameApp(which, name) => {
            organisation::rename_app(change, nth(&known.apps, *which, "app")?, &format!("app {name}"))?;
        }
        Move::RotateKey(which) => {
            let (id, end) = (nth(&known.keys, *which, "key")?, change.now.after(Duration::from_secs(9)));
            known.keys.push(access::rotate_key(change, id, end, &SecretKey::generate(KeyKind::Live))?.id);
        }
        Move::RotateToken(which) => {
            let (id, end) = (nth(&known.tokens, *which, "token")?, change.now.after(Duration::from_secs(9)));
            known.tokens.push(access::rotate_token(change, id, end, &SecretKey::generate(KeyKind::Control))?);
        }
        Move::DisableToken(token) => {
            access::disable_token(change, nth(&known.tokens, *token, "token")?, "a reason")?;
        }
        Move::Secret { owner, name, value } => {
            let sealed = Sealed { key_version: 1, nonce: [*value; 24], text: vec![*value] };
            secret::set(change, nth(&known.organisations, *owner, "organisation")?, &secret_name(*name), &sealed)?;
        }
        Move::RemoveSecret { owner, name } => {
            secret::remove(change, nth(&known.organisations, *owner, "organisation")?, &secret_name(*name))?;
        }
        Move::Credential(owner) => {
            let (id, organisation) = (AccessKeyId::generate(), nth(&known.organisations, *owner, "organisation")?);
            let sealed = Sealed { key_version: 1, nonce: [*owner; 24], text: vec![*owner] };
            let new = NewAwsCredential { id, organisation, name: "ci".to_owned(), sealed };
            aws_credential::create(change, &new)?;
            known.credentials.push(id);
        }
        Move::DeleteCredential(which) => {
            aws_credential::delete(change, nth(&known.credentials, *which, "credential")?)?;
        }
        _ => {}
    }
    Ok(())
}

fn secret_name(n: u8) -> SecretName {
    format!("secret-{n}").parse().unwrap()
}

fn publish(store: &Store<NoGroup>, root: &Snapshot) -> Snapshot {
    let read = |conn: &Connection| {
        let pending = outbox::pending(conn)?;
        let touched = load::Touched::by(pending.facts.iter().map(|(_, fact)| fact));
        Ok((pending.last, load::touched(conn, &Limits::CEILING, &touched, root)?))
    };
    let (last, changed) = store.read_blocking(read).unwrap();
    store.write_blocking(move |conn| outbox::delete_up_to(conn, last)).unwrap();
    root.with(changed)
}

fn anew(store: &Store<NoGroup>) -> Snapshot {
    let all = store.read_blocking(|conn| load::everything(conn, &Limits::CEILING)).unwrap();
    Snapshot::default().with(all)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_root_after_deltas_is_the_root_that_is_built_anew(later in prop::collection::vec(moves(), 1..80)) {
        let steps = [beginning(), later].concat();
        let folder = tempfile::tempdir().unwrap();
        let options = Options { synchronous: Synchronous::Normal, migrations: MIGRATIONS, readers: 1 };
        let store = Store::open(&folder.path().join("catalog.db"), &options, NoGroup).unwrap();
        let (mut known, mut root) = (Known::default(), Snapshot::default());
        for (second, step) in (0_i64..).zip(&steps) {
            if matches!(step, Move::Publish) {
                root = publish(&store, &root);
                prop_assert!(root == anew(&store), "after {step:?}");
                continue;
            }
            let now = Timestamp::from_micros(1_763_800_000_000_000 + second);
            let (mut next, step) = (known.clone(), step.clone());
            let made = store.write_blocking(move |conn| {
                make(&Change { conn, actor: Actor::Host, now, repeat: None }, &mut next, &step)?;
                Ok::<_, CatalogError>(next)
            });
            match made {
                Ok(next) => known = next,
                Err(WriteError::Refused(CatalogError::Store { source, .. })) => {
                    prop_assert!(false, "a refusal that no check foresaw: {source}");
                }
                Err(WriteError::Refused(_)) => {}
                Err(error) => prop_assert!(false, "{error:?}"),
            }
        }
        root = publish(&store, &root);
        prop_assert!(root == anew(&store), "at the end");
    }
}
