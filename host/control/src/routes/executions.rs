//! Executions: searched, looked at, stopped, over all machines of an organisation.

use axum::extract::State;
use serde_json::{Value, json};
use stepfunctions::OperationError;
use types::Code;
use workflows::{Detail, Search, Summary};

use super::{Answer, Reply, page_limit};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::{Optional, Path, Query};
use crate::refusal::Refusal;

/// `GET /v1/executions`, the newest first.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::ExecutionQuery>,
) -> Answer<api::Page<api::Execution>> {
    let organisation = caller.organisation(&desk.house.catalog.snapshot(), query.organisation.as_deref())?;
    let search = Search {
        organisation: organisation.id,
        region: query.region,
        machine: query.machine,
        status: query.status.map(|status| status.as_str().to_owned()),
        name: query.name,
        since: query.since.map(|at| at.0),
        until: query.until.map(|at| at.0),
        before: query.after,
        most: page_limit(query.limit)?,
    };
    let (found, next) =
        desk.house.workflows.search(search).await.map_err(|error| Refusal::unread_executions(&error))?;
    let items = found.into_iter().map(shown).collect();
    Ok(Reply::Found(api::Page { items, next: next.map(|next| next.to_string()) }))
}

/// `GET /v1/executions/{arn}`.
pub(crate) async fn show(
    State(desk): State<Desk>,
    caller: Caller,
    Path(arn): Path<String>,
) -> Answer<api::ExecutionDetail> {
    let (_, detail) = find(&desk, &caller, &arn).await?;
    Ok(Reply::Found(whole(detail)))
}

/// `GET /v1/executions/{arn}/history`, event by event, the oldest first. There is none of express executions.
pub(crate) async fn history(
    State(desk): State<Desk>,
    caller: Caller,
    Path(arn): Path<String>,
    Query(query): Query<api::HistoryQuery>,
) -> Answer<api::Page<api::HistoryEvent>> {
    let (asks, detail) = find(&desk, &caller, &arn).await?;
    if detail.summary.is_express {
        return Ok(Reply::Found(api::Page { items: Vec::new(), next: None }));
    }
    let body = json!({ "executionArn": arn, "maxResults": page_limit(query.limit)?, "nextToken": query.after });
    let mut answer = desk.house.workflows.call(&asks, "GetExecutionHistory", body).await.map_err(refused)?;
    let events = answer["events"].take();
    let items = match events {
        Value::Array(events) => events.into_iter().filter_map(|event| event.as_object().cloned()).collect(),
        _ => Vec::new(),
    };
    Ok(Reply::Found(api::Page { items, next: answer["nextToken"].as_str().map(str::to_owned) }))
}

/// `POST /v1/executions/{arn}/stop`. One that has ended stays as it is.
pub(crate) async fn stop(
    State(desk): State<Desk>,
    caller: Caller,
    Path(arn): Path<String>,
    Optional(why): Optional<api::StopExecution>,
) -> Answer<api::ExecutionDetail> {
    let (asks, detail) = find(&desk, &caller, &arn).await?;
    if detail.summary.is_express {
        return Err(Refusal::because(Code::Conflict, "an express execution ends by itself, within five minutes"));
    }
    let body = json!({ "executionArn": arn, "error": why.error, "cause": why.cause });
    desk.house.workflows.call(&asks, "StopExecution", body).await.map_err(refused)?;
    let (_, detail) = find(&desk, &caller, &arn).await?;
    Ok(Reply::Found(whole(detail)))
}

/// `POST /v1/executions/{arn}/redrive`: begins again, at the state that did not succeed, what has not.
pub(crate) async fn redrive(
    State(desk): State<Desk>,
    caller: Caller,
    Path(arn): Path<String>,
) -> Answer<api::ExecutionDetail> {
    let (asks, detail) = find(&desk, &caller, &arn).await?;
    if detail.summary.is_express {
        return Err(Refusal::because(Code::Conflict, "an express execution is started anew, and not begun again"));
    }
    let body = json!({ "executionArn": arn });
    desk.house.workflows.call(&asks, "RedriveExecution", body).await.map_err(refused)?;
    let (_, detail) = find(&desk, &caller, &arn).await?;
    Ok(Reply::Found(whole(detail)))
}

/// Executions that one request begins again.
const REDRIVES_MAX: u32 = 100;

/// `POST /v1/executions/redrive`: the same for all that a search finds, a hundred at a time.
pub(crate) async fn redrive_all(
    State(desk): State<Desk>,
    caller: Caller,
    Optional(which): Optional<api::RedriveExecutions>,
) -> Answer<api::Redriven> {
    use api::ExecutionStatus::{Aborted, Failed, TimedOut};
    let organisation = caller.organisation(&desk.house.catalog.snapshot(), which.organisation.as_deref())?;
    let status = which.status.unwrap_or(Failed);
    if !matches!(status, Failed | TimedOut | Aborted) {
        return Err(Refusal::field("/status", "what did not succeed is FAILED, TIMED_OUT or ABORTED"));
    }
    let before = which.after.as_deref().map(str::parse::<i64>).transpose();
    let search = Search {
        organisation: organisation.id,
        region: which.region,
        machine: which.machine,
        status: Some(status.as_str().to_owned()),
        name: None,
        since: which.since.map(|at| at.0),
        until: which.until.map(|at| at.0),
        before: before.map_err(|_| Refusal::field("/after", "it is the `next` of the answer before"))?,
        most: REDRIVES_MAX,
    };
    let (found, next) =
        desk.house.workflows.search(search).await.map_err(|error| Refusal::unread_executions(&error))?;
    let mut came = api::Redriven { redriven: Vec::new(), refused: Vec::new(), next: next.map(|next| next.to_string()) };
    for summary in found.into_iter().filter(|summary| !summary.is_express) {
        let region = summary.arn.split(':').nth(3).unwrap_or_default().to_owned();
        let account = organisation.account.clone();
        let actor = caller.actor().to_string();
        let asks = workflows::Caller { organisation: organisation.id, account, region, actor };
        let body = json!({ "executionArn": summary.arn });
        match desk.house.workflows.call(&asks, "RedriveExecution", body).await {
            Ok(_) => came.redriven.push(summary.arn),
            Err(error) if error.name == "InternalFailure" => return Err(refused(error)),
            Err(error) => came.refused.push(api::NotRedriven { arn: summary.arn, why: error.message }),
        }
    }
    Ok(Reply::Found(came))
}

/// The execution of this ARN, and who asks for it in the words of Step Functions.
async fn find(desk: &Desk, caller: &Caller, arn: &str) -> Result<(workflows::Caller, Detail), Refusal> {
    let missing = || Refusal::missing("execution", arn);
    let mut parts = arn.split(':').skip(3);
    let (Some(region), Some(account)) = (parts.next(), parts.next()) else { return Err(missing()) };
    let snapshot = desk.house.catalog.snapshot();
    let owner = snapshot.organisations().find(|one| one.account == account && caller.owns(one.id));
    let organisation = owner.ok_or_else(missing)?.id;
    let found =
        desk.house.workflows.execution(organisation, arn).await.map_err(|error| Refusal::unread_executions(&error))?;
    let asks = workflows::Caller {
        organisation,
        account: account.to_owned(),
        region: region.to_owned(),
        actor: caller.actor().to_string(),
    };
    Ok((asks, found.ok_or_else(missing)?))
}

fn refused(error: OperationError) -> Refusal {
    match error.name {
        "InternalFailure" => Refusal::new(Code::Internal),
        "ServiceUnavailable" => Refusal::because(Code::Overloaded, error.message),
        "ExecutionDoesNotExist" => Refusal::because(Code::NotFound, error.message),
        "ValidationException" | "InvalidToken" | "InvalidArn" => Refusal::because(Code::Unprocessable, error.message),
        _ => Refusal::because(Code::Conflict, error.message),
    }
}

fn shown(summary: Summary) -> api::Execution {
    api::Execution {
        arn: summary.arn,
        machine: summary.machine,
        name: summary.name,
        // The column has no other words.
        status: summary.status.parse().unwrap_or(api::ExecutionStatus::Running),
        started_at: summary.started.into(),
        ended_at: summary.stopped.map(Into::into),
    }
}

fn whole(detail: Detail) -> api::ExecutionDetail {
    // What is stored was JSON when it came in.
    let document = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
    api::ExecutionDetail {
        execution: shown(detail.summary),
        input: document(detail.input),
        output: detail.output.map(document),
        error: detail.error,
        cause: detail.cause,
    }
}
