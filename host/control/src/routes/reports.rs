//! What happened: usage, calls, logs.

use axum::extract::State;
use ledger::{CallFilter, CallRow};
use types::{ApiId, CallId, Code, ObjectName, Timestamp};

use super::consumers::slug_of;
use super::{Answer, Reply, page_limit};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::{Path, Query};
use crate::refusal::Refusal;

/// `GET /v1/usage`.
pub(crate) async fn usage(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::UsageQuery>,
) -> Answer<api::Usage> {
    let (subscription, api) = {
        let snapshot = desk.house.catalog.snapshot();
        let subscription = caller.subscription(&snapshot, query.subscription)?;
        let api = slug_of(&snapshot, subscription.api);
        (subscription, api)
    };
    let used = desk.house.ledger.usage(subscription.id).await.map_err(|error| Refusal::unread(&error))?;
    let objects = used.into_iter().map(|row| api::ObjectUsage {
        object: row.object,
        period_start: Timestamp::from_micros(row.period_start_us).into(),
        period: row.period,
        used: row.used,
        overage: row.overage,
        included: row.included,
        limit: row.limit_kind,
    });
    let plan = subscription.plan_version.name.to_string();
    Ok(Reply::Found(api::Usage { subscription: subscription.id, api, plan, objects: objects.collect() }))
}

/// `GET /v1/calls`, the newest first. A provider says of what: of an API that it sells, or of an app or a subscription
/// that it has.
pub(crate) async fn calls(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::CallQuery>,
) -> Answer<api::Page<api::Call>> {
    let filter = filter_of(&desk, &caller, &query)?;
    let limit = filter.limit;
    let rows = desk.house.ledger.calls(filter).await.map_err(|error| Refusal::unread(&error))?;
    let full = u32::try_from(rows.len()).is_ok_and(|count| count == limit);
    let next = if full { rows.last().map(|row| row.seq.to_string()) } else { None };
    Ok(Reply::Found(api::Page { items: rows.into_iter().map(shown).collect(), next }))
}

fn filter_of(desk: &Desk, caller: &Caller, query: &api::CallQuery) -> Result<CallFilter, Refusal> {
    let snapshot = desk.house.catalog.snapshot();
    let mut seen = caller.require_operator().is_ok();
    let api: Option<ApiId> = match &query.api {
        None => None,
        Some(slug) => {
            let api = snapshot.api(slug).ok_or_else(|| Refusal::missing("API", slug))?;
            seen |= caller.owns(api.organisation);
            Some(api.id)
        }
    };
    if let Some(app) = query.app {
        caller.app(&snapshot, app)?;
        seen = true;
    }
    if let Some(subscription) = query.subscription {
        caller.subscription(&snapshot, subscription)?;
        seen = true;
    }
    if !seen {
        let why = "name an API that you sell, or an app or subscription that you have";
        return Err(Refusal::because(Code::Forbidden, why));
    }
    Ok(CallFilter {
        call: None,
        subscription: query.subscription,
        api,
        app: query.app,
        outcome: query.outcome,
        since: query.since.map(|at| at.0),
        until: query.until.map(|at| at.0),
        status: query.status,
        error_code: query.error.clone(),
        before_seq: query.after,
        from_seq: None,
        limit: page_limit(query.limit)?,
    })
}

fn shown(row: CallRow) -> api::Call {
    let requests =
        api::CallUsage { object: ObjectName::REQUESTS.to_owned(), units: row.requests, billed: row.requests_billed };
    let further = row.usage.into_iter().map(|(object, units, billed)| api::CallUsage { object, units, billed });
    api::Call {
        id: row.call_id,
        at: Timestamp::from_micros(row.admitted_us).into(),
        api: row.api,
        release: row.release,
        route: row.route,
        app: row.app,
        plan: row.plan,
        subscription: row.subscription,
        status: row.status,
        outcome: row.outcome,
        error: row.error_code,
        usage: std::iter::once(requests).chain(further).collect(),
        total_us: row.total_us,
        component_us: row.component_us,
        fuel: row.fuel,
        memory_peak_bytes: row.memory_peak_bytes,
        request_bytes: row.request_bytes,
        response_bytes: row.response_bytes,
        link: row.link,
    }
}

/// `GET /v1/calls/{call}`: for who made it, and for who sells the API.
pub(crate) async fn call(State(desk): State<Desk>, caller: Caller, Path(call): Path<CallId>) -> Answer<api::Call> {
    let filter = CallFilter { call: Some(call), limit: 1, ..CallFilter::default() };
    let rows = desk.house.ledger.calls(filter).await.map_err(|error| Refusal::unread(&error))?;
    let snapshot = desk.house.catalog.snapshot();
    let seen = |row: &CallRow| {
        let subscription = row.subscription.as_ref().and_then(|id| id.parse().ok());
        subscription.is_some_and(|id| caller.subscription(&snapshot, id).is_ok())
    };
    let row = rows.into_iter().find(seen).ok_or_else(|| Refusal::missing("call", call))?;
    Ok(Reply::Found(shown(row)))
}

/// `GET /v1/calls/{call}/logs`. The lines are the seller's: anybody else finds none.
pub(crate) async fn logs(State(desk): State<Desk>, caller: Caller, Path(call): Path<CallId>) -> Answer<api::CallLogs> {
    let kept = desk.house.traces.logs(call).await?;
    let snapshot = desk.house.catalog.snapshot();
    let lines = kept.into_iter().filter(|line| caller.sells(&snapshot, line.api)).map(|line| api::LogLine {
        at: line.at.into(),
        stream: line.stream.as_str().to_owned(),
        text: line.text,
    });
    Ok(Reply::Found(api::CallLogs { call, lines: lines.collect() }))
}
