//! Commands through the real file, with a ledger that can fail, hang and repeat.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32};

use types::{
    ApiId, AppId, ByteCount, Capability, Digest, Fact, LimitKind, ObjectName, OrganisationId, OutboxId, Per, PlanId,
    Quota, ReleaseId, RouteId, SubscriptionId, Terms, Timestamp, Units,
};

use super::*;
use crate::{
    Authority, Component, NewApi, NewKey, NewPlan, NewRelease, NewRoute, NewRuns, NewToken, RelayFailed, Role, Runs,
    Subject, Suspension, World,
};

mod aws_credentials;
mod commands;
mod machine_roles;
mod secrets;
mod versions;

const HOST: Actor = Actor::Host;

/// A ledger that remembers what it was told, by outbox id.
#[derive(Default)]
struct Book {
    told: Mutex<Vec<(OutboxId, Fact)>>,
    /// So many relays fail before anything is written.
    refuse: AtomicU32,
    /// So many relays write and then fail: the answer is lost.
    lose_answer: AtomicU32,
    /// Relays never answer.
    hang: AtomicBool,
    /// What snapshots showed while facts were on their way.
    watched: Mutex<Option<Catalog>>,
    seen_too_early: AtomicBool,
}

impl Book {
    fn distinct(&self) -> HashMap<OutboxId, Fact> {
        self.told.lock().unwrap().iter().cloned().collect()
    }

    fn acts(&self) -> Vec<String> {
        let mut ids = std::collections::HashSet::new();
        let told = self.told.lock().unwrap();
        let first = told.iter().filter(|(id, _)| ids.insert(*id));
        first.filter_map(|(_, fact)| if let Fact::Act(act) = fact { Some(act.action.clone()) } else { None }).collect()
    }

    fn watch(&self, facts: &[(OutboxId, Fact)]) {
        let watched = self.watched.lock().unwrap();
        let Some(catalog) = watched.as_ref() else { return };
        for (_, fact) in facts {
            if let Fact::Plan { id, .. } = fact
                && catalog.snapshot().plan(*id).is_some()
            {
                self.seen_too_early.store(true, Ordering::Relaxed);
            }
        }
    }
}

fn take(counter: &AtomicU32) -> bool {
    counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

impl Relay for Book {
    fn relay(
        &self,
        facts: Vec<(OutboxId, Fact)>,
    ) -> Pin<Box<dyn Future<Output = Result<(), RelayFailed>> + Send + '_>> {
        Box::pin(async move {
            if self.hang.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            if take(&self.refuse) {
                return Err(RelayFailed("refused".into()));
            }
            self.watch(&facts);
            self.told.lock().unwrap().extend(facts);
            if take(&self.lose_answer) { Err(RelayFailed("answer lost".into())) } else { Ok(()) }
        })
    }
}

struct Place {
    folder: tempfile::TempDir,
    clock: Clock,
    book: Arc<Book>,
}

impl Place {
    fn new() -> Self {
        let (clock, _) = types::ManualClock::at(Timestamp::parse("2026-11-22T10:00:00Z").unwrap());
        Self { folder: tempfile::tempdir().unwrap(), clock, book: Arc::default() }
    }

    async fn open(&self) -> Catalog {
        self.open_under(Limits::CEILING).await
    }

    async fn open_under(&self, ceiling: Limits) -> Catalog {
        let path = self.folder.path().join("catalog.db");
        let relay: Arc<dyn Relay> = Arc::clone(&self.book) as Arc<dyn Relay>;
        Catalog::open(&path, Settings { ceiling }, self.clock.clone(), relay).await.unwrap()
    }

    /// Writes a file as the first version left it, with an app that is subscribed to an API whose one release is live.
    #[expect(clippy::disallowed_methods, reason = "the file of a former version has a schema of its own")]
    fn write_version_1(&self) -> (OrganisationId, SubscriptionId) {
        let n = 7 << 80;
        let (organisation, subscription) = (OrganisationId::from_u128(n), SubscriptionId::from_u128(n));
        let (api, plan, app) = (ApiId::from_u128(n), PlanId::from_u128(n), AppId::from_u128(n));
        let (release, route) = (ReleaseId::from_u128(n), RouteId::from_u128(n));
        let component = "ab".repeat(32);
        let rows = format!(
            "INSERT INTO organisation VALUES ('{organisation}', 'acme', 1);
             INSERT INTO api VALUES ('{api}', '{organisation}', 'vat', 'VAT', NULL, 1);
             INSERT INTO plan VALUES ('{plan}', '{api}', 'BASIC', 1, NULL, NULL, NULL, NULL, NULL, 0, 1, 1);
             INSERT INTO app VALUES ('{app}', '{organisation}', 'shop', 1);
             INSERT INTO subscription VALUES ('{subscription}', '{app}', '{api}', '{plan}', 1, NULL, 1);
             INSERT INTO component VALUES (x'{component}', 1024, 'http', '[]', NULL, 1);
             INSERT INTO route VALUES ('{route}', '{api}', 'POST', '/v1/{{what}}', 1);
             INSERT INTO release VALUES
                 ('{release}', '{api}', 1, x'{component}', 1000, 1000000, 1048576, 1024, 1024, 4, '{{}}', '{{}}', 1);
             INSERT INTO release_object VALUES ('{release}', 0, 'pages', 'page', 9);
             INSERT INTO release_route VALUES ('{release}', 0, '{route}');
             INSERT INTO route_need VALUES ('{release}', '{route}', 'pages', 2);
             INSERT INTO live VALUES ('{api}', '{release}', 1);
             PRAGMA user_version = 1;"
        );
        let file = rusqlite::Connection::open(self.folder.path().join("catalog.db")).unwrap();
        file.execute_batch(include_str!("../tables/schema.sql")).unwrap();
        file.execute_batch(&rows).unwrap();
        (organisation, subscription)
    }
}

fn component(seed: &str) -> Component {
    Component {
        digest: Digest::of(seed.as_bytes()),
        size: ByteCount::kib(60),
        world: World::Http,
        imports: vec!["weir:plugin/meter@0.1.0".to_owned()],
        withdrawn: None,
    }
}

fn release(api: ApiId, seed: &str, templates: &[&str]) -> NewRelease {
    let route =
        |template: &&str| NewRoute { method: "GET".to_owned(), template: (*template).to_owned(), needs: Vec::new() };
    NewRelease {
        api,
        runs: NewRuns::Component(component(seed).digest),
        limits: Limits::default(),
        routes: templates.iter().map(route).collect(),
        objects: Vec::new(),
        grants: std::collections::BTreeSet::new(),
        egress: types::Egress::default(),
        traced: types::Traced::default(),
        config: BTreeMap::from([("mode".to_owned(), "fast".to_owned())]),
        errors: BTreeMap::from([("no-such-country".to_owned(), 404)]),
    }
}

fn plan(api: ApiId, name: &str, amount: u64) -> NewPlan {
    let quota = Quota {
        object: ObjectName::requests(),
        amount: Units::saturating(amount),
        per: Per::Month,
        limit: LimitKind::Hard,
        overage: None,
    };
    let terms = Terms { quotas: vec![quota], rate: None, only_2xx_billed: false };
    NewPlan { api, name: name.to_owned(), price: None, terms, routes: None }
}

struct Vat {
    organisation: OrganisationId,
    api: ApiId,
    plan: PlanId,
    app: AppId,
}

/// A provider's API, live, with a plan and a subscribed app.
async fn vat(catalog: &Catalog) -> Vat {
    let organisation = catalog.create_organisation(HOST, "acme").await.unwrap();
    let new = NewApi { organisation, slug: "vat".to_owned(), title: "VAT".to_owned(), hosts: vec![] };
    let api = catalog.create_api(HOST, new).await.unwrap();
    catalog.register_component(HOST, component("one")).await.unwrap();
    let number = catalog.create_release(HOST, release(api, "one", &["/v1/rates/{country}"])).await.unwrap();
    catalog.set_live(HOST, api, number).await.unwrap();
    let plan = catalog.create_plan(HOST, plan(api, "BASIC", 1_000)).await.unwrap();
    let app = catalog.create_app(HOST, organisation, "shop").await.unwrap();
    catalog.subscribe(HOST, app, api, plan).await.unwrap();
    Vat { organisation, api, plan, app }
}

fn live_key(app: AppId) -> NewKey {
    NewKey { app, kind: KeyKind::Live, expires_at: None }
}

#[tokio::test]
async fn a_call_finds_its_way_from_the_secret_to_the_terms() {
    let place = Place::new();
    let catalog = place.open().await;
    let vat = vat(&catalog).await;
    let (key, secret) = catalog.create_key(HOST, live_key(vat.app)).await.unwrap();

    let snapshot = catalog.snapshot();
    let found = snapshot.key(&secret.digest()).unwrap();
    assert_eq!(**found, key);
    assert!(found.is_live(place.clock.now()));
    let api = snapshot.api("vat").unwrap();
    let subscription = snapshot.subscription(found.app, api.id).unwrap();
    assert_eq!(subscription.plan, vat.plan);
    assert_eq!(subscription.plan_version.terms.quotas[0].amount.get(), 1_000);
    let (release, weight) = &api.live.as_ref().unwrap().releases[0];
    let runs = Runs::Component { digest: component("one").digest, world: World::Http };
    assert_eq!((release.number, *weight, &release.runs), (1, 1, &runs));
    assert!(subscription.plan_version.includes(release.routes[0].id));
    assert_eq!(snapshot.subscription_by_id(subscription.id).unwrap().anchor, place.clock.now());
}

#[tokio::test]
async fn a_release_may_run_a_workflow_and_says_the_same_after_a_restart() {
    let place = Place::new();
    let catalog = place.open().await;
    let vat = vat(&catalog).await;
    let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"#;
    let workflow = |definition: &str| NewRelease {
        runs: NewRuns::Workflow { definition: definition.into(), starts: None },
        config: BTreeMap::new(),
        ..release(vat.api, "unused", &["/v1/orders"])
    };
    let number = catalog.create_release(HOST, workflow(definition)).await.unwrap();
    assert_eq!(catalog.create_release(HOST, workflow(definition)).await.unwrap(), number, "the same again is one");
    let settings = NewRelease { config: BTreeMap::from([("a".to_owned(), "b".to_owned())]), ..workflow(definition) };
    assert!(matches!(catalog.create_release(HOST, settings).await, Err(CatalogError::Unfit { .. })));
    let traced = NewRelease { traced: types::Traced::All, ..workflow(definition) };
    let number = {
        let all = catalog.create_release(HOST, traced.clone()).await.unwrap();
        assert_eq!((all, catalog.create_release(HOST, traced).await.unwrap()), (number + 1, all));
        let component = NewRelease { traced: types::Traced::All, ..release(vat.api, "one", &["/v1/orders"]) };
        let refused = catalog.create_release(HOST, component).await.unwrap_err().to_string();
        assert!(refused.contains("a component has no states"), "{refused}");
        all
    };
    let large = workflow(&" ".repeat((1 << 20) + 1));
    assert!(matches!(catalog.create_release(HOST, large).await, Err(CatalogError::Unfit { .. })));
    catalog.set_live(HOST, vat.api, number).await.unwrap();
    let live = |catalog: &Catalog| {
        let snapshot = catalog.snapshot();
        Arc::clone(&snapshot.api("vat").unwrap().live.as_ref().unwrap().releases[0].0)
    };
    assert_eq!((&live(&catalog).runs, live(&catalog).traced), (&Runs::workflow(definition, None), types::Traced::All));
    drop(catalog);
    let again = live(&place.open().await);
    assert_eq!((&again.runs, again.traced), (&Runs::workflow(definition, None), types::Traced::All));
}

#[tokio::test]
async fn the_ledger_knows_the_terms_before_any_call_can_see_them() {
    let place = Place::new();
    let catalog = place.open().await;
    *place.book.watched.lock().unwrap() = Some(catalog.clone());
    let vat = vat(&catalog).await;
    *place.book.watched.lock().unwrap() = None;

    assert!(!place.book.seen_too_early.load(Ordering::Relaxed));
    let told = place.book.told.lock().unwrap();
    assert!(told.iter().any(|(_, fact)| matches!(fact, Fact::Plan { id, .. } if *id == vat.plan)));
}

#[tokio::test]
async fn every_change_is_one_act_in_the_order_of_the_commits() {
    let place = Place::new();
    let catalog = place.open().await;
    vat(&catalog).await;
    vat(&catalog).await;
    let acts = [
        "organisation.create",
        "api.create",
        "component.register",
        "release.create",
        "api.live",
        "plan.create",
        "app.create",
        "subscription.create",
    ];
    assert_eq!(place.book.acts(), acts, "the second round says the same, and is no change");
}

#[tokio::test]
async fn a_relay_that_fails_is_tried_again_and_the_command_waits() {
    let place = Place::new();
    let catalog = place.open().await;
    place.book.refuse.store(2, Ordering::Relaxed);
    let id = catalog.create_organisation(HOST, "acme").await.unwrap();
    assert!(catalog.snapshot().organisation(id).is_some());
    assert_eq!(catalog.stats().failures, 2);
}

#[tokio::test]
async fn facts_that_come_twice_have_the_same_ids() {
    let place = Place::new();
    let catalog = place.open().await;
    place.book.lose_answer.store(1, Ordering::Relaxed);
    catalog.create_organisation(HOST, "acme").await.unwrap();
    let told = place.book.told.lock().unwrap().len();
    assert_eq!((told, place.book.distinct().len()), (4, 2), "one fact and one act, both twice");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_the_ledger_does_not_take_is_committed_and_appears_after_a_restart() {
    let place = Place::new();
    let catalog = place.open().await;
    place.book.hang.store(true, Ordering::Relaxed);
    let refused = catalog.create_organisation(HOST, "acme").await;
    assert!(matches!(refused, Err(CatalogError::NotYetVisible)), "{refused:?}");
    assert_eq!(catalog.snapshot().organisations().count(), 0);
    drop(catalog);

    place.book.hang.store(false, Ordering::Relaxed);
    let catalog = place.open().await;
    assert!(catalog.snapshot().organisation_named("acme").is_some());
    assert_eq!(place.book.distinct().len(), 2);
}

#[tokio::test]
async fn a_crash_between_relay_and_deletion_repeats_facts_and_makes_none() {
    let place = Place::new();
    let catalog = place.open().await;
    vat(&catalog).await;
    let before = place.book.distinct();
    // As a crash leaves it: relayed, and still in the outbox.
    let left = before.clone();
    let again = move |conn: &rusqlite::Connection| {
        for (id, fact) in &left {
            let body = serde_json::to_string(fact).unwrap();
            conn.execute(
                "INSERT INTO outbox (id, kind, body, created_us) VALUES (?1, 'again', ?2, 0)",
                rusqlite::params![id.to_string(), body],
            )?;
        }
        Ok::<_, rusqlite::Error>(())
    };
    catalog.inner.store.write(again).await.unwrap();
    let shown = Arc::clone(&catalog.snapshot());
    drop(catalog);

    let catalog = place.open().await;
    assert_eq!(place.book.distinct(), before);
    assert_eq!(**catalog.snapshot(), *shown);
    let empty = catalog.inner.store.read(outbox::is_empty).await.unwrap();
    assert!(empty);
}

#[tokio::test]
async fn opening_fails_while_the_ledger_does_not_take_what_was_left() {
    let place = Place::new();
    let catalog = place.open().await;
    catalog
        .inner
        .store
        .write(|conn| {
            outbox::insert(
                conn,
                &Fact::Organisation {
                    id: OrganisationId::generate(Timestamp::from_micros(1)),
                    name: "left".to_owned(),
                },
                Timestamp::from_micros(1),
            )
        })
        .await
        .unwrap();
    drop(catalog);
    place.book.refuse.store(1, Ordering::Relaxed);
    let path = place.folder.path().join("catalog.db");
    let relay: Arc<dyn Relay> = Arc::clone(&place.book) as Arc<dyn Relay>;
    let opened = Catalog::open(&path, Settings::default(), place.clock.clone(), relay).await;
    assert!(matches!(opened, Err(OpenError::Relay(_))));
    place.open().await;
    assert_eq!(place.book.distinct().len(), 1);
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_change_unseen() {
    let place = Place::new();
    let catalog = place.open().await;
    {
        let mut command = Box::pin(catalog.create_organisation(HOST, "acme"));
        // One poll hands the change over; then the caller is gone.
        assert!(poll_once(command.as_mut()).await.is_none());
    }
    catalog.close().await;
    assert!(catalog.snapshot().organisation_named("acme").is_some());
    assert!(matches!(catalog.create_organisation(HOST, "late").await, Err(CatalogError::Unavailable)));
}

async fn poll_once<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match Pin::new(&mut future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn commands_that_come_together_become_visible_together() {
    let place = Place::new();
    let catalog = place.open().await;
    let mut set = tokio::task::JoinSet::new();
    for n in 0..200 {
        let catalog = catalog.clone();
        set.spawn(async move { catalog.create_organisation(HOST, &format!("organisation {n}")).await.unwrap() });
    }
    assert_eq!(set.join_all().await.len(), 200);
    assert_eq!(catalog.snapshot().organisations().count(), 200);
    assert!(catalog.stats().swaps < 100, "{:?}", catalog.stats());
}

#[tokio::test]
async fn a_change_among_100_000_subscriptions_is_a_delta() {
    const MANY: usize = 100_000;
    let place = Place::new();
    let catalog = place.open().await;
    let vat = vat(&catalog).await;
    let owner = vat.organisation.to_string();
    let (api, plan) = (vat.api.to_string(), vat.plan.to_string());
    let fill = move |conn: &rusqlite::Connection| {
        let mut app = conn.prepare("INSERT INTO app (id, organisation, name, created_us) VALUES (?1, ?2, ?1, 0)")?;
        let mut subscription = conn.prepare(
            "INSERT INTO subscription (id, app, api, plan, anchor_us, created_us) VALUES (?1, ?2, ?3, ?4, 0, 0)",
        )?;
        for n in 1..MANY {
            let n = u128::try_from(n).unwrap();
            let id = AppId::from_u128(n).to_string();
            app.execute([&id, &owner])?;
            subscription.execute([&types::SubscriptionId::from_u128(n).to_string(), &id, &api, &plan])?;
        }
        Ok::<_, rusqlite::Error>(())
    };
    catalog.inner.store.write(fill).await.unwrap();
    catalog.close().await;

    let catalog = place.open().await;
    assert_eq!(catalog.snapshot().subscription_count(), MANY);
    let before = Arc::clone(&catalog.snapshot());
    let one = Arc::clone(before.subscription(AppId::from_u128(77), vat.api).unwrap());
    let clock = Clock::system();
    let start = clock.moment();
    let unpaid = Suspension { reason: "unpaid".to_owned(), by: Authority::Operator };
    catalog.suspend(HOST, Subject::Subscription(one.id), unpaid.clone()).await.unwrap();
    let seen = clock.moment().since(start);

    assert_eq!(catalog.snapshot().subscription_by_id(one.id).unwrap().suspended, Some(unpaid));
    assert_eq!((catalog.stats().rebuilds, catalog.stats().swaps), (1, 1));
    // All others are the same allocation in both snapshots.
    let shared = |app| {
        let app = AppId::from_u128(app);
        let snapshot = catalog.snapshot();
        Arc::ptr_eq(before.subscription(app, vat.api).unwrap(), snapshot.subscription(app, vat.api).unwrap())
    };
    assert!((1..1_000).filter(|app| *app != 77).all(shared));
    // A bound that only a rebuild, or a wait for something, would miss.
    assert!(seen < Duration::from_secs(1), "{seen:?}");
}
