//! Reading the things of the snapshot: all of them at start, or those that a change touched.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rusqlite::{Connection, Params, Row};
use types::{
    AccessKeyId, ApiId, AppId, Fact, KeyId, KeyKind, OrganisationId, PlanId, ReleaseId, RoleId, SecretId,
    SubscriptionId, TokenId,
};

use super::{aws_credential, column, machine_role, plan, release, revision, secret, suspension};
use crate::snapshot::Changed;
use crate::{
    Api, App, Key, Limits, Live, Organisation, Plan, Release, Role, Scope, Snapshot, Subject, Subscription, Token,
};

const ORGANISATION: &str = "SELECT id, name, account FROM organisation";
const API: &str = "SELECT id, organisation, slug, title, suspended, suspended_by FROM api";
const API_OF_RELEASE: &str = "SELECT api FROM release WHERE id = ?1";
const APP: &str = "SELECT id, organisation, name FROM app";
pub(super) const KEY: &str = "SELECT id, app, kind, sha256, prefix, expires_us, disabled, created_us,
    suspended, suspended_by FROM api_key";
const SUBSCRIPTION: &str = "SELECT id, app, api, plan, anchor_us, suspended, suspended_by,
    spend_cap_micros, cancel_at_us FROM subscription";
pub(super) const TOKEN: &str =
    "SELECT id, role, organisation, sha256, prefix, disabled, scopes_json, expires_us, created_us
    FROM token";

/// What a group of changes touched, read from the subjects of its acts.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    organisations: BTreeSet<OrganisationId>,
    apis: BTreeSet<ApiId>,
    releases: BTreeSet<ReleaseId>,
    plans: BTreeSet<PlanId>,
    apps: BTreeSet<AppId>,
    keys: BTreeSet<KeyId>,
    secrets: BTreeSet<SecretId>,
    machine_roles: BTreeSet<RoleId>,
    subscriptions: BTreeSet<SubscriptionId>,
    tokens: BTreeSet<TokenId>,
    aws_credentials: BTreeSet<AccessKeyId>,
    /// Everything, by id.
    subjects: BTreeSet<String>,
}

impl Touched {
    /// Every change writes an act whose subject is the thing that changed. Releases and components are not in the
    /// snapshot by themselves: a release that changed is read with its API, and setting one live is an act on the API.
    pub(crate) fn by<'a>(facts: impl Iterator<Item = &'a Fact>) -> Self {
        let mut touched = Self::default();
        for fact in facts {
            if let Fact::Act(act) = fact {
                touched.note(&act.subject);
                if act.before.is_some() {
                    touched.subjects.insert(act.subject.clone());
                }
            }
        }
        touched
    }

    fn note(&mut self, subject: &str) {
        match subject.split_once('_').map(|(prefix, _)| prefix) {
            Some(OrganisationId::PREFIX) => self.organisations.extend(subject.parse::<OrganisationId>()),
            Some(ApiId::PREFIX) => self.apis.extend(subject.parse::<ApiId>()),
            Some(ReleaseId::PREFIX) => self.releases.extend(subject.parse::<ReleaseId>()),
            Some(PlanId::PREFIX) => self.plans.extend(subject.parse::<PlanId>()),
            Some(AppId::PREFIX) => self.apps.extend(subject.parse::<AppId>()),
            Some(KeyId::PREFIX) => self.keys.extend(subject.parse::<KeyId>()),
            Some(SecretId::PREFIX) => self.secrets.extend(subject.parse::<SecretId>()),
            Some(RoleId::PREFIX) => self.machine_roles.extend(subject.parse::<RoleId>()),
            Some(SubscriptionId::PREFIX) => self.subscriptions.extend(subject.parse::<SubscriptionId>()),
            Some(TokenId::PREFIX) => self.tokens.extend(subject.parse::<TokenId>()),
            // The ids of credentials have AWS's form, without an underscore.
            _ => self.aws_credentials.extend(subject.parse::<AccessKeyId>()),
        }
    }
}

/// Reads everything.
pub(crate) fn everything(conn: &Connection, ceiling: &Limits) -> rusqlite::Result<Changed> {
    let plans = plan::load_all(conn)?;
    let by_id: HashMap<PlanId, Arc<Plan>> = plans.iter().map(|plan| (plan.id, Arc::clone(plan))).collect();
    Ok(Changed {
        organisations: all(conn, ORGANISATION, organisation)?,
        apis: all_apis(conn, ceiling)?,
        apps: all(conn, APP, app)?,
        keys: all(conn, KEY, key)?,
        subscriptions: all(conn, SUBSCRIPTION, |row| subscription(row, |plan| by_id.get(&plan).map(Arc::clone)))?,
        tokens: all(conn, TOKEN, token)?,
        secrets: all(conn, secret::SELECT, secret::read)?,
        machine_roles: all(conn, machine_role::SELECT, machine_role::read)?,
        aws_credentials: aws_credential::all(conn)?,
        suspended_plans: suspension::plans(conn)?,
        suspended_apps: suspension::apps(conn)?,
        revisions: revision::all(conn)?,
        plans,
    })
}

/// Reads what was touched. Releases and plans never change, so those that `current` has are taken from there.
pub(crate) fn touched(
    conn: &Connection,
    ceiling: &Limits,
    touched: &Touched,
    current: &Snapshot,
) -> rusqlite::Result<Changed> {
    let mut changed = Changed::default();
    for id in &touched.organisations {
        changed.organisations.push(one(conn, ORGANISATION, id, organisation)?);
    }
    for subject in &touched.subjects {
        let number = revision::of(conn, subject)?;
        changed.revisions.extend((number > 0).then(|| (subject.clone(), number)));
    }
    for id in &touched.plans {
        let plan = plan::load(conn, *id)?;
        // A new version of a plan is a change of its API.
        let api = plan.api.to_string();
        let number = revision::of(conn, &api)?;
        changed.revisions.extend((number > 0).then_some((api, number)));
        changed.plans.push(plan);
        changed.suspended_plans.push((*id, suspension::of(conn, Subject::Plan(*id))?));
    }
    let mut apis = touched.apis.clone();
    for id in &touched.releases {
        apis.insert(conn.prepare_cached(API_OF_RELEASE)?.query_row([id.to_string()], |row| column::parsed(row, 0))?);
    }
    for id in apis {
        let live = current.api_by_id(id).and_then(|api| api.live.as_deref());
        let as_before = |release: &&(Arc<Release>, u32)| !touched.releases.contains(&release.0.id);
        let known: Vec<_> = live.iter().flat_map(|live| &live.releases).filter(as_before).collect();
        changed.apis.push(Arc::new(one_api(conn, ceiling, id, &known)?));
    }
    for id in &touched.apps {
        changed.apps.push(one(conn, APP, id, app)?);
        changed.suspended_apps.push((*id, suspension::of(conn, Subject::App(*id))?));
    }
    for id in &touched.keys {
        changed.keys.push(one(conn, KEY, id, key)?);
    }
    let fresh: HashMap<PlanId, Arc<Plan>> = changed.plans.iter().map(|plan| (plan.id, Arc::clone(plan))).collect();
    let known = |plan: PlanId| fresh.get(&plan).or_else(|| current.plan(plan)).map(Arc::clone);
    for id in &touched.subscriptions {
        changed.subscriptions.push(one(conn, SUBSCRIPTION, id, |row| subscription(row, known))?);
    }
    for id in &touched.secrets {
        changed.secrets.push(one(conn, secret::SELECT, id, secret::read)?);
    }
    for id in &touched.machine_roles {
        changed.machine_roles.push(one(conn, machine_role::SELECT, id, machine_role::read)?);
    }
    for id in &touched.tokens {
        changed.tokens.push(one(conn, TOKEN, id, token)?);
    }
    for id in &touched.aws_credentials {
        changed.aws_credentials.push((*id, aws_credential::of(conn, *id)?));
    }
    Ok(changed)
}

fn all<T>(
    conn: &Connection,
    select: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<Arc<T>>> {
    rows(conn, select, [], read)
}

fn one<T>(
    conn: &Connection,
    select: &str,
    id: &impl ToString,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Arc<T>> {
    conn.prepare_cached(&format!("{select} WHERE id = ?1"))?.query_row([id.to_string()], read).map(Arc::new)
}

fn rows<T>(
    conn: &Connection,
    select: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<Arc<T>>> {
    let mut query = conn.prepare_cached(select)?;
    query.query_map(params, |row| read(row).map(Arc::new))?.collect()
}

fn all_apis(conn: &Connection, ceiling: &Limits) -> rusqlite::Result<Vec<Arc<Api>>> {
    let mut query = conn.prepare_cached(API)?;
    let apis: Vec<Api> = query.query_map([], api)?.collect::<rusqlite::Result<_>>()?;
    apis.into_iter().map(|api| complete(conn, ceiling, api, &[]).map(Arc::new)).collect()
}

fn one_api(conn: &Connection, ceiling: &Limits, id: ApiId, known: Known<'_>) -> rusqlite::Result<Api> {
    let api = conn.prepare_cached(&format!("{API} WHERE id = ?1"))?.query_row([id.to_string()], api)?;
    complete(conn, ceiling, api, known)
}

/// Releases that need not be read again, with their weights as they were.
type Known<'a> = &'a [&'a (Arc<Release>, u32)];

fn complete(conn: &Connection, ceiling: &Limits, mut api: Api, known: Known<'_>) -> rusqlite::Result<Api> {
    api.hosts = conn
        .prepare_cached("SELECT host FROM api_host WHERE api = ?1 ORDER BY host")?
        .query_map([api.id.to_string()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let live: Vec<(types::ReleaseId, u32)> = conn
        .prepare_cached("SELECT release, weight FROM live WHERE api = ?1 ORDER BY release")?
        .query_map([api.id.to_string()], |row| Ok((column::parsed(row, 0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut releases = Vec::with_capacity(live.len());
    for (id, weight) in live {
        let kept = known.iter().find(|(release, _)| release.id == id);
        let release: Arc<Release> = match kept {
            Some((release, _)) => Arc::clone(release),
            None => Arc::new(release::load(conn, id, ceiling)?),
        };
        releases.push((release, weight));
    }
    api.live = (!releases.is_empty()).then(|| Arc::new(Live { releases }));
    Ok(api)
}

fn organisation(row: &Row<'_>) -> rusqlite::Result<Organisation> {
    Ok(Organisation { id: column::parsed(row, 0)?, name: row.get(1)?, account: row.get(2)? })
}

fn api(row: &Row<'_>) -> rusqlite::Result<Api> {
    Ok(Api {
        id: column::parsed(row, 0)?,
        organisation: column::parsed(row, 1)?,
        slug: row.get(2)?,
        title: row.get(3)?,
        hosts: Vec::new(),
        live: None,
        suspended: column::suspension(row, 4)?,
    })
}

fn app(row: &Row<'_>) -> rusqlite::Result<App> {
    Ok(App { id: column::parsed(row, 0)?, organisation: column::parsed(row, 1)?, name: row.get(2)? })
}

pub(super) fn key(row: &Row<'_>) -> rusqlite::Result<Key> {
    let kind = if row.get_ref(2)?.as_str() == Ok("test") { KeyKind::Test } else { KeyKind::Live };
    Ok(Key {
        id: column::parsed(row, 0)?,
        app: column::parsed(row, 1)?,
        kind,
        digest: column::digest(row, 3)?,
        prefix: row.get(4)?,
        expires_at: row.get::<_, Option<i64>>(5)?.map(types::Timestamp::from_micros),
        disabled: row.get(6)?,
        created_at: column::moment(row, 7)?,
        suspended: column::suspension(row, 8)?,
    })
}

fn subscription(row: &Row<'_>, plan: impl Fn(PlanId) -> Option<Arc<Plan>>) -> rusqlite::Result<Subscription> {
    let id: PlanId = column::parsed(row, 3)?;
    Ok(Subscription {
        id: column::parsed(row, 0)?,
        app: column::parsed(row, 1)?,
        api: column::parsed(row, 2)?,
        plan: id,
        // The foreign key holds the plan; every plan of the file was read before, or is read in the same transaction.
        plan_version: plan(id).ok_or(rusqlite::Error::QueryReturnedNoRows)?,
        anchor: column::moment(row, 4)?,
        suspended: column::suspension(row, 5)?,
        spend_cap: row.get::<_, Option<i64>>(7)?.map(i64::unsigned_abs),
        cancel_at: row.get::<_, Option<i64>>(8)?.map(types::Timestamp::from_micros),
    })
}

pub(super) fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    let organisation: Option<String> = row.get(2)?;
    let role = match organisation {
        None => Role::Operator,
        Some(_) => Role::Provider(column::parsed(row, 2)?),
    };
    Ok(Token {
        id: column::parsed(row, 0)?,
        role,
        digest: column::digest(row, 3)?,
        prefix: row.get(4)?,
        disabled: row.get(5)?,
        scopes: column::json::<Vec<Scope>>(row, 6)?.into_iter().collect(),
        expires_at: row.get::<_, Option<i64>>(7)?.map(types::Timestamp::from_micros),
        created_at: column::moment(row, 8)?,
    })
}
