//! What the host has sent and is to send: deliveries, their attempts, dead letters.

use axum::extract::State;
use delivery::{Attempt, Dispatch, DispatchQuery, Recipient, Status};
use types::DispatchId;

use super::{Answer, Reply, page_limit};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::{Path, Query};
use crate::refusal::Refusal;

/// `GET /v1/deliveries`, the newest first.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::DeliveryQuery>,
) -> Answer<api::Page<api::Delivery>> {
    let limit = page_limit(query.limit)?;
    let query = DispatchQuery {
        organisation: caller.only(&desk.house.catalog.snapshot(), query.organisation.as_deref())?,
        endpoint: query.webhook,
        status: query.status.map(|status| match status {
            api::DeliveryStatus::Waiting => Status::Waiting,
            api::DeliveryStatus::Delivered => Status::Delivered,
            api::DeliveryStatus::Dead => Status::Dead,
        }),
        before: query.after,
        limit: limit.saturating_add(1),
    };
    let mut found = desk.house.delivery.dispatches(query).await?;
    let more = found.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = if more { found.last().map(|one| one.id.to_string()) } else { None };
    Ok(Reply::Found(api::Page { items: found.into_iter().map(shown).collect(), next }))
}

/// `GET /v1/deliveries/{delivery}`.
pub(crate) async fn show(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<DispatchId>,
) -> Answer<api::DeliveryHistory> {
    let (dispatch, attempts) = own(&desk, &caller, id).await?;
    let history = attempts.into_iter().map(attempt).collect();
    Ok(Reply::Found(api::DeliveryHistory { delivery: shown(dispatch), history }))
}

/// `POST /v1/deliveries/{delivery}/redeliver`.
pub(crate) async fn redeliver(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<DispatchId>,
) -> Answer<api::Delivery> {
    own(&desk, &caller, id).await?;
    let again = desk.house.delivery.redeliver(caller.actor().to_string(), id).await?;
    Ok(Reply::Found(shown(again)))
}

/// The delivery, for whom it concerns. What concerns nobody is the operators'.
pub(super) async fn own(desk: &Desk, caller: &Caller, id: DispatchId) -> Result<(Dispatch, Vec<Attempt>), Refusal> {
    let found = desk.house.delivery.dispatch(id).await?;
    let found = found.filter(|(dispatch, _)| match dispatch.organisation {
        Some(organisation) => caller.owns(organisation),
        None => caller.require_operator().is_ok(),
    });
    found.ok_or_else(|| Refusal::missing("delivery", id))
}

pub(super) fn shown(dispatch: Dispatch) -> api::Delivery {
    let (webhook, address) = match dispatch.recipient {
        Recipient::Endpoint(endpoint) => (Some(endpoint), None),
        Recipient::Address(address) => (None, Some(address)),
    };
    api::Delivery {
        id: dispatch.id,
        message: dispatch.message,
        kind: dispatch.kind,
        organisation: dispatch.organisation,
        webhook,
        address,
        status: match dispatch.status {
            Status::Waiting => api::DeliveryStatus::Waiting,
            Status::Delivered => api::DeliveryStatus::Delivered,
            Status::Dead => api::DeliveryStatus::Dead,
        },
        attempts: dispatch.attempts,
        due_at: dispatch.due_at.map(Into::into),
        error: dispatch.why,
        created_at: dispatch.created_at.into(),
    }
}

fn attempt(attempt: Attempt) -> api::DeliveryAttempt {
    api::DeliveryAttempt {
        number: attempt.number,
        at: attempt.at.into(),
        took_us: attempt.took_us,
        status: attempt.status,
        error: attempt.error,
        answer: attempt.answer,
    }
}
