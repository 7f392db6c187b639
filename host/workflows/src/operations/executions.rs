//! Executions: started, described, listed, stopped; and their histories.

use std::sync::Arc;

use asl::Outcome;
use history::Cursor;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};
use stepfunctions::{Arn, OperationError, Qualifier, Thing, check, seconds};
use types::Timestamp;

use super::{Answered, Caller, Refusal, machines, map_runs, redrive};
use crate::acts;
use crate::sql;
use crate::sql::executions::Record;
use crate::sql::steps::Closing;
use crate::standard::{Behind, ExpressTasks, House, Stopped, open_jobs, waited_for};
use crate::start::{self, Start};
use crate::work::{Owner, Submitted};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StartOne {
    state_machine_arn: String,
    name: Option<String>,
    input: Option<String>,
    trace_header: Option<String>,
    included_data: Option<String>,
}

impl StartOne {
    fn check(self, caller: &Caller) -> Result<Start, OperationError> {
        let machine = check::machine_arn(&self.state_machine_arn)?;
        if let Some(name) = &self.name {
            check::name(name)?;
        }
        let input = self.input.unwrap_or_else(|| "{}".to_owned());
        check::document(&input, "InvalidExecutionInput", "input")?;
        check::length(self.trace_header.as_deref().unwrap_or_default(), "traceHeader", 256)?;
        let (caller, name, trace_header) = (caller.clone(), self.name, self.trace_header);
        Ok(Start { caller, machine, name, input, trace_header, parent: None })
    }
}

pub(super) async fn start(house: &Arc<House>, caller: &Caller, asked: StartOne) -> Answered {
    let start = asked.check(caller)?;
    start::admit(house, caller.organisation)?;
    let started = start::execution(house, start).await?;
    Ok(json!({ "executionArn": started.arn, "startDate": seconds(started.at) }))
}

/// Runs an express machine while its caller waits. Nothing of it is kept but what its tasks have used.
pub(super) async fn start_sync(house: &Arc<House>, caller: &Caller, asked: StartOne) -> Answered {
    let metadata_only = asked.included_data.as_deref() == Some("METADATA_ONLY");
    let given = asked.state_machine_arn.clone();
    let asked = asked.check(caller)?;
    start::admit(house, caller.organisation)?;
    let Thing::Machine { name, qualifier } = asked.machine.thing.clone() else { return Err(machines::missing(&given)) };
    let (of, arn, draw) = (caller.clone(), asked.machine.clone(), start::random() % 100);
    let found = house
        .read(move |db| {
            let Some(machine) = machines::find(db, &of, &arn, &name)? else { return Ok(None) };
            let draw = || u32::try_from(draw).unwrap_or_default();
            Ok(super::resolve(db, &machine, qualifier.as_ref(), draw)?.map(|frozen| (machine, frozen)))
        })
        .await?;
    let Some((machine, frozen)) = found else { return Err(machines::missing(&given)) };
    if machine.kind != "EXPRESS" {
        let text = "This operation is not supported by this type of state machine";
        return Err(OperationError::new("StateMachineTypeNotSupported", text));
    }
    let definition = house.machine(frozen.definition).await.map_err(|error| {
        tracing::error!(%error, "a definition could not be loaded");
        OperationError::new("InternalFailure", "The definition could not be loaded.")
    })?;
    let seed = start::random();
    let name = asked.name.unwrap_or_else(machines::uuid);
    let thing = Thing::Express { machine: machine.name.clone(), name: name.clone(), id: format!("{seed:016x}") };
    let arn = Arn { region: caller.region.clone(), account: caller.account.clone(), thing }.to_string();
    let began = house.clock.now();
    let context = asl::Context {
        execution_id: arn.clone(),
        execution_name: name.clone(),
        started_at: began,
        role_arn: Some(frozen.role_arn).filter(|role| !role.is_empty()),
        machine_id: machine.arn(None),
        machine_name: machine.name.clone(),
        seed,
        ..asl::Context::default()
    };
    let owner = Owner { organisation: caller.organisation, account: caller.account.clone() };
    let role_arn = context.role_arn.as_deref().map(Arc::from);
    let tasks = ExpressTasks::new(house, 0, owner, (&arn, Behind { origin: None, role_arn }));
    let input = Arc::new(serde_json::from_str(&asked.input).unwrap_or_default());
    let outcome = waited_for(house, tasks, definition, (input, context)).await?;
    let mut answer = json!({ "executionArn": arn, "stateMachineArn": machine.arn(None), "name": name });
    timed(&mut answer, began, house.clock.now());
    conclude(&mut answer, outcome);
    answer["input"] = json!(asked.input);
    for (document, details) in [("input", "inputDetails"), ("output", "outputDetails")] {
        let is_there = answer.get(document).is_some();
        if is_there {
            answer[details] = json!({ "included": !metadata_only });
        }
        if metadata_only && let Some(members) = answer.as_object_mut() {
            members.shift_remove(document);
        }
    }
    Ok(answer)
}

/// When it ran, and how much of it is billed: in steps of 100 ms, as AWS does.
fn timed(answer: &mut Value, began: Timestamp, ended: Timestamp) {
    let millis = ended.since(began).as_millis();
    answer["startDate"] = seconds(began);
    answer["stopDate"] = seconds(ended);
    answer["billingDetails"] = json!({
        "billedMemoryUsedInMB": 64,
        "billedDurationInMilliseconds": u64::try_from(millis.div_ceil(100) * 100).unwrap_or(u64::MAX),
    });
}

/// How it ended.
fn conclude(answer: &mut Value, outcome: Outcome) {
    match outcome {
        Outcome::Succeeded(output) => {
            answer["status"] = json!("SUCCEEDED");
            answer["output"] = json!(output.to_string());
        }
        Outcome::Failed { error, cause } => {
            answer["status"] = json!("FAILED");
            put(answer, "error", error);
            put(answer, "cause", cause);
        }
        Outcome::TimedOut => answer["status"] = json!("TIMED_OUT"),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Describe {
    execution_arn: String,
    included_data: Option<String>,
}

pub(super) async fn describe(house: &Arc<House>, caller: &Caller, asked: Describe) -> Answered {
    let metadata_only = asked.included_data.as_deref() == Some("METADATA_ONLY");
    let (machine, record) = find_one(house, caller, &asked.execution_arn).await?;
    let mut answer = json!({
        "executionArn": asked.execution_arn, "stateMachineArn": machine.arn(None), "name": record.name,
        "status": record.shown_status(), "startDate": seconds(record.started),
        "inputDetails": { "included": !metadata_only }, "redriveCount": record.redrives,
    });
    if let Some(redriven) = record.redriven {
        answer["redriveDate"] = seconds(redriven);
    }
    let seq = record.seq;
    let of_run = record.map_run.as_ref().map(|(id, _)| *id);
    let (kept, run) = house
        .read(move |db| {
            let run = of_run.map(|id| sql::map_runs::by_id(db, id)).transpose()?.flatten();
            Ok((sql::executions::cursor(db, seq)?, run))
        })
        .await?;
    if let Some(run) = run {
        answer["mapRunArn"] = json!(map_runs::arn(&machine, &run));
    }
    match redrive::refusal(&machine, &record, kept.as_deref(), house.clock.now()) {
        None => answer["redriveStatus"] = json!("REDRIVABLE"),
        Some(why) if why == redrive::BY_MAP_RUN => answer["redriveStatus"] = json!("REDRIVABLE_BY_MAP_RUN"),
        Some(why) => {
            answer["redriveStatus"] = json!("NOT_REDRIVABLE");
            answer["redriveStatusReason"] = json!(why);
        }
    }
    if !metadata_only {
        answer["input"] = json!(record.input);
    }
    if record.status == "SUCCEEDED" {
        answer["outputDetails"] = json!({ "included": !metadata_only });
        put(&mut answer, "output", record.output.filter(|_| !metadata_only));
    }
    put(&mut answer, "error", record.error);
    put(&mut answer, "cause", record.cause);
    put(&mut answer, "traceHeader", record.trace_header);
    if let Some(stopped) = record.stopped {
        answer["stopDate"] = seconds(stopped);
    }
    if let Some(version) = record.version {
        answer["stateMachineVersionArn"] = json!(machine.arn(Some(Qualifier::Version(version))));
    }
    if let Some(alias) = record.alias {
        answer["stateMachineAliasArn"] = json!(machine.arn(Some(Qualifier::Alias(alias))));
    }
    Ok(answer)
}

fn put(answer: &mut Value, member: &str, text: Option<String>) {
    if let Some(text) = text {
        answer[member] = Value::String(text);
    }
}

/// The caller's execution of this ARN, and its machine.
pub(super) async fn find_one(
    house: &Arc<House>,
    caller: &Caller,
    text: &str,
) -> Result<(sql::machines::Machine, Record), OperationError> {
    let (arn, machine, name) = check::execution_arn(text)?;
    let caller = caller.clone();
    let found = house
        .read(move |db| {
            if !caller.may_own(&arn) {
                return Ok(None);
            }
            let place = (&*caller.organisation.to_string(), &*caller.region);
            let Some(record) = sql::executions::find(db, place, &machine, &name)? else { return Ok(None) };
            Ok(sql::machines::by_id(db, record.machine)?.map(|machine| (machine, record)))
        })
        .await?;
    found.ok_or_else(|| missing(text))
}

fn missing(arn: &str) -> OperationError {
    OperationError::new("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stop {
    execution_arn: String,
    error: Option<String>,
    cause: Option<String>,
}

pub(super) async fn stop(house: &Arc<House>, caller: &Caller, asked: Stop) -> Answered {
    check::length(asked.error.as_deref().unwrap_or_default(), "error", check::ERROR_MAX)?;
    check::length(asked.cause.as_deref().unwrap_or_default(), "cause", check::CAUSE_MAX)?;
    let (_, record) = find_one(house, caller, &asked.execution_arn).await?;
    let (now, seq, caller) = (house.clock.now(), record.seq, caller.clone());
    let (stopped_at, stopped) = house
        .write(move |db| {
            let mut stopped = Vec::new();
            let why = (now, asked.error.as_deref(), asked.cause.as_deref());
            abort(db, seq, why, &mut stopped)?;
            if !stopped.is_empty() {
                // The cause is a text of people's.
                let after = json!({ "status": "ABORTED", "error": asked.error, "executions": stopped.len() });
                let turn = (Some(json!({ "status": "RUNNING" })), Some(after));
                acts::note(db, (&caller, now), ("execution.stop", asked.execution_arn), turn)?;
            }
            let record = sql::executions::by_seq(db, seq)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            Ok::<_, Refusal>((record.stopped.unwrap_or(now), stopped))
        })
        .await?;
    for one in stopped {
        house.stop(one);
    }
    Ok(json!({ "stopDate": seconds(stopped_at) }))
}

/// Fails an execution that the host cannot run: its runner panics each time. Answers with the execution that waits for it, and
/// with the jobs that it waited for.
pub(crate) fn fail_lost(
    db: &Connection,
    (seq, epoch): (i64, i64),
    now: Timestamp,
) -> Result<(Option<i64>, Vec<Submitted>), rusqlite::Error> {
    let Some(facts) = sql::steps::load(db, seq, epoch)? else { return Ok((None, Vec::new())) };
    let (error, cause) = ("States.Runtime", "The host failed while it ran this execution.");
    let mut cursor = match &facts.frames {
        Some((_, text)) => Cursor::read(text).map_err(sql::broken)?,
        None => Cursor::started(facts.started),
    };
    let jobs = open_jobs(db, seq, &cursor)?;
    let event = (cursor.last() + 1, cursor.fail(now, error, cause));
    let until = (!facts.is_express).then(|| redrive::until(now));
    let kept = until.map(|until| cursor.text().map(|text| (until, text)).map_err(sql::broken)).transpose()?;
    let closing = Closing {
        status: "FAILED",
        output: None,
        error: Some(error.to_owned()),
        cause: Some(cause.to_owned()),
        until,
        parent: None,
    };
    sql::executions::end(db, (seq, "FAILED"), (now, Some(error), Some(cause)), event, kept)?;
    let arn = crate::standard::arn(&facts);
    let told = start::tell_parent(&facts, &arn, now, &closing);
    if let Some((parent, letter)) = &told {
        sql::steps::tell(db, *parent, letter)?;
    }
    Ok((told.map(|(parent, _)| parent), jobs))
}

/// Ends a running execution and those that it has started and waits for. One that has ended stays as it is.
pub(crate) fn abort(
    db: &Connection,
    seq: i64,
    (now, error, cause): (Timestamp, Option<&str>, Option<&str>),
    stopped: &mut Vec<Stopped>,
) -> Result<(), Refusal> {
    let mut to_stop = vec![seq];
    while let Some(seq) = to_stop.pop() {
        let Some(record) = sql::executions::by_seq(db, seq)?.filter(|record| record.status == "RUNNING") else {
            continue;
        };
        let mut cursor = match sql::executions::cursor(db, seq)? {
            Some(text) => Cursor::read(&text).map_err(sql::broken)?,
            None => Cursor::started(record.started),
        };
        to_stop.extend(sql::executions::children(db, seq)?);
        let jobs = open_jobs(db, seq, &cursor)?;
        let event = (cursor.last() + 1, cursor.abort(now, error, cause));
        let kept = redrive::kept(&record, now, &cursor)?;
        sql::executions::end(db, (seq, "ABORTED"), (now, error, cause), event, kept)?;
        stopped.push(Stopped { seq, jobs });
    }
    Ok(())
}
