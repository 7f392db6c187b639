//! Answers from outside: a token is accepted once.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use stepfunctions::{OperationError, check};

use super::{Answered, Caller, Refusal};
use crate::sql;
use crate::standard::{Happened, House, digest};

/// Characters of a token.
const TOKEN_MAX: usize = 2_048;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Success {
    task_token: String,
    output: String,
}

pub(super) async fn success(house: &Arc<House>, caller: &Caller, asked: Success) -> Answered {
    check::document(&asked.output, "InvalidOutput", "output")?;
    let output = asked.output;
    answer(house, caller, asked.task_token, move |task| Happened::Succeeded { task, output }).await
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Failure {
    task_token: String,
    error: Option<String>,
    cause: Option<String>,
}

pub(super) async fn failure(house: &Arc<House>, caller: &Caller, asked: Failure) -> Answered {
    check::length(asked.error.as_deref().unwrap_or_default(), "error", check::ERROR_MAX)?;
    check::length(asked.cause.as_deref().unwrap_or_default(), "cause", check::CAUSE_MAX)?;
    let (error, cause) = (asked.error.unwrap_or_default(), asked.cause.unwrap_or_default());
    answer(house, caller, asked.task_token, move |task| Happened::Failed { task, error, cause }).await
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Heartbeat {
    task_token: String,
}

pub(super) async fn heartbeat(house: &Arc<House>, caller: &Caller, asked: Heartbeat) -> Answered {
    let (sha256, organisation) = (checked(&asked.task_token)?, caller.organisation.to_string());
    let now = house.clock.now();
    let execution = house
        .write(move |db| {
            let found = sql::tokens::find(db, &sha256, &organisation)?.ok_or_else(unknown)?;
            if !found.is_open {
                return Err(timed_out().into());
            }
            sql::steps::tell(db, found.execution, &Happened::Beat { task: found.task }.text(now))?;
            Ok::<_, Refusal>(found.execution)
        })
        .await?;
    house.wake(execution);
    Ok(json!({}))
}

async fn answer(
    house: &Arc<House>,
    caller: &Caller,
    token: String,
    happened: impl FnOnce(u64) -> Happened + Send + 'static,
) -> Answered {
    let (sha256, organisation) = (checked(&token)?, caller.organisation.to_string());
    let now = house.clock.now();
    let execution = house
        .write(move |db| {
            let found = sql::tokens::find(db, &sha256, &organisation)?.ok_or_else(unknown)?;
            if !sql::tokens::answer(db, &found, now, &happened(found.task).text(now))? {
                return Err(timed_out().into());
            }
            Ok::<_, Refusal>(found.execution)
        })
        .await?;
    house.wake(execution);
    Ok(Value::Object(serde_json::Map::new()))
}

fn checked(token: &str) -> Result<[u8; 32], OperationError> {
    if token.is_empty() || token.chars().count() > TOKEN_MAX {
        return Err(OperationError::new("InvalidToken", "Invalid Token: 'Invalid token'"));
    }
    Ok(digest(token))
}

fn unknown() -> Refusal {
    OperationError::new("InvalidToken", "Invalid Token: 'Invalid token'").into()
}

fn timed_out() -> OperationError {
    OperationError::new("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
}
