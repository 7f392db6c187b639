//! Subscriptions: an app on a plan of an API.

use rusqlite::params;
use serde_json::{Value, json};
use types::{ApiId, AppId, Fact, PlanId, SubscriptionId, Timestamp};

use super::change::{Change, Turn};
use super::{access, api, column, suspension};
use crate::{CatalogError, Subject};

struct Stored {
    id: SubscriptionId,
    plan: PlanId,
    anchor: Timestamp,
    cancel_at_us: Option<i64>,
}

/// Subscribes an app to an API, or moves its subscription to another plan. The anchor of a moved one stays.
pub(crate) fn subscribe(
    change: &Change<'_>,
    app: AppId,
    api: ApiId,
    plan: PlanId,
) -> Result<SubscriptionId, CatalogError> {
    access::require_app(change, app)?;
    api::require(change, api)?;
    let sql = "SELECT id, plan, anchor_us, cancel_at_us FROM subscription WHERE app = ?1 AND api = ?2";
    let stored = change.find(sql, params![app.to_string(), api.to_string()], |row| {
        let (plan, anchor) = (column::parsed(row, 1)?, column::moment(row, 2)?);
        Ok(Stored { id: column::parsed(row, 0)?, plan, anchor, cancel_at_us: row.get(3)? })
    })?;
    if let Some(stored) = &stored {
        keep(change, stored)?;
        if stored.plan == plan {
            return Ok(stored.id);
        }
    }
    require_offered(change, api, plan)?;
    let (id, anchor, turn) = match stored {
        None => {
            let id = SubscriptionId::generate(change.now);
            change.write(
                "INSERT INTO subscription (id, app, api, plan, anchor_us, created_us) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
                params![id.to_string(), app.to_string(), api.to_string(), plan.to_string(), change.now.as_micros()],
            )?;
            (id, change.now, Turn::new(document(app, api, plan)))
        }
        Some(stored) => {
            let key = params![stored.id.to_string(), plan.to_string()];
            change.write("UPDATE subscription SET plan = ?2 WHERE id = ?1", key)?;
            (stored.id, stored.anchor, Turn::from(document(app, api, stored.plan), document(app, api, plan)))
        }
    };
    change.tell(&Fact::Subscription { id, app, api, plan, anchor })?;
    let action = if turn.before.is_some() { "subscription.move" } else { "subscription.create" };
    change.record(action, &id, turn)?;
    Ok(id)
}

/// Whoever subscribes again wants a cancelled subscription to go on.
fn keep(change: &Change<'_>, stored: &Stored) -> Result<(), CatalogError> {
    if stored.cancel_at_us.is_none() {
        return Ok(());
    }
    change.write("UPDATE subscription SET cancel_at_us = NULL WHERE id = ?1", [stored.id.to_string()])?;
    let turn = Turn::from(json!({ "cancel_at": stored.cancel_at_us }), json!({ "cancel_at": null }));
    change.record("subscription.keep", &stored.id, turn)?;
    Ok(())
}

/// Lets a subscription end at `end`. One that has an earlier end keeps it.
pub(crate) fn cancel(change: &Change<'_>, id: SubscriptionId, end: Timestamp) -> Result<(), CatalogError> {
    let before: Option<i64> = change
        .find("SELECT cancel_at_us FROM subscription WHERE id = ?1", [id.to_string()], |row| row.get(0))?
        .ok_or_else(|| CatalogError::missing("subscription", &id))?;
    if before.is_some_and(|before| before <= end.as_micros()) {
        return Ok(());
    }
    let key = params![id.to_string(), end.as_micros()];
    change.write("UPDATE subscription SET cancel_at_us = ?2 WHERE id = ?1", key)?;
    let turn = Turn::from(json!({ "cancel_at": before }), json!({ "cancel_at": end.as_micros() }));
    change.record("subscription.cancel", &id, turn)?;
    Ok(())
}

/// Lets the overage of a billing period cost `cap` at most, in millionths of the plan's currency; `None` lifts the cap.
pub(crate) fn set_spend_cap(change: &Change<'_>, id: SubscriptionId, cap: Option<u64>) -> Result<(), CatalogError> {
    let stored = cap.map(i64::try_from).transpose();
    let stored = stored.map_err(|_| CatalogError::invalid("spend_cap", "is more money than there is"))?;
    let before: Option<i64> = change
        .find("SELECT spend_cap_micros FROM subscription WHERE id = ?1", [id.to_string()], |row| row.get(0))?
        .ok_or_else(|| CatalogError::missing("subscription", &id))?;
    if before == stored {
        return Ok(());
    }
    change.write("UPDATE subscription SET spend_cap_micros = ?2 WHERE id = ?1", params![id.to_string(), stored])?;
    let turn = Turn::from(json!({ "spend_cap_micros": before }), json!({ "spend_cap_micros": stored }));
    change.record("subscription.cap", &id, turn)?;
    Ok(())
}

/// Only the highest version of a plan of this API takes subscriptions.
fn require_offered(change: &Change<'_>, api: ApiId, plan: PlanId) -> Result<(), CatalogError> {
    let sql = "SELECT version = (SELECT max(other.version) FROM plan AS other
                                  WHERE other.api = plan.api AND other.name = plan.name)
                 FROM plan WHERE id = ?1 AND api = ?2";
    let newest: Option<bool> = change.find(sql, params![plan.to_string(), api.to_string()], |row| row.get(0))?;
    match newest {
        Some(true) => match suspension::of(change.conn, Subject::Plan(plan))? {
            None => Ok(()),
            Some(standing) => Err(CatalogError::unfit("plan", format!("is suspended: {}", standing.reason))),
        },
        Some(false) => Err(CatalogError::unfit("plan", "a newer version of this plan has taken its place")),
        None => Err(CatalogError::missing("plan", &plan)),
    }
}

fn document(app: AppId, api: ApiId, plan: PlanId) -> Value {
    json!({ "app": app, "api": api, "plan": plan })
}
