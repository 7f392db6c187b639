//! `GET /-/calls`: what the app called, the newest first.

use ledger::CallRow;
use types::{Code, ObjectName, Timestamp};

use super::{Inquiry, unread};
use crate::refusal::Refusal;

const LIMIT_MAX: u32 = 100;
const LIMIT_DEFAULT: u32 = 20;

/// One page. It may be short, or empty, and still have a `next`: how far one request looks back is bounded.
pub(super) async fn of(inquiry: &Inquiry<'_>) -> Result<api::Page<api::OwnCall>, Refusal> {
    let query = read(inquiry.asked.uri.query().unwrap_or_default())?;
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(invalid(format!("`limit` is 1 to {LIMIT_MAX}")));
    }
    let ledger = &inquiry.premises.house.ledger;
    let (rows, next) = ledger.calls_of_app(inquiry.key.app, query.after, limit).await.map_err(unread)?;
    Ok(api::Page { items: rows.into_iter().map(shown).collect(), next: next.map(|seq| seq.to_string()) })
}

/// Reads `after` and `limit`, and refuses everything else.
fn read(query: &str) -> Result<api::OwnCallQuery, Refusal> {
    let mut read = api::OwnCallQuery::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let number = || invalid(format!("`{name}` is a number"));
        match name {
            "after" => read.after = Some(value.parse().map_err(|_| number())?),
            "limit" => read.limit = Some(value.parse().map_err(|_| number())?),
            _ => return Err(invalid("The query takes `after` and `limit`.".to_owned())),
        }
    }
    Ok(read)
}

fn invalid(detail: String) -> Refusal {
    Refusal::new(Code::RequestInvalid).detail(detail)
}

fn shown(row: CallRow) -> api::OwnCall {
    let requests =
        api::CallUsage { object: ObjectName::REQUESTS.to_owned(), units: row.requests, billed: row.requests_billed };
    let further = row.usage.into_iter().map(|(object, units, billed)| api::CallUsage { object, units, billed });
    api::OwnCall {
        id: row.call_id,
        client_request_id: row.client_request_id,
        at: Timestamp::from_micros(row.admitted_us).into(),
        api: row.api,
        route: row.route,
        key: row.key,
        plan: row.plan,
        status: row.status,
        outcome: row.outcome,
        error: row.error_code,
        usage: std::iter::once(requests).chain(further).collect(),
        total_us: row.total_us,
    }
}
