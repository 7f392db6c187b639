//! Starting executions: for whoever asks, and for other executions.

use std::sync::Arc;

use asl::TaskId;
use express::TaskFailed;
use serde_json::{Value, json};
use stepfunctions::{Arn, OperationError, Qualifier, Thing, Until, seconds};
use tokio::sync::OwnedSemaphorePermit;
use types::{OrganisationId, Timestamp};

use crate::operations::{Caller, Refusal};
use crate::sql;
use crate::sql::executions::New;
use crate::sql::machines::Machine;
use crate::sql::steps::{Closing, Loaded, Parent};
use crate::standard::{Happened, House};
use crate::tally::By;
use crate::work::Job;

/// An execution that is to be started.
pub(crate) struct Start {
    pub(crate) caller: Caller,
    /// The machine, a version of it, or an alias.
    pub(crate) machine: Arn,
    pub(crate) name: Option<String>,
    pub(crate) input: String,
    pub(crate) trace_header: Option<String>,
    pub(crate) parent: Option<Parent>,
}

/// An execution that has been started, now or before.
#[derive(Debug, Clone)]
pub(crate) struct Started {
    pub(crate) arn: String,
    pub(crate) at: Timestamp,
    pub(crate) machine: Machine,
}

/// Starts an execution. Answers once it is on disk.
pub(crate) async fn execution(house: &Arc<House>, start: Start) -> Result<Started, OperationError> {
    run_new(house, By::Operation, async |epoch| write(house, start, epoch).await).await
}

/// Runs what `write` has written, if it is new: at once where there is room in memory. `write` is given the opening that
/// claims it, and answers with its number.
pub(crate) async fn run_new<T, E>(
    house: &Arc<House>,
    by: By,
    write: impl AsyncFnOnce(i64) -> Result<(Option<i64>, T), E>,
) -> Result<T, E> {
    let mut slot = house.try_slot();
    let epoch = if slot.is_some() { house.epoch } else { 0 };
    let (seq, started) = write(epoch).await?;
    if seq.is_some() {
        house.tally.started(by, 1);
    }
    match seq {
        Some(seq) => match slot.take() {
            Some(slot) => house.run(seq, slot),
            None => house.wake(seq),
        },
        None => drop::<Option<OwnedSemaphorePermit>>(slot),
    }
    Ok(started)
}

/// The number of the new execution, or none where it had been started before.
async fn write(house: &Arc<House>, start: Start, epoch: i64) -> Result<(Option<i64>, Started), OperationError> {
    let now = house.clock.now();
    let running_max = house.settings.running_max;
    let seed = random();
    let name = start.name.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let draw = u32::try_from(random() % 100).unwrap_or_default();
    let written = house.write(move |db| {
        let Start { caller, machine: arn, input, trace_header, parent, .. } = start;
        let Thing::Machine { name: machine, qualifier } = &arn.thing else { return Err(missing(&arn).into()) };
        let organisation = caller.organisation.to_string();
        let own = arn.account == caller.account && arn.region == caller.region;
        let place = (&*organisation, &*caller.region);
        let machine = if own { sql::machines::find(db, place, machine)? } else { None };
        let Some(machine) = machine else { return Err(missing(&arn).into()) };
        let Some(frozen) = crate::operations::resolve(db, &machine, qualifier.as_ref(), || draw)? else {
            return Err(missing(&arn).into());
        };
        let is_express = machine.kind == "EXPRESS";
        let named = if is_express {
            let (machine, name) = (machine.name.clone(), name.clone());
            Thing::Express { machine, name, id: format!("{seed:016x}") }
        } else {
            Thing::Execution { machine: machine.name.clone(), name: name.clone() }
        };
        let whole = Arn { region: caller.region.clone(), account: caller.account.clone(), thing: named }.to_string();
        if !is_express && let Some(known) = sql::executions::by_name(db, machine.id, &name)? {
            // The same once more, of a client or of a task that a crash has cut off, is the one that there is.
            let of_task = parent.is_some() && parent == known.parent;
            if of_task || (known.status == "RUNNING" && known.input == input && parent.is_none()) {
                return Ok((None, Started { arn: whole, at: known.started, machine }));
            }
            let text = format!("Execution Already Exists: '{whole}'");
            return Err(OperationError::new("ExecutionAlreadyExists", text).into());
        }
        if sql::executions::running(db, &organisation)? >= running_max {
            return Err(too_many(running_max).into());
        }
        let mut details = history::start_details(&input, &frozen.role_arn);
        if let Some(version) = frozen.version {
            details["stateMachineVersionArn"] = json!(machine.arn(Some(Qualifier::Version(version))));
        }
        if let Some(alias) = &frozen.alias {
            details["stateMachineAliasArn"] = json!(machine.arn(Some(Qualifier::Alias(alias.clone()))));
        }
        let new = New {
            machine: machine.id,
            name,
            definition: frozen.definition,
            version: frozen.version,
            alias: frozen.alias,
            is_express,
            at: now,
            input,
            trace_header,
            seed,
            parent,
            of_run: None,
            event: history::started(now, &details),
            epoch,
            origin: None,
        };
        let seq = sql::executions::insert(db, &new)?;
        Ok::<_, Refusal>((Some(seq), Started { arn: whole, at: now, machine }))
    });
    written.await
}

/// One more start of this organisation, unless it starts too fast.
pub(crate) fn admit(house: &House, organisation: OrganisationId) -> Result<(), OperationError> {
    house
        .starts
        .take(organisation, house.clock.moment())
        .map_err(|_| OperationError::new("ThrottlingException", "Rate exceeded"))
}

/// So many of an organisation's executions run already.
pub(crate) fn too_many(running_max: u64) -> OperationError {
    let text = format!("At most {running_max} executions of an organisation run at a time: try later");
    OperationError::new("ExecutionLimitExceeded", text)
}

fn missing(arn: &Arn) -> OperationError {
    OperationError::new("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"))
}

/// What a run draws everything that looks random from. Nobody outside can guess it.
pub(crate) fn random() -> u64 {
    let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
    let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
    // Six bits of a UUID are fixed; those of the two halves are not the same ones.
    high ^ low.rotate_left(32)
}

/// `startExecution` of a task.
pub(crate) struct StartChild<'j> {
    /// The execution that asks.
    pub(crate) seq: i64,
    pub(crate) task: TaskId,
    pub(crate) until: Until,
    pub(crate) job: &'j Job,
}

/// Starts an execution for another. Once, however often it is asked for the same task.
pub(crate) async fn child(house: &Arc<House>, start: StartChild<'_>) -> Result<Arc<Value>, TaskFailed> {
    let StartChild { seq, task, until, job } = start;
    let input = &job.task.input;
    let text = |name| input.get(name).and_then(Value::as_str);
    let Some(machine) = text("StateMachineArn").and_then(Arn::parse) else {
        return Err(failed("StateMachineArn", "must be the ARN of a state machine"));
    };
    let handed = match input.get("Input") {
        None => "{}".to_owned(),
        // A text is taken for the JSON that it holds.
        Some(Value::String(text)) if serde_json::from_str::<Value>(text).is_ok() => text.clone(),
        Some(value) => value.to_string(),
    };
    let name = match text("Name") {
        Some(name) if stepfunctions::is_name(name) => name.to_owned(),
        Some(_) => return Err(failed("Name", "is not the name of an execution")),
        // The same for each try of this one task.
        None => uuid_of(&format!("{}#{}", job.invocation_id, job.task.attempt)),
    };
    let mode = match until {
        Until::Ended => "text",
        Until::EndedParsed => "document",
        Until::Started | Until::Token => "none",
    };
    let caller = Caller {
        organisation: job.owner.organisation,
        account: job.owner.account.clone(),
        region: machine.region.clone(),
        actor: Caller::HOST.to_owned(),
    };
    let as_task = |error: OperationError| TaskFailed {
        error: format!("StepFunctions.{}Exception", error.name.trim_end_matches("Exception")).into(),
        cause: error.message,
    };
    admit(house, caller.organisation).map_err(as_task)?;
    let parent = (seq > 0).then(|| Parent { execution: seq, task: task.get(), mode: mode.to_owned() });
    let trace_header = None;
    let started = execution(house, Start { caller, machine, name: Some(name), input: handed, trace_header, parent })
        .await
        .map_err(as_task)?;
    if mode != "none" && started.machine.kind == "EXPRESS" {
        let cause = "express executions cannot be waited for by .sync".to_owned();
        return Err(TaskFailed { error: "States.TaskFailed".into(), cause });
    }
    Ok(Arc::new(json!({ "ExecutionArn": started.arn, "StartDate": seconds(started.at) })))
}

fn failed(member: &str, why: &str) -> TaskFailed {
    TaskFailed { error: "States.Runtime".into(), cause: format!("{member} {why}") }
}

/// A name that is always the same for the same text, in the form of a UUID.
pub(crate) fn uuid_of(text: &str) -> String {
    let digest = crate::standard::digest(text);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// What the task that started this execution is told at its end, if it waits for that.
pub(crate) fn tell_parent(facts: &Loaded, arn: &str, at: Timestamp, closing: &Closing) -> Option<(i64, String)> {
    let parent = facts.parent.as_ref().filter(|parent| parent.mode != "none")?;
    let parsed = parent.mode == "document";
    let shown = |text: &str| match serde_json::from_str(text) {
        Ok(value) if parsed => value,
        _ => Value::String(text.to_owned()),
    };
    let thing = Thing::Machine { name: facts.machine_name.clone(), qualifier: None };
    let machine = Arn { region: facts.region.clone(), account: facts.account.clone(), thing };
    let mut description = json!({
        "ExecutionArn": arn, "Input": shown(&facts.input), "InputDetails": { "Included": true }, "Name": facts.name,
        "StartDate": seconds(facts.started), "StateMachineArn": machine.to_string(), "Status": closing.status,
        "StopDate": seconds(at),
    });
    if let Some(output) = &closing.output {
        description["Output"] = shown(output);
        description["OutputDetails"] = json!({ "Included": true });
    }
    if let Some(error) = &closing.error {
        description["Error"] = json!(error);
    }
    if let Some(cause) = &closing.cause {
        description["Cause"] = json!(cause);
    }
    let told = if closing.status == "SUCCEEDED" {
        Happened::Succeeded { task: parent.task, output: description.to_string() }
    } else {
        let (error, cause) = ("States.TaskFailed".to_owned(), description.to_string());
        Happened::Failed { task: parent.task, error, cause }
    };
    Some((parent.execution, told.text(at)))
}
