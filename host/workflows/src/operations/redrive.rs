//! Executions that did not succeed are begun again where they stood.

use std::sync::Arc;
use std::time::Duration;

use history::Cursor;
use serde::Deserialize;
use serde_json::json;
use stepfunctions::{OperationError, check, seconds};
use types::Timestamp;

use super::executions::find_one;
use super::{Answered, Caller, Refusal};
use crate::acts;
use crate::sql;
use crate::sql::executions::Record;
use crate::sql::machines::Machine;
use crate::standard::House;

/// How long after its end an execution can be begun again (the limit of Step Functions).
const REDRIVABLE: Duration = Duration::from_hours(14 * 24);
/// How long after its start.
const OPEN_MAX: Duration = Duration::from_hours(365 * 24);
/// Events from which on it cannot.
const EVENTS_MAX: u64 = 24_999;
/// How long the same client token is answered the same.
const TOKEN_GOOD: Duration = Duration::from_mins(15);
/// Characters of a client token.
const TOKEN_MAX: usize = 64;

/// Until when what an execution needs to be begun again is kept, after an end at `at`.
pub(crate) fn until(at: Timestamp) -> Timestamp {
    at.after(REDRIVABLE)
}

/// What is kept of an execution that was stopped at `at`: until when, and the cursor. Nothing of an express one.
pub(super) fn kept(record: &Record, at: Timestamp, cursor: &Cursor) -> rusqlite::Result<Option<(Timestamp, String)>> {
    if record.is_express() { Ok(None) } else { Ok(Some((until(at), cursor.text().map_err(sql::broken)?))) }
}

/// Why a child is not begun again by itself.
pub(super) const BY_MAP_RUN: &str = "Execution is a child of a Map Run: redrive its parent.";

/// Why an execution cannot be begun again, in the words of Step Functions. `kept` is its cursor, if it is still there.
pub(super) fn refusal(machine: &Machine, record: &Record, kept: Option<&str>, now: Timestamp) -> Option<&'static str> {
    let events = kept.and_then(|text| Cursor::read(text).ok()).map(|cursor| cursor.last());
    match (&*record.status, record.stopped, events) {
        ("RUNNING", _, _) => Some("Execution is RUNNING and cannot be redriven."),
        ("SUCCEEDED", _, _) => Some("Execution is SUCCEEDED and cannot be redriven."),
        _ if record.is_pending => Some("Execution is PENDING_REDRIVE and cannot be redriven."),
        _ if record.map_run.is_some() => Some(BY_MAP_RUN),
        _ if machine.status != "ACTIVE" => Some("State machine is in DELETING status."),
        _ if record.started.after(OPEN_MAX) <= now => Some("Execution has exceeded the max execution time."),
        (_, Some(stopped), Some(events)) if until(stopped) > now => {
            (events >= EVENTS_MAX).then_some("Execution history event limit exceeded.")
        }
        _ => Some("Execution redrivable period exceeded."),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Redrive {
    execution_arn: String,
    client_token: Option<String>,
}

pub(super) async fn redrive(house: &Arc<House>, caller: &Caller, asked: Redrive) -> Answered {
    if let Some(token) = &asked.client_token {
        let printable = token.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
        if token.is_empty() || token.len() > TOKEN_MAX || !printable {
            let why = "Member must satisfy regular expression pattern: [!-~]{1,64}";
            return Err(check::constraint(token, "clientToken", why));
        }
    }
    let (_, record) = find_one(house, caller, &asked.execution_arn).await?;
    let (now, seq, running_max) = (house.clock.now(), record.seq, house.settings.running_max);
    let (organisation, caller) = (caller.organisation.to_string(), caller.clone());
    let redriven = house.write(move |db| {
        let since = Timestamp::from_micros(now.as_micros().saturating_sub(micros(TOKEN_GOOD)));
        if let Some(token) = &asked.client_token
            && let Some(at) = sql::redrives::with_token(db, seq, token, since)?
        {
            return Ok(at);
        }
        let record = sql::executions::by_seq(db, seq)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let machine = sql::machines::by_id(db, record.machine)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let kept = sql::executions::cursor(db, seq)?;
        let refusal = refusal(&machine, &record, kept.as_deref(), now);
        let (Some(kept), None) = (kept, refusal) else {
            return Err(OperationError::new("ExecutionNotRedrivable", refusal.unwrap_or_default()).into());
        };
        if sql::executions::running(db, &organisation)? >= running_max {
            return Err(crate::start::too_many(running_max).into());
        }
        let mut cursor = Cursor::read(&kept).map_err(sql::broken)?;
        let event = (cursor.last() + 1, cursor.redrive(now, record.redrives.saturating_add(1)));
        sql::redrives::redrive(
            db,
            seq,
            (now, asked.client_token.as_deref()),
            Some(event),
            &cursor.text().map_err(sql::broken)?,
        )?;
        let before = json!({ "status": record.status, "redrives": record.redrives });
        let after = json!({ "status": "RUNNING", "redrives": record.redrives.saturating_add(1) });
        let turn = (Some(before), Some(after));
        acts::note(db, (&caller, now), ("execution.redrive", asked.execution_arn), turn)?;
        Ok::<_, Refusal>(now)
    });
    let at = redriven.await?;
    house.wake(seq);
    Ok(json!({ "redriveDate": seconds(at) }))
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
