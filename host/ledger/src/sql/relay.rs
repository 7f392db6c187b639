//! Facts from other files, each once.

use rusqlite::{Connection, params};
use types::{Fact, OutboxId, PlanId, TaskUse, Terms};

use crate::canonical::LinkKind;
use crate::sql::audit;
use crate::sql::dimension::{self, SubscriptionStub};

/// A task has no subscription, no app, no key, no route and no plan, and nothing of it is billed. One that no component did
/// has no API and no release either.
const TASK: &str = "
    INSERT OR IGNORE INTO call (seq, call_id, subscription, app, api_key, api, route, release, plan, component, exec_id,
      invocation_id, attempt, admitted_us, ended_us, status, outcome, period_start_us, units, billed_units, total_us,
      component_us, fuel, fuel_schedule_id, memory_peak_bytes, request_bytes, response_bytes, egress_bytes,
      egress_calls, link, organisation, resource)
    VALUES (?1, ?2, 0, 0, 0, ?3, 0, ?4, 0, ?5, ?6, ?7, ?8, ?9, ?10, 0, ?11, 0, 0, 0, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
      ?19, ?20, ?21, ?22, ?23)";

/// Takes over those of `facts` that have not come before.
pub(crate) fn take_over(tx: &Connection, source: &str, facts: &[(OutboxId, Fact)]) -> rusqlite::Result<()> {
    for (id, fact) in facts {
        let mark = "INSERT OR IGNORE INTO relayed (source, outbox_id) VALUES (?1, ?2)";
        if tx.prepare_cached(mark)?.execute(params![source, id.to_string()])? == 1 {
            apply(tx, fact)?;
        }
    }
    Ok(())
}

fn apply(tx: &Connection, fact: &Fact) -> rusqlite::Result<()> {
    match fact {
        Fact::Act(act) => {
            let mut tip = audit::tip(tx)?;
            audit::add_act(tx, &mut tip, act)
        }
        Fact::Task(used) => task(tx, used),
        Fact::Organisation { id, name } => {
            let row = dimension::organisation(tx, &id.to_string())?;
            update(tx, "UPDATE organisation SET name = ?2 WHERE id = ?1", params![row, name])
        }
        Fact::Api { id, organisation, slug } => {
            let organisation = dimension::organisation(tx, &organisation.to_string())?;
            let row = dimension::api(tx, &id.to_string())?;
            let set = "UPDATE api SET organisation = ?2, slug = ?3 WHERE id = ?1";
            update(tx, set, params![row, organisation, slug])
        }
        Fact::Route { id, api, name } => {
            let api = dimension::api(tx, &api.to_string())?;
            let row = dimension::route(tx, *id, api)?;
            update(tx, "UPDATE route SET api = ?2, name = ?3 WHERE id = ?1", params![row, api, name])
        }
        Fact::Release { id, api, number, component } => {
            let api = dimension::api(tx, &api.to_string())?;
            let component = dimension::component(tx, component)?;
            let row = dimension::release(tx, *id, api, component)?;
            let set = "UPDATE release SET api = ?2, number = ?3, component = ?4 WHERE id = ?1";
            update(tx, set, params![row, api, number, component])
        }
        Fact::Plan { id, api, name, terms } => {
            let api = dimension::api(tx, &api.to_string())?;
            plan(tx, *id, api, (name, terms))
        }
        Fact::App { id, organisation, name } => {
            let organisation = dimension::organisation(tx, &organisation.to_string())?;
            let row = dimension::app(tx, *id)?;
            let set = "UPDATE app SET organisation = ?2, name = ?3 WHERE id = ?1";
            update(tx, set, params![row, organisation, name])
        }
        Fact::Key { id, app, prefix, test } => {
            let app = dimension::app(tx, *app)?;
            let row = dimension::key(tx, &id.to_string(), app)?;
            let set = "UPDATE api_key SET app = ?2, prefix = ?3, test = ?4 WHERE id = ?1";
            update(tx, set, params![row, app, prefix, test])
        }
        Fact::Subscription { id, app, api, plan, anchor } => {
            let api = dimension::api(tx, &api.to_string())?;
            let plan = dimension::plan(tx, *plan, api)?;
            let stub = SubscriptionStub { app: dimension::app(tx, *app)?, api, plan, anchor_us: anchor.as_micros() };
            let row = dimension::subscription(tx, *id, &stub)?;
            let set = "UPDATE subscription SET app = ?2, api = ?3, plan = ?4, anchor_us = ?5 WHERE id = ?1";
            update(tx, set, params![row, stub.app, stub.api, stub.plan, stub.anchor_us])
        }
    }
}

/// A row of its own for an attempt at a task, under a link of its own. Once, whoever tells it again.
fn task(tx: &Connection, used: &TaskUse) -> rusqlite::Result<()> {
    let mut tip = audit::tip(tx)?;
    let (mut api, mut release, mut component) = (0, 0, 0);
    if let Some(by) = &used.by {
        api = dimension::api(tx, &by.api.to_string())?;
        component = dimension::component(tx, &by.component)?;
        release = dimension::release(tx, by.release, api, component)?;
    }
    let organisation = used.organisation.map(|id| dimension::organisation(tx, &id.to_string())).transpose()?;
    let seq = tip.call.saturating_add(1);
    let micros = |passed: std::time::Duration| i64::try_from(passed.as_micros()).unwrap_or(i64::MAX);
    let inserted = tx.prepare_cached(TASK)?.execute(params![
        seq,
        used.call.to_string(),
        api,
        release,
        component,
        used.execution,
        used.invocation,
        used.attempt,
        used.began.as_micros(),
        used.ended.as_micros(),
        used.outcome.as_str(),
        micros(used.ended.since(used.began)),
        i64::try_from(used.component_us).unwrap_or(i64::MAX),
        used.fuel.to_sql(),
        used.fuel_schedule,
        used.memory_peak.to_sql(),
        used.request_bytes.to_sql(),
        used.response_bytes.to_sql(),
        used.egress_bytes.to_sql(),
        used.egress_calls,
        tip.link.saturating_add(1),
        organisation,
        used.resource,
    ])?;
    if inserted == 0 { Ok(()) } else { audit::link_one(tx, &mut tip, LinkKind::Task, seq) }
}

fn plan(tx: &Connection, id: PlanId, api: i64, (name, terms): (&str, &Terms)) -> rusqlite::Result<()> {
    let row = dimension::plan(tx, id, api)?;
    let (count, window, burst) = match terms.rate {
        Some(rate) => (Some(rate.count), Some(rate.window.as_str()), Some(rate.burst)),
        None => (None, None, None),
    };
    let set = "UPDATE plan SET api = ?2, name = ?3, rate_count = ?4, rate_window = ?5, rate_burst = ?6,
      only_2xx_billed = ?7 WHERE id = ?1";
    update(tx, set, params![row, api, name, count, window, burst, terms.only_2xx_billed])?;
    tx.prepare_cached("DELETE FROM plan_terms WHERE plan = ?1")?.execute([row])?;
    for quota in &terms.quotas {
        let object = dimension::object(tx, &quota.object)?;
        let price = quota.overage.map(|price| price.micros);
        let currency = quota.overage.map(|price| price.currency.to_string());
        tx.prepare_cached(
            "INSERT INTO plan_terms (plan, object, amount, period, limit_kind, overage_price_micros, currency)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            row,
            object,
            quota.amount.to_sql(),
            quota.per.as_str(),
            quota.limit.as_str(),
            price,
            currency
        ])?;
    }
    Ok(())
}

fn update(tx: &Connection, sql: &str, params: impl rusqlite::Params) -> rusqlite::Result<()> {
    let changed = tx.prepare_cached(sql)?.execute(params)?;
    if changed == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(changed)) }
}
