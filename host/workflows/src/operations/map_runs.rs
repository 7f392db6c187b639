//! Map runs: described, listed, changed.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use stepfunctions::{Arn, OperationError, Page, Thing, check, seconds};

use super::executions::find_one;
use super::{Answered, Caller, Refusal};
use crate::acts;
use crate::sql;
use crate::sql::executions::Record;
use crate::sql::machines::Machine;
use crate::sql::map_runs::{MapRun, PENDING_REDRIVE, Tolerance};
use crate::standard::House;

/// A map run with the execution that began it, and its machine.
pub(super) struct Found {
    pub(super) run: MapRun,
    pub(super) machine: Machine,
    execution: Record,
}

/// The caller's map run of this ARN.
pub(super) async fn find(house: &Arc<House>, caller: &Caller, text: &str) -> Result<Found, OperationError> {
    let arn = Arn::parse(text).ok_or_else(|| check::invalid_arn(text))?;
    let Thing::MapRun { machine: labelled, name } = arn.thing.clone() else { return Err(check::invalid_arn(text)) };
    let caller = caller.clone();
    let found = house.read(move |db| {
        let Some(run) = sql::map_runs::by_name(db, &name)? else { return Ok(None) };
        let Some(execution) = sql::executions::by_seq(db, run.execution)? else { return Ok(None) };
        let (organisation, _) = sql::executions::owner(db, run.execution)?;
        let Some(machine) = sql::machines::by_id(db, execution.machine)? else { return Ok(None) };
        let is_it = caller.may_own(&arn)
            && organisation == caller.organisation.to_string()
            && machine.region == caller.region
            && format!("{}/{}", machine.name, run.label) == labelled;
        Ok(is_it.then_some(Found { run, machine, execution }))
    });
    found.await?.ok_or_else(|| {
        OperationError::new("ResourceNotFound", format!("Resource not found: '{text}'")).with("resourceName", text)
    })
}

/// The ARN of a map run.
pub(super) fn arn(machine: &Machine, run: &MapRun) -> String {
    named(machine, &run.label, &run.name)
}

fn named(machine: &Machine, label: &str, name: &str) -> String {
    let thing = Thing::MapRun { machine: format!("{}/{label}", machine.name), name: name.to_owned() };
    Arn { region: machine.region.clone(), account: machine.account.clone(), thing }.to_string()
}

/// As callers know it.
fn status(run: &MapRun) -> &str {
    match &*run.status {
        "FAILING" => "RUNNING",
        "ABORTING" => "ABORTED",
        other => other,
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Describe {
    map_run_arn: String,
}

pub(super) async fn describe(house: &Arc<House>, caller: &Caller, asked: Describe) -> Answered {
    let Found { run, machine, execution } = find(house, caller, &asked.map_run_arn).await?;
    let id = run.id;
    let counts = house.read(move |db| sql::map_runs::counts(db, id)).await?;
    let (mut children, mut items) = (Counts::default(), Counts::default());
    for (status, count, of_items) in &counts {
        children.add(status, *count);
        items.add(status, *of_items);
    }
    let written = status(&run) == "SUCCEEDED";
    let redrivable = matches!(&*run.status, "FAILED" | "ABORTED");
    let parent = Thing::Execution { machine: machine_name(&machine, &execution), name: execution.name.clone() };
    let parent = Arn { region: machine.region.clone(), account: machine.account.clone(), thing: parent };
    let mut answer = json!({
        "mapRunArn": arn(&machine, &run), "executionArn": parent.to_string(), "status": status(&run),
        "startDate": seconds(run.started), "maxConcurrency": run.tolerance.most,
        "toleratedFailureCount": run.tolerance.count, "toleratedFailurePercentage": run.tolerance.percent,
        "itemCounts": items.shown((written, redrivable)), "executionCounts": children.shown((written, redrivable)),
        "redriveCount": run.redrives,
    });
    if let Some(stopped) = run.stopped {
        answer["stopDate"] = seconds(stopped);
    }
    if let Some(redriven) = run.redriven {
        answer["redriveDate"] = seconds(redriven);
    }
    Ok(answer)
}

/// The machine's name, with the label where the execution is itself a child.
fn machine_name(machine: &Machine, execution: &Record) -> String {
    match &execution.map_run {
        Some((_, label)) => format!("{}/{label}", machine.name),
        None => machine.name.clone(),
    }
}

#[derive(Debug, Default)]
struct Counts {
    running: u64,
    succeeded: u64,
    failed: u64,
    timed_out: u64,
    aborted: u64,
    pending_redrive: u64,
}

impl Counts {
    fn add(&mut self, status: &str, count: u64) {
        match status {
            "SUCCEEDED" => self.succeeded = count,
            "FAILED" => self.failed = count,
            "TIMED_OUT" => self.timed_out = count,
            "ABORTED" => self.aborted = count,
            PENDING_REDRIVE => self.pending_redrive = count,
            _ => self.running = count,
        }
    }

    fn shown(&self, (written, redrivable): (bool, bool)) -> Value {
        let unsuccessful = self.failed + self.timed_out + self.aborted;
        let total = unsuccessful + self.pending_redrive + self.running + self.succeeded;
        json!({
            "pending": 0, "running": self.running, "succeeded": self.succeeded, "failed": self.failed,
            "timedOut": self.timed_out, "aborted": self.aborted,
            "total": total,
            "resultsWritten": if written { unsuccessful + self.succeeded } else { 0 },
            "failuresNotRedrivable": if redrivable { 0 } else { unsuccessful }, "pendingRedrive": self.pending_redrive,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    execution_arn: String,
    max_results: Option<u32>,
    next_token: Option<String>,
}

pub(super) async fn list(house: &Arc<House>, caller: &Caller, asked: List) -> Answered {
    let (machine, record) = find_one(house, caller, &asked.execution_arn).await?;
    let seq = record.seq;
    let list = format!("map runs {} {seq}", caller.organisation);
    let page = Page::of(list, (asked.max_results, asked.next_token.as_deref()), house.clock.now())?;
    let (before, size) = (page.after.parse().unwrap_or(i64::MAX), page.size);
    let runs = house.read(move |db| sql::map_runs::of_execution(db, seq, before, size + 1)).await?;
    let shown = |run: &MapRun| {
        let mut shown = json!({
            "executionArn": asked.execution_arn, "mapRunArn": arn(&machine, run),
            "stateMachineArn": machine.arn(None), "startDate": seconds(run.started),
        });
        if let Some(stopped) = run.stopped {
            shown["stopDate"] = seconds(stopped);
        }
        shown
    };
    Ok(page.answer("mapRuns", &runs, |run| run.id.to_string(), shown))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update {
    map_run_arn: String,
    max_concurrency: Option<u32>,
    tolerated_failure_count: Option<u32>,
    tolerated_failure_percentage: Option<f64>,
}

pub(super) async fn update(house: &Arc<House>, caller: &Caller, asked: Update) -> Answered {
    let Found { run, .. } = find(house, caller, &asked.map_run_arn).await?;
    let refused = |text: &str, reason: &str| OperationError::validation(text).with("reason", reason);
    if let Some(percent) = asked.tolerated_failure_percentage.filter(|percent| !(0.0..=100.0).contains(percent)) {
        let why = "Member must have value between 0 and 100";
        return Err(check::constraint(&percent.to_string(), "toleratedFailurePercentage", why));
    }
    let (most, count) = (asked.max_concurrency, asked.tolerated_failure_count);
    if most.is_none() && count.is_none() && asked.tolerated_failure_percentage.is_none() {
        return Err(refused("One of the members to change must be given", "MISSING_REQUIRED_PARAMETER"));
    }
    let (id, caller, now) = (run.id, caller.clone(), house.clock.now());
    let changing = house.write(move |db| {
        let run = sql::map_runs::by_id(db, id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        if run.status != "RUNNING" {
            let text = "The Map Run has ended and cannot be changed";
            return Err(refused(text, "CANNOT_UPDATE_COMPLETED_MAP_RUN").into());
        }
        let tolerance = Tolerance {
            most: most.unwrap_or(run.tolerance.most),
            count: count.unwrap_or(run.tolerance.count),
            percent: asked.tolerated_failure_percentage.unwrap_or(run.tolerance.percent),
        };
        sql::map_runs::set_tolerance(db, id, tolerance)?;
        let turn = (Some(limits(run.tolerance)), Some(limits(tolerance)));
        acts::note(db, (&caller, now), ("map_run.change", asked.map_run_arn), turn)?;
        Ok::<_, Refusal>(())
    });
    changing.await?;
    house.mapped.notify_one();
    Ok(json!({}))
}

/// As an act shows them.
fn limits(tolerance: Tolerance) -> Value {
    json!({
        "max_concurrency": tolerance.most, "tolerated_failure_count": tolerance.count,
        "tolerated_failure_percentage": tolerance.percent,
    })
}
