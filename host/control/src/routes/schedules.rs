//! Schedules: executions that the clock starts.

use axum::extract::State;
use schedules::{Schedule, ScheduleError};
use serde_json::Value;
use types::Code;
use workflows::Owner;

use super::{Answer, Reply, page_limit};
use crate::caller::Caller;
use crate::house::Desk;
use crate::provisos::IfMatch;
use crate::read::{Body, Path, Query};
use crate::refusal::Refusal;

/// `GET /v1/schedules`, by name.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::SchedulesQuery>,
) -> Answer<api::Page<api::Schedule>> {
    let owner = caller.organisation(&desk.house.catalog.snapshot(), query.organisation.as_deref())?;
    let (limit, after) = (page_limit(query.limit)?, query.after.unwrap_or_default());
    let found = desk.house.workflows.schedules(owner.id, after, limit.saturating_add(1)).await;
    let mut found = found.map_err(|error| Refusal::unread_executions(&error))?;
    let more = found.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = found.last().filter(|_| more).map(|last| last.name.clone());
    Ok(Reply::Found(api::Page { items: found.into_iter().map(shown).collect(), next }))
}

/// `GET /v1/schedules/{schedule}`.
pub(crate) async fn show(
    State(desk): State<Desk>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<api::ScheduleQuery>,
) -> Answer<api::Schedule> {
    let owner = caller.organisation(&desk.house.catalog.snapshot(), query.organisation.as_deref())?;
    let found = desk
        .house
        .workflows
        .schedule(owner.id, name.clone())
        .await
        .map_err(|error| Refusal::unread_executions(&error))?;
    let found = found.ok_or_else(|| Refusal::missing("schedule", name))?;
    let revision = found.revision;
    Ok(Reply::Tagged(shown(found), revision))
}

/// `PUT /v1/schedules/{schedule}`.
pub(crate) async fn put(
    State(desk): State<Desk>,
    caller: Caller,
    Path(name): Path<String>,
    seen: IfMatch,
    Body(new): Body<api::NewSchedule>,
) -> Answer<api::Schedule> {
    let owner = caller.organisation(&desk.house.catalog.snapshot(), new.organisation.as_deref())?;
    let owner = Owner { organisation: owner.id, account: owner.account.clone() };
    let new = schedules::NewSchedule {
        name,
        machine: new.machine,
        input: new.input.to_string(),
        expression: new.expression,
        zone: new.zone,
        is_enabled: new.enabled,
    };
    let seen = match seen {
        IfMatch::Absent | IfMatch::Any => None,
        IfMatch::Revisions(revisions) => Some(revisions),
    };
    let (schedule, is_new) = desk.house.workflows.put_schedule(caller.actor().to_string(), &owner, new, seen).await?;
    Ok(if is_new { Reply::Made(shown(schedule)) } else { Reply::Found(shown(schedule)) })
}

/// `DELETE /v1/schedules/{schedule}`. What it has started runs on.
pub(crate) async fn delete(
    State(desk): State<Desk>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<api::ScheduleQuery>,
) -> Answer<api::Schedule> {
    let owner = caller.organisation(&desk.house.catalog.snapshot(), query.organisation.as_deref())?;
    let workflows = &desk.house.workflows;
    let known = workflows.schedule(owner.id, name.clone()).await.map_err(|error| Refusal::unread_executions(&error))?;
    let known = known.ok_or_else(|| Refusal::missing("schedule", &name))?;
    workflows.delete_schedule(caller.actor().to_string(), owner.id, name).await?;
    Ok(Reply::Found(shown(known)))
}

impl From<ScheduleError> for Refusal {
    fn from(error: ScheduleError) -> Self {
        match error {
            ScheduleError::Invalid { member: "name", why } => Self::because(Code::RequestInvalid, why),
            ScheduleError::Invalid { member, why } => Self::unfit(format!("/{member}"), why),
            ScheduleError::TooMany => Self::because(Code::Conflict, error.to_string()),
            ScheduleError::Changed => Self::because(Code::PreconditionFailed, error.to_string()),
            ScheduleError::Unwritten(cause) => Self::failed(Code::Internal, "write workflows.db", &*cause),
        }
    }
}

fn shown(schedule: Schedule) -> api::Schedule {
    api::Schedule {
        name: schedule.name,
        machine: schedule.machine,
        // It was JSON when it came in.
        input: serde_json::from_str(&schedule.input).unwrap_or(Value::Null),
        expression: schedule.expression,
        zone: schedule.zone,
        enabled: schedule.is_enabled,
        next_at: schedule.next.map(Into::into),
        last_at: schedule.last.map(Into::into),
        last_execution: schedule.last_execution,
        last_error: schedule.last_error,
    }
}
