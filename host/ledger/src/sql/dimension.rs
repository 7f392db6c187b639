//! Dimensions: public ids behind small integers, cached by the writer.

use std::collections::HashMap;
use std::hash::Hash;

use rusqlite::types::ToSql;
use rusqlite::{CachedStatement, Connection, Params};
use types::{AppId, Digest, ObjectName, PlanId, ReleaseId, RouteId, SubscriptionId};

use crate::settle::Settlement;

/// Past this many remembered ids of one kind, they are forgotten and looked up again: about 10 MB each.
const REMEMBERED: usize = 200_000;

/// The rows that one call refers to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallIds {
    pub(crate) subscription: i64,
    pub(crate) app: i64,
    pub(crate) api_key: i64,
    pub(crate) api: i64,
    pub(crate) route: i64,
    pub(crate) release: i64,
    pub(crate) plan: i64,
    pub(crate) component: i64,
}

/// What the writer knows of one kind. What was learnt since the last commit may not be there after an undo.
#[derive(Debug)]
struct Known<K> {
    ids: HashMap<K, i64>,
    fresh: Vec<K>,
}

impl<K: Copy + Eq + Hash> Known<K> {
    fn new() -> Self {
        Self { ids: HashMap::new(), fresh: Vec::new() }
    }

    fn get(&mut self, key: K, find: impl FnOnce() -> rusqlite::Result<i64>) -> rusqlite::Result<i64> {
        if let Some(id) = self.ids.get(&key) {
            return Ok(*id);
        }
        let id = find()?;
        if self.ids.len() >= REMEMBERED {
            self.ids.clear();
        }
        self.ids.insert(key, id);
        self.fresh.push(key);
        Ok(id)
    }

    fn undone(&mut self) {
        for key in self.fresh.drain(..) {
            self.ids.remove(&key);
        }
    }
}

#[derive(Debug)]
pub(crate) struct Dimensions {
    /// By every kind of public id: no two kinds share one, for each is drawn at random.
    public: Known<(u8, u128)>,
    components: Known<Digest>,
    objects: HashMap<ObjectName, i64>,
}

/// The object `requests`: its row is made with the schema.
pub(crate) const REQUESTS: i64 = 1;

const API: u8 = 0;
const APP: u8 = 1;
const KEY: u8 = 2;
const PLAN: u8 = 3;
const RELEASE: u8 = 4;
const ROUTE: u8 = 5;
const SUBSCRIPTION: u8 = 6;

impl Dimensions {
    pub(crate) fn new() -> Self {
        Self { public: Known::new(), components: Known::new(), objects: HashMap::new() }
    }

    /// The rows that a call refers to; those that no relay has brought yet are made, without names.
    pub(crate) fn of_call(&mut self, tx: &Connection, call: &Settlement) -> rusqlite::Result<CallIds> {
        let (who, ended) = (&call.subscriber, &call.ended);
        let known = &mut self.public;
        let api = known.get((API, who.api.as_u128()), || api(tx, &who.api.to_string()))?;
        let app = known.get((APP, who.app.as_u128()), || app(tx, who.app))?;
        let plan = known.get((PLAN, who.plan.as_u128()), || plan(tx, who.plan, api))?;
        let subscription = known.get((SUBSCRIPTION, who.subscription.as_u128()), || {
            let stub = SubscriptionStub { app, api, plan, anchor_us: who.anchor.as_micros() };
            self::subscription(tx, who.subscription, &stub)
        })?;
        let api_key = known.get((KEY, who.key.as_u128()), || key(tx, &who.key.to_string(), app))?;
        let component = self.components.get(ended.component, || component(tx, &ended.component))?;
        let release = known.get((RELEASE, ended.release.as_u128()), || release(tx, ended.release, api, component))?;
        let route = known.get((ROUTE, ended.route.as_u128()), || route(tx, ended.route, api))?;
        Ok(CallIds { subscription, app, api_key, api, route, release, plan, component })
    }

    /// The row of an object. Objects are few and made once: a stale number cannot come from here, for the row is made
    /// in a transaction of its own kind or found.
    pub(crate) fn object(&mut self, tx: &Connection, name: &ObjectName) -> rusqlite::Result<i64> {
        if let Some(id) = self.objects.get(name) {
            return Ok(*id);
        }
        let id = object(tx, name)?;
        self.objects.insert(name.clone(), id);
        Ok(id)
    }

    pub(crate) fn committed(&mut self) {
        self.public.fresh.clear();
        self.components.fresh.clear();
    }

    pub(crate) fn undone(&mut self) {
        self.public.undone();
        self.components.undone();
        self.objects.clear();
    }
}

/// What a subscription's row needs besides its id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SubscriptionStub {
    pub(crate) app: i64,
    pub(crate) api: i64,
    pub(crate) plan: i64,
    pub(crate) anchor_us: i64,
}

/// Finds the row by `key`, or makes it.
fn find(
    tx: &Connection,
    (select, insert): (&str, &str),
    key: &dyn ToSql,
    params: impl Params,
) -> rusqlite::Result<i64> {
    let look = |mut statement: CachedStatement<'_>| statement.query_row([key], |row| row.get(0));
    match look(tx.prepare_cached(select)?) {
        Err(rusqlite::Error::QueryReturnedNoRows) => {}
        found => return found,
    }
    tx.prepare_cached(insert)?.execute(params)?;
    Ok(tx.last_insert_rowid())
}

pub(crate) fn api(tx: &Connection, id: &str) -> rusqlite::Result<i64> {
    let sql = ("SELECT id FROM api WHERE public_id = ?1", "INSERT INTO api(public_id) VALUES (?1)");
    find(tx, sql, &id, [id])
}

pub(crate) fn organisation(tx: &Connection, id: &str) -> rusqlite::Result<i64> {
    let sql = ("SELECT id FROM organisation WHERE public_id = ?1", "INSERT INTO organisation(public_id) VALUES (?1)");
    find(tx, sql, &id, [id])
}

pub(crate) fn app(tx: &Connection, id: AppId) -> rusqlite::Result<i64> {
    let id = id.to_string();
    let sql = ("SELECT id FROM app WHERE public_id = ?1", "INSERT INTO app(public_id) VALUES (?1)");
    find(tx, sql, &id, [&id])
}

pub(crate) fn plan(tx: &Connection, id: PlanId, api: i64) -> rusqlite::Result<i64> {
    let id = id.to_string();
    let sql = ("SELECT id FROM plan WHERE public_id = ?1", "INSERT INTO plan(public_id, api) VALUES (?1, ?2)");
    find(tx, sql, &id, (&id, api))
}

pub(crate) fn subscription(tx: &Connection, id: SubscriptionId, stub: &SubscriptionStub) -> rusqlite::Result<i64> {
    let id = id.to_string();
    let sql = (
        "SELECT id FROM subscription WHERE public_id = ?1",
        "INSERT INTO subscription(public_id, app, api, plan, anchor_us) VALUES (?1, ?2, ?3, ?4, ?5)",
    );
    find(tx, sql, &id, (&id, stub.app, stub.api, stub.plan, stub.anchor_us))
}

pub(crate) fn key(tx: &Connection, id: &str, app: i64) -> rusqlite::Result<i64> {
    let sql = ("SELECT id FROM api_key WHERE public_id = ?1", "INSERT INTO api_key(public_id, app) VALUES (?1, ?2)");
    find(tx, sql, &id, (id, app))
}

pub(crate) fn component(tx: &Connection, digest: &Digest) -> rusqlite::Result<i64> {
    let digest = digest.to_string();
    let sql = ("SELECT id FROM component WHERE sha256 = ?1", "INSERT INTO component(sha256) VALUES (?1)");
    find(tx, sql, &digest, [&digest])
}

pub(crate) fn release(tx: &Connection, id: ReleaseId, api: i64, component: i64) -> rusqlite::Result<i64> {
    let id = id.to_string();
    let sql = (
        "SELECT id FROM release WHERE public_id = ?1",
        "INSERT INTO release(public_id, api, component) VALUES (?1, ?2, ?3)",
    );
    find(tx, sql, &id, (&id, api, component))
}

pub(crate) fn route(tx: &Connection, id: RouteId, api: i64) -> rusqlite::Result<i64> {
    let id = id.to_string();
    let sql = ("SELECT id FROM route WHERE public_id = ?1", "INSERT INTO route(public_id, api) VALUES (?1, ?2)");
    find(tx, sql, &id, (&id, api))
}

pub(crate) fn object(tx: &Connection, name: &ObjectName) -> rusqlite::Result<i64> {
    let name = name.as_str();
    let sql = ("SELECT id FROM object WHERE name = ?1", "INSERT INTO object(name) VALUES (?1)");
    find(tx, sql, &name, [name])
}
