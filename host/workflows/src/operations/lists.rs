//! Executions in lists: of a machine, or the children of a map run.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use stepfunctions::{OperationError, Page, Qualifier, Thing, check, seconds};

use super::{Answered, Caller, machines, map_runs};
use crate::sql;
use crate::sql::listing::Line;
use crate::sql::map_runs::MapRun;
use crate::standard::House;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    state_machine_arn: Option<String>,
    map_run_arn: Option<String>,
    status_filter: Option<String>,
    redrive_filter: Option<String>,
    max_results: Option<u32>,
    next_token: Option<String>,
}

const STATUSES: [&str; 6] = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"];

pub(super) async fn list(house: &Arc<House>, caller: &Caller, asked: List) -> Answered {
    let (given, of_run) = match (asked.state_machine_arn, asked.map_run_arn) {
        (Some(arn), None) => (arn, None),
        (None, Some(arn)) => {
            let found = map_runs::find(house, caller, &arn).await?;
            (found.machine.arn(None), Some(found))
        }
        _ => {
            let text = "Exactly one of stateMachineArn and mapRunArn must be given";
            return Err(OperationError::validation(text));
        }
    };
    if let Some(status) = asked.status_filter.as_deref().filter(|status| !STATUSES.contains(status)) {
        let why = format!("Member must satisfy enum value set: [{}]", STATUSES.join(", "));
        return Err(check::constraint(status, "statusFilter", &why));
    }
    let redriven = match asked.redrive_filter.as_deref() {
        None => None,
        Some("REDRIVEN") => Some(true),
        Some("NOT_REDRIVEN") => Some(false),
        Some(other) => {
            let why = "Member must satisfy enum value set: [REDRIVEN, NOT_REDRIVEN]";
            return Err(check::constraint(other, "redriveFilter", why));
        }
    };
    let arn = check::machine_arn(&given)?;
    let Thing::Machine { name, qualifier } = arn.thing.clone() else { return Err(machines::missing(&given)) };
    let map_run = of_run.as_ref().map(|found| found.run.id);
    let in_list = of_run.as_ref().map(|found| found.machine.clone());
    let list = format!("executions {} {arn} {:?} {redriven:?} {map_run:?}", caller.organisation, asked.status_filter);
    let page = Page::of(list, (asked.max_results, asked.next_token.as_deref()), house.clock.now())?;
    let before = page.after.parse().unwrap_or(i64::MAX);
    let (size, caller, status) = (page.size, caller.clone(), asked.status_filter);
    let found = house
        .read(move |db| {
            let machine = match &in_list {
                // A machine that is being deleted has its executions still.
                Some(machine) => Some(machine.clone()),
                None => machines::find(db, &caller, &arn, &name)?,
            };
            let Some(machine) = machine else { return Ok(None) };
            let mut of =
                sql::listing::Of { machine: machine.id, map_run, status, redriven, version: None, alias: None };
            match qualifier {
                Some(Qualifier::Version(number)) => of.version = Some(number),
                Some(Qualifier::Alias(alias)) => of.alias = Some(alias),
                None => {}
            }
            let lines = sql::listing::executions(db, &of, before, size + 1)?;
            Ok(Some((machine, lines)))
        })
        .await?;
    let Some((machine, lines)) = found else { return Err(machines::missing(&given)) };
    if machine.kind == "EXPRESS" {
        let text = "This operation is not supported by this type of state machine";
        return Err(OperationError::new("StateMachineTypeNotSupported", text));
    }
    Ok(page.answer(
        "executions",
        &lines,
        |line| line.seq.to_string(),
        |line| shown(&machine, line, of_run.as_ref().map(|found| &found.run)),
    ))
}

/// One line of a list.
fn shown(machine: &sql::machines::Machine, line: &Line, run: Option<&MapRun>) -> Value {
    let labelled = run.map_or_else(|| machine.name.clone(), |run| format!("{}/{}", machine.name, run.label));
    let child = (&*line.name, line.is_express, line.seed);
    let arn = crate::map_runs::child_arn((&machine.region, &machine.account), labelled, child);
    let mut shown = json!({
        "executionArn": arn, "stateMachineArn": machine.arn(None), "name": line.name,
        "status": line.status, "startDate": seconds(line.started), "redriveCount": line.redrives,
    });
    if let Some(run) = run {
        shown["mapRunArn"] = json!(map_runs::arn(machine, run));
        shown["itemCount"] = json!(line.items);
    }
    if let Some(redriven) = line.redriven {
        shown["redriveDate"] = seconds(redriven);
    }
    if let Some(stopped) = line.stopped {
        shown["stopDate"] = seconds(stopped);
    }
    if let Some(version) = line.version {
        shown["stateMachineVersionArn"] = json!(machine.arn(Some(Qualifier::Version(version))));
    }
    if let Some(alias) = &line.alias {
        shown["stateMachineAliasArn"] = json!(machine.arn(Some(Qualifier::Alias(alias.clone()))));
    }
    shown
}
