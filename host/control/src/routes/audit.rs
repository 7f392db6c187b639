//! The management acts of the audit chain. For operators.

use axum::extract::State;
use ledger::ActFilter;
use types::Act;

use super::{Answer, Reply, page_limit};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::Query;
use crate::refusal::Refusal;

/// `GET /v1/audit`, the newest first.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::AuditQuery>,
) -> Answer<api::Page<api::Act>> {
    caller.require_operator()?;
    let limit = page_limit(query.limit)?;
    let filter = ActFilter {
        actor: query.actor,
        action: query.action,
        subject: query.subject,
        since: query.since.map(|at| at.0),
        until: query.until.map(|at| at.0),
        before_seq: query.after,
        limit,
    };
    let acts = desk.house.ledger.acts(filter).await.map_err(|error| Refusal::unread(&error))?;
    let full = u32::try_from(acts.len()).is_ok_and(|count| count == limit);
    let next = if full { acts.last().map(|(number, _)| number.to_string()) } else { None };
    Ok(Reply::Found(api::Page { items: acts.into_iter().map(shown).collect(), next }))
}

fn shown((number, act): (i64, Act)) -> api::Act {
    // What the host wrote is JSON; what somebody else put there is shown as the text that it is.
    let json = |text: String| serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text));
    api::Act {
        number,
        at: act.at.into(),
        actor: act.actor,
        action: act.action,
        subject: act.subject,
        before: act.before.map(json),
        after: act.after.map(json),
    }
}
