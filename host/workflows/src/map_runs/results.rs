//! What a map run comes to: the outputs of its children in the order of their items, or objects that hold them.

use std::sync::Arc;

use objects::results::ResultWriter;
use objects::{ObjectError, Owned};
use serde_json::{Value, json};
use stepfunctions::{Arn, Thing, seconds};

use super::{DriveError, child_arn, fail};
use crate::operations::Refusal;
use crate::sql;
use crate::sql::machines::Machine;
use crate::sql::map_runs::{Child, MapRun};
use crate::standard::{Happened, House};

/// Children that are read at a time.
const READ_MAX: u32 = 100;
/// Bytes of the output of a state, and some: the state itself says when it is too much.
const OUTPUT_MAX: usize = 262_144 + 16;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Each child with all that is known of it.
    Whole,
    /// Outputs alone.
    Compact,
    /// Outputs alone, and the items of those that are arrays.
    Flat,
}

/// All children have ended, and not too many without success.
pub(super) async fn conclude(house: &Arc<House>, run: MapRun) -> Result<bool, DriveError> {
    let request: Value = serde_json::from_str(&run.request)?;
    let machine = {
        let execution = run.execution;
        house.store.read(move |db| machine_of(db, execution)).await?
    };
    let Some((machine, organisation)) = machine else { return Ok(false) };
    let writer = request.get("ResultWriter");
    let form = match writer.and_then(|writer| writer.pointer("/WriterConfig/Transformation")).and_then(Value::as_str) {
        Some("NONE") => Form::Whole,
        Some("FLATTEN") => Form::Flat,
        Some("COMPACT") => Form::Compact,
        _ if writer.is_some_and(|writer| writer.get("Resource").is_some()) => Form::Whole,
        _ => Form::Compact,
    };
    let output = if let Some(writer) = writer.filter(|writer| writer.get("Resource").is_some()) {
        let objects = house.objects.of(organisation.parse()?);
        let (task_house, task_run, writer) = (Arc::clone(house), run.clone(), writer.clone());
        let writing =
            tokio::task::spawn_blocking(move || write(&task_house, (&task_run, &machine), (&objects, &writer, form)));
        match writing.await? {
            Ok(output) => Ok(output),
            Err(WriteError::Drive(error)) => return Err(error),
            Err(WriteError::Object(error)) => Err(("States.ResultWriterFailed", error.to_string())),
        }
    } else {
        outputs(house, &run, (&machine, form)).await?.ok_or_else(|| {
            let cause = "The outputs of all children together are too large: add a 'ResultWriter'.".to_owned();
            ("States.DataLimitExceeded", cause)
        })
    };
    let output = match output {
        Ok(output) => output.to_string(),
        Err(broken) => return fail(house, &run, broken).await,
    };
    let (now, execution) = (house.clock.now(), run.execution);
    let letter = Happened::Succeeded { task: run.task, output }.text(now);
    let ending = house
        .store
        .write(move |db| sql::map_runs::end(db, &run, ("SUCCEEDED", now), Some(&letter)).map_err(Refusal::from));
    ending.await?;
    house.wake(execution);
    Ok(true)
}

fn machine_of(db: &rusqlite::Connection, execution: i64) -> rusqlite::Result<Option<(Machine, String)>> {
    let Some(record) = sql::executions::by_seq(db, execution)? else { return Ok(None) };
    let (organisation, _) = sql::executions::owner(db, execution)?;
    Ok(sql::machines::by_id(db, record.machine)?.map(|machine| (machine, organisation)))
}

/// What one child adds to the results.
fn results_of(child: &Child, machine: &Machine, (run, form): (&MapRun, Form)) -> Result<Vec<Value>, serde_json::Error> {
    let output = || child.record.output.as_deref().map(serde_json::from_str::<Value>).transpose();
    Ok(match form {
        Form::Whole => vec![described(child, machine, run)],
        Form::Compact => output()?.into_iter().collect(),
        Form::Flat => match output()? {
            Some(Value::Array(items)) => items,
            other => other.into_iter().collect(),
        },
    })
}

/// A child as AWS writes it.
fn described(child: &Child, machine: &Machine, run: &MapRun) -> Value {
    let (record, labelled) = (&child.record, format!("{}/{}", machine.name, run.label));
    let of = (&*record.name, record.is_express(), record.seed);
    let thing = Thing::Machine { name: labelled.clone(), qualifier: None };
    let arn = Arn { region: machine.region.clone(), account: machine.account.clone(), thing };
    let mut shown = json!({
        "ExecutionArn": child_arn((&machine.region, &machine.account), labelled, of), "Input": record.input,
        "InputDetails": { "Included": true }, "Name": record.name, "RedriveCount": record.redrives,
        "StartDate": seconds(record.started), "StateMachineArn": arn.to_string(), "Status": record.status,
    });
    if let Some(stopped) = record.stopped {
        shown["StopDate"] = seconds(stopped);
    }
    for (name, text) in [("Output", &record.output), ("Error", &record.error), ("Cause", &record.cause)] {
        if let Some(text) = text {
            shown[name] = json!(text);
        }
    }
    if record.output.is_some() {
        shown["OutputDetails"] = json!({ "Included": true });
    }
    shown
}

/// The outputs as one document; none when they are too large for it.
async fn outputs(
    house: &Arc<House>,
    run: &MapRun,
    (machine, form): (&Machine, Form),
) -> Result<Option<Value>, DriveError> {
    let (mut all, mut bytes, mut after) = (Vec::new(), 0, 0);
    loop {
        let id = run.id;
        let children = house.store.read(move |db| sql::map_runs::children(db, id, (true, after), READ_MAX)).await?;
        let Some(last) = children.last() else { return Ok(Some(Value::Array(all))) };
        after = last.seq;
        for child in &children {
            for result in results_of(child, machine, (run, form))? {
                bytes += result.to_string().len() + 1;
                if bytes > OUTPUT_MAX {
                    return Ok(None);
                }
                all.push(result);
            }
        }
    }
}

/// Why results were not written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error(transparent)]
    Drive(#[from] DriveError),
}

/// Writes the results as objects, and answers with the output of the state. Blocks.
fn write(
    house: &House,
    (run, machine): (&MapRun, &Machine),
    (objects, writer, form): (&Owned, &Value, Form),
) -> Result<Value, WriteError> {
    let writer = ResultWriter::of(writer, &run.name, objects);
    let mut files = json!({ "FAILED": [], "PENDING": [], "SUCCEEDED": [] });
    for (name, is_success) in [("SUCCEEDED", true), ("FAILED", false)] {
        // Of those that failed there is no output: they are told as a whole.
        let form = if is_success { form } else { Form::Whole };
        let mut sheets = writer.sheets(name);
        let mut after = 0;
        loop {
            let id = run.id;
            let read = house.store.read_blocking(|db| sql::map_runs::children(db, id, (is_success, after), READ_MAX));
            let children = read.map_err(DriveError::from)?;
            let Some(last) = children.last() else { break };
            after = last.seq;
            for child in &children {
                for result in results_of(child, machine, (run, form)).map_err(DriveError::from)? {
                    sheets.put(&result)?;
                }
            }
        }
        files[name] = Value::Array(sheets.finish()?);
    }
    let thing = Thing::MapRun { machine: format!("{}/{}", machine.name, run.label), name: run.name.clone() };
    let arn = Arn { region: machine.region.clone(), account: machine.account.clone(), thing }.to_string();
    Ok(writer.manifest(&arn, &files)?)
}
