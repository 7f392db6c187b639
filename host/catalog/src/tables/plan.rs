//! Plans: versions that never change.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, Row, params};
use serde_json::{Value, json};
use types::{ApiId, Fact, LimitKind, Money, PlanId, Quota, Rate, RouteId, Terms};

use super::change::{Change, Turn};
use super::{api, column, release, revision};
use crate::{CatalogError, Plan};

/// A plan as its provider describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlan {
    /// Whose it becomes.
    pub api: ApiId,
    /// Its name, such as `BASIC`: a letter or digit, then at most 39 letters, digits, spaces, `_` and `-`.
    pub name: String,
    /// What a billing period costs. `None`: nothing.
    pub price: Option<Money>,
    /// Quotas, rate and overage prices. One quota per object; prices in one currency.
    pub terms: Terms,
    /// The routes that it includes. `None`: all.
    pub routes: Option<Vec<RouteId>>,
}

const NAME_BYTES: usize = 40;
const QUOTAS: usize = 18;

const SELECT: &str = "SELECT id, api, name, version, price_micros, currency, rate_count, rate_window, rate_burst,
    only_2xx_billed, all_routes FROM plan";

/// Makes the next version of a plan, or finds the newest one if it says the same.
pub(crate) fn create(change: &Change<'_>, new: &NewPlan) -> Result<PlanId, CatalogError> {
    check(new)?;
    api::require(change, new.api)?;
    require_routes(change, new)?;
    require_declared(change, new)?;
    let newest = newest(change.conn, new)?;
    if let Some(newest) = newest.as_ref().filter(|newest| says_the_same(newest, new)) {
        return Ok(newest.id);
    }
    let id = PlanId::generate(change.now);
    let version = newest.as_ref().map_or(0, |newest| newest.version).saturating_add(1);
    insert(change, new, (id, version))?;
    insert_parts(change, new, id)?;
    change.tell(&Fact::Plan { id, api: new.api, name: new.name.clone(), terms: new.terms.clone() })?;
    let turn = Turn { before: newest.map(|newest| json!({ "plan": newest.id })), after: Some(document(new, version)) };
    // Whoever changes an API's plans must have seen them: they are part of it. The act's own subject is new.
    revision::advance(change.conn, &new.api.to_string())?;
    change.record_new("plan.create", &id, turn)?;
    Ok(id)
}

fn insert(change: &Change<'_>, new: &NewPlan, (id, version): (PlanId, u32)) -> Result<(), CatalogError> {
    let rate = new.terms.rate.as_ref();
    change.write(
        "INSERT INTO plan (id, api, name, version, price_micros, currency, rate_count, rate_window, rate_burst,
             only_2xx_billed, all_routes, created_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            id.to_string(),
            new.api.to_string(),
            new.name,
            version,
            new.price.map(|price| price.micros),
            new.price.as_ref().map(|price| price.currency.code()),
            rate.map(|rate| rate.count),
            rate.map(|rate| rate.window.as_str()),
            rate.map(|rate| rate.burst),
            new.terms.only_2xx_billed,
            new.routes.is_none(),
            change.now.as_micros()
        ],
    )
}

fn insert_parts(change: &Change<'_>, new: &NewPlan, id: PlanId) -> Result<(), CatalogError> {
    for (position, quota) in (0_i64..).zip(&new.terms.quotas) {
        change.write(
            "INSERT INTO plan_quota (plan, position, object, amount, period, limit_kind, overage_micros,
                 overage_currency)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                id.to_string(),
                position,
                quota.object.as_str(),
                quota.amount.to_sql(),
                quota.per.as_str(),
                quota.limit.as_str(),
                quota.overage.map(|price| price.micros),
                quota.overage.as_ref().map(|price| price.currency.code())
            ],
        )?;
    }
    for (position, route) in (0_i64..).zip(new.routes.iter().flatten()) {
        change.write(
            "INSERT INTO plan_route (plan, position, route) VALUES (?1, ?2, ?3)",
            params![id.to_string(), position, route.to_string()],
        )?;
    }
    Ok(())
}

pub(crate) fn load(conn: &Connection, id: PlanId) -> rusqlite::Result<Arc<Plan>> {
    let sql = format!("{SELECT} WHERE id = ?1");
    let plan = conn.prepare_cached(&sql)?.query_row([id.to_string()], plain)?;
    complete(conn, plan).map(Arc::new)
}

pub(crate) fn load_all(conn: &Connection) -> rusqlite::Result<Vec<Arc<Plan>>> {
    let plain: Vec<_> = conn.prepare_cached(SELECT)?.query_map([], plain)?.collect::<rusqlite::Result<_>>()?;
    plain.into_iter().map(|plan| complete(conn, plan).map(Arc::new)).collect()
}

fn newest(conn: &Connection, new: &NewPlan) -> rusqlite::Result<Option<Plan>> {
    use rusqlite::OptionalExtension as _;
    let sql = format!("{SELECT} WHERE api = ?1 AND name = ?2 ORDER BY version DESC LIMIT 1");
    let plan = conn.prepare_cached(&sql)?.query_row(params![new.api.to_string(), new.name], plain).optional()?;
    plan.map(|plan| complete(conn, plan)).transpose()
}

/// The plan without its quotas and routes. `routes` is empty where they are listed.
fn plain(row: &Row<'_>) -> rusqlite::Result<Plan> {
    let rate = match row.get::<_, Option<u32>>(6)? {
        None => None,
        Some(count) => Some(Rate { count, window: column::word(row, 7)?, burst: row.get(8)? }),
    };
    let all_routes: bool = row.get(10)?;
    Ok(Plan {
        id: column::parsed(row, 0)?,
        api: column::parsed(row, 1)?,
        name: row.get(2)?,
        version: row.get(3)?,
        price: column::money(row, 4)?,
        terms: Arc::new(Terms { quotas: Vec::new(), rate, only_2xx_billed: row.get(9)? }),
        routes: (!all_routes).then(Vec::new),
    })
}

fn complete(conn: &Connection, plan: Plan) -> rusqlite::Result<Plan> {
    let id = plan.id.to_string();
    let quotas = conn
        .prepare_cached(
            "SELECT object, amount, period, limit_kind, overage_micros, overage_currency FROM plan_quota
              WHERE plan = ?1 ORDER BY position",
        )?
        .query_map([&id], |row| {
            Ok(Quota {
                object: column::parsed(row, 0)?,
                amount: column::units(row, 1)?,
                per: column::word(row, 2)?,
                limit: column::word(row, 3)?,
                overage: column::money(row, 4)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let listed: Vec<RouteId> = conn
        .prepare_cached("SELECT route FROM plan_route WHERE plan = ?1 ORDER BY position")?
        .query_map([&id], |row| column::parsed(row, 0))?
        .collect::<rusqlite::Result<_>>()?;
    let terms = Arc::new(Terms { quotas, rate: plan.terms.rate, only_2xx_billed: plan.terms.only_2xx_billed });
    Ok(Plan { routes: plan.routes.map(|_| listed), terms, ..plan })
}

fn says_the_same(plan: &Plan, new: &NewPlan) -> bool {
    plan.price == new.price && *plan.terms == new.terms && plan.routes == new.routes
}

fn require_routes(change: &Change<'_>, new: &NewPlan) -> Result<(), CatalogError> {
    let mut seen = BTreeSet::new();
    for route in new.routes.iter().flatten() {
        let key = params![route.to_string(), new.api.to_string()];
        if change.find("SELECT 1 FROM route WHERE id = ?1 AND api = ?2", key, |_| Ok(()))?.is_none() {
            return Err(CatalogError::missing("route", route));
        }
        if !seen.insert(route) {
            return Err(CatalogError::unfit("routes", format!("{route} is there twice")));
        }
    }
    Ok(())
}

/// A misspelt object would never be counted, and so never be refused. An API without a release declares none yet.
fn require_declared(change: &Change<'_>, new: &NewPlan) -> Result<(), CatalogError> {
    let Some(declared) = release::declared(change.conn, new.api)? else { return Ok(()) };
    let known =
        |quota: &&Quota| quota.object.is_built_in() || declared.iter().any(|declared| declared.name == quota.object);
    match new.terms.quotas.iter().find(|quota| !known(quota)) {
        None => Ok(()),
        Some(quota) => {
            let why = format!("counts {}, which the latest release does not declare", quota.object);
            Err(CatalogError::unfit("quotas", why))
        }
    }
}

fn check(new: &NewPlan) -> Result<(), CatalogError> {
    let name = new.name.as_bytes();
    let begins = name.first().is_some_and(u8::is_ascii_alphanumeric);
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" _-".contains(byte);
    if !begins || name.len() > NAME_BYTES || !name.iter().all(plain) || new.name.ends_with(' ') {
        let why = "a letter or digit, then at most 39 letters, digits, spaces, `_` and `-`";
        return Err(CatalogError::invalid("name", why));
    }
    if new.price.is_some_and(|price| price.micros < 0) {
        return Err(CatalogError::invalid("price", "is not below zero"));
    }
    if let Some(rate) = &new.terms.rate
        && (rate.count == 0 || rate.burst == 0)
    {
        return Err(CatalogError::invalid("rate", "count and burst are at least 1"));
    }
    check_quotas(new)
}

fn check_quotas(new: &NewPlan) -> Result<(), CatalogError> {
    if new.terms.quotas.len() > QUOTAS {
        return Err(CatalogError::invalid("quotas", format!("at most {QUOTAS}")));
    }
    let refuse = |why: String| Err(CatalogError::unfit("quotas", why));
    let mut currency = new.price.map(|price| price.currency);
    let mut objects = BTreeSet::new();
    for quota in &new.terms.quotas {
        if !objects.insert(&quota.object) {
            return refuse(format!("{} has two quotas", quota.object));
        }
        let Some(overage) = quota.overage else { continue };
        if quota.limit == LimitKind::Hard {
            return refuse(format!("{} has a hard limit, so it has no overage price", quota.object));
        }
        if overage.micros < 0 {
            return refuse(format!("the overage price of {} is not below zero", quota.object));
        }
        if *currency.get_or_insert(overage.currency) != overage.currency {
            return refuse("all prices of a plan are in one currency".to_owned());
        }
    }
    Ok(())
}

fn document(new: &NewPlan, version: u32) -> Value {
    json!({
        "api": new.api,
        "name": new.name,
        "version": version,
        "price": new.price,
        "terms": new.terms,
        "routes": new.routes,
    })
}
