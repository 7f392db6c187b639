//! Versions: a machine as it stood, never changed.

use std::sync::Arc;

use rusqlite::Connection;
use serde::Deserialize;
use serde_json::json;
use stepfunctions::{OperationError, Page, Qualifier, Thing, check, seconds};
use types::Timestamp;

use super::{Answered, Caller, Refusal, machines};
use crate::acts;
use crate::sql;
use crate::sql::machines::{Machine, Version};
use crate::standard::House;

/// Versions of one machine.
const MOST: u64 = 1_000;
/// What names the revision that a machine was created with.
const INITIAL: &str = "INITIAL";

/// What an execution that is started gets.
#[derive(Debug, Clone)]
pub(crate) struct Frozen {
    pub(crate) definition: i64,
    pub(crate) version: Option<u32>,
    pub(crate) alias: Option<String>,
    pub(crate) role_arn: String,
    pub(crate) settings: String,
    pub(crate) revision: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) created: Timestamp,
}

/// What a qualifier stands for: the machine as it is, one version, or one that an alias draws by `draw` out of 100.
pub(crate) fn resolve(
    db: &Connection,
    machine: &Machine,
    qualifier: Option<&Qualifier>,
    draw: impl FnOnce() -> u32,
) -> rusqlite::Result<Option<Frozen>> {
    let number = match qualifier {
        None => {
            return Ok(Some(Frozen {
                definition: machine.definition,
                version: None,
                alias: None,
                role_arn: machine.role_arn.clone(),
                settings: machine.settings.clone(),
                revision: machine.revision.clone(),
                description: None,
                created: machine.created,
            }));
        }
        Some(Qualifier::Version(number)) => *number,
        Some(Qualifier::Alias(name)) => {
            let Some(alias) = sql::aliases::find(db, machine.id, name)? else { return Ok(None) };
            if draw() < alias.weight { alias.first } else { alias.second.unwrap_or(alias.first) }
        }
    };
    let alias = match qualifier {
        Some(Qualifier::Alias(name)) => Some(name.clone()),
        _ => None,
    };
    let version = sql::machines::version_of(db, machine.id, number)?;
    Ok(version.map(|version| Frozen {
        definition: version.definition,
        version: Some(version.number),
        alias,
        role_arn: version.role_arn,
        settings: version.settings,
        revision: version.revision,
        description: Some(version.description),
        created: version.created,
    }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Publish {
    state_machine_arn: String,
    revision_id: Option<String>,
    description: Option<String>,
}

pub(super) async fn publish(house: &Arc<House>, caller: &Caller, asked: Publish) -> Answered {
    let arn = check::machine_arn(&asked.state_machine_arn)?;
    let Thing::Machine { name, qualifier: None } = arn.thing.clone() else {
        return Err(check::invalid_arn(&asked.state_machine_arn));
    };
    check::length(asked.description.as_deref().unwrap_or_default(), "description", 256)?;
    let (caller, now) = (caller.clone(), house.clock.now());
    let (machine, (number, created)) = house
        .write(move |db| {
            let machine = machines::own(db, &caller, &arn, &name)?;
            let told = (asked.revision_id.as_deref(), asked.description.as_deref());
            let version = publish_of(db, &caller, &machine, told, now)?;
            Ok::<_, Refusal>((machine, version))
        })
        .await?;
    Ok(json!({
        "stateMachineVersionArn": machine.arn(Some(Qualifier::Version(number))), "creationDate": seconds(created),
    }))
}

/// Publishes the machine as it stands; the version that there is of the same revision, if there is one.
pub(super) fn publish_of(
    db: &Connection,
    caller: &Caller,
    machine: &Machine,
    (revision, description): (Option<&str>, Option<&str>),
    now: Timestamp,
) -> Result<(u32, Timestamp), Refusal> {
    let current = machine.revision.as_deref().unwrap_or(INITIAL);
    if revision.is_some_and(|revision| revision != current) {
        let text = format!("The current revision of the state machine is {current}");
        return Err(OperationError::new("ConflictException", text).into());
    }
    let newest = sql::machines::versions(db, machine.id, u32::MAX, 1)?.pop();
    if let Some(known) = newest.filter(|newest| newest.revision == machine.revision) {
        if description.is_some_and(|description| description != known.description) {
            let text = "The revision was published before with another description";
            return Err(OperationError::new("ConflictException", text).into());
        }
        return Ok((known.number, known.created));
    }
    if sql::machines::count_versions(db, machine.id)? >= MOST {
        let text = format!("A state machine has at most {MOST} versions: delete some first");
        return Err(OperationError::new("ServiceQuotaExceededException", text).into());
    }
    let description = description.unwrap_or_default();
    let number = sql::machines::publish(db, machine, description, now)?;
    let mut after = acts::machine(db, caller, machine)?;
    after["description_sha256"] = json!(acts::sha256(description));
    let arn = machine.arn(Some(Qualifier::Version(number)));
    acts::note(db, (caller, now), ("version.publish", arn), (None, Some(after)))?;
    Ok((number, now))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    state_machine_arn: String,
    max_results: Option<u32>,
    next_token: Option<String>,
}

pub(super) async fn list(house: &Arc<House>, caller: &Caller, asked: List) -> Answered {
    let arn = check::machine_arn(&asked.state_machine_arn)?;
    let Thing::Machine { name, .. } = arn.thing.clone() else { unreachable_arn(&asked.state_machine_arn)? };
    let list = format!("versions {} {arn}", caller.organisation);
    let page = Page::of(list, (asked.max_results, asked.next_token.as_deref()), house.clock.now())?;
    let below = page.after.parse().unwrap_or(u32::MAX);
    let (size, caller) = (page.size, caller.clone());
    let found = house
        .read(move |db| {
            let Some(machine) = machines::find(db, &caller, &arn, &name)? else { return Ok(None) };
            let versions = sql::machines::versions(db, machine.id, below, size + 1)?;
            Ok(Some((machine, versions)))
        })
        .await?;
    let Some((machine, versions)) = found else { return Ok(json!({ "stateMachineVersions": [] })) };
    let shown = |version: &Version| {
        json!({
            "stateMachineVersionArn": machine.arn(Some(Qualifier::Version(version.number))),
            "creationDate": seconds(version.created),
        })
    };
    Ok(page.answer("stateMachineVersions", &versions, |version| version.number.to_string(), shown))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delete {
    state_machine_version_arn: String,
}

pub(super) async fn delete(house: &Arc<House>, caller: &Caller, asked: Delete) -> Answered {
    let arn = check::machine_arn(&asked.state_machine_version_arn)?;
    let Thing::Machine { name, qualifier: Some(Qualifier::Version(number)) } = arn.thing.clone() else {
        return Err(check::invalid_arn(&asked.state_machine_version_arn));
    };
    let (caller, now) = (caller.clone(), house.clock.now());
    house
        .write(move |db| {
            let Some(machine) = machines::find(db, &caller, &arn, &name)? else { return Ok(()) };
            if sql::aliases::of_version(db, machine.id, number)?.is_some() {
                let text = "The version is used by an alias: change or delete the alias first";
                return Err(OperationError::new("ConflictException", text).into());
            }
            let Some(version) = sql::machines::version_of(db, machine.id, number)? else { return Ok(()) };
            sql::machines::delete_version(db, machine.id, number)?;
            let before = json!({
                "organisation": caller.organisation, "role_arn": version.role_arn,
                "definition_sha256": sql::acts::definition_sha256(db, version.definition)?,
            });
            acts::note(db, (&caller, now), ("version.delete", arn.to_string()), (Some(before), None))?;
            Ok::<_, Refusal>(())
        })
        .await?;
    Ok(json!({}))
}

/// A machine's ARN always names a machine.
fn unreachable_arn<T>(text: &str) -> Result<T, OperationError> {
    Err(check::invalid_arn(text))
}
