//! State machines: created, changed, described, deleted.

use std::sync::Arc;

use asl::MachineKind;
use serde::Deserialize;
use serde_json::{Value, json};
use stepfunctions::{Arn, Configurations, OperationError, Page, Qualifier, Tag, Thing, check, seconds};

use super::definitions::parse;
use super::executions::find_one;
use super::{Answered, Caller, Refusal, tags, versions};
use crate::acts;
use crate::sql;
use crate::sql::machines::{Machine, New};
use crate::standard::House;

/// The operations that change machines.
pub(super) const CHANGES: [&str; 3] = ["CreateStateMachine", "UpdateStateMachine", "DeleteStateMachine"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    name: String,
    definition: String,
    role_arn: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(flatten)]
    beside: Configurations,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    publish: bool,
    version_description: Option<String>,
}

pub(super) async fn create(house: &Arc<House>, caller: &Caller, asked: Create) -> Answered {
    check::name(&asked.name)?;
    check::length(&asked.role_arn, "roleArn", 256)?;
    let kind = check::kind(asked.kind.as_deref())?;
    if asked.version_description.is_some() && !asked.publish {
        let text = "Version description can only be set when publish is set to true";
        return Err(OperationError::validation(text));
    }
    let description = asked.version_description.clone().unwrap_or_default();
    check::length(&description, "versionDescription", 256)?;
    Tag::check(&asked.tags)?;
    parse(asked.definition.clone(), kind).await?;
    let now = house.clock.now();
    let new = New {
        organisation: caller.organisation.to_string(),
        account: caller.account.clone(),
        region: caller.region.clone(),
        name: asked.name.clone(),
        kind: if kind == MachineKind::Express { "EXPRESS" } else { "STANDARD" },
        role_arn: asked.role_arn,
        settings: asked.beside.text(),
        definition: asked.definition,
        at: now,
    };
    let (publish, tags, by) = (asked.publish, asked.tags, caller.clone());
    let (machine, version) = house
        .write(move |db| {
            let (machine, is_new) = match sql::machines::find(db, (&new.organisation, &new.region), &new.name)? {
                Some(known) if known.is_same(db, &new)? => (known, false),
                Some(known) => {
                    let text = format!("State Machine Already Exists: '{}'", known.arn(None));
                    return Err(OperationError::new("StateMachineAlreadyExists", text).into());
                }
                None => {
                    let count = sql::machines::count(db, &new.organisation)?;
                    if count >= sql::machines::MOST {
                        let text = "State machine limit exceeded: delete some first";
                        return Err(OperationError::new("StateMachineLimitExceeded", text).into());
                    }
                    let id = sql::machines::insert(db, &new)?;
                    let machine = sql::machines::by_id(db, id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
                    (machine, true)
                }
            };
            if is_new {
                tags::put(db, ("machine", machine.id), &tags)?;
                let mut after = acts::machine(db, &by, &machine)?;
                after["tags"] = acts::tags(db, ("machine", machine.id))?;
                acts::note(db, (&by, new.at), ("machine.create", machine.arn(None)), (None, Some(after)))?;
            }
            let version = if publish {
                Some(versions::publish_of(db, &by, &machine, (None, Some(&description)), new.at)?.0)
            } else {
                None
            };
            Ok::<_, Refusal>((machine, version))
        })
        .await?;
    let mut answer = json!({ "stateMachineArn": machine.arn(None), "creationDate": seconds(machine.created) });
    if let Some(version) = version {
        answer["stateMachineVersionArn"] = json!(machine.arn(Some(Qualifier::Version(version))));
    }
    Ok(answer)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update {
    state_machine_arn: String,
    definition: Option<String>,
    role_arn: Option<String>,
    #[serde(flatten)]
    beside: Configurations,
    #[serde(default)]
    publish: bool,
    version_description: Option<String>,
}

pub(super) async fn update(house: &Arc<House>, caller: &Caller, asked: Update) -> Answered {
    let (arn, name) = plain(&asked.state_machine_arn)?;
    if asked.definition.is_none() && asked.role_arn.is_none() && asked.beside.is_empty() {
        let text = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified";
        return Err(OperationError::new("MissingRequiredParameter", text));
    }
    if asked.version_description.is_some() && !asked.publish {
        let text = "Version description can only be set when publish is set to true";
        return Err(OperationError::validation(text));
    }
    if let Some(role) = &asked.role_arn {
        check::length(role, "roleArn", 256)?;
    }
    let description = asked.version_description.clone().unwrap_or_default();
    check::length(&description, "versionDescription", 256)?;
    if let Some(definition) = &asked.definition {
        let (of, own, named) = (caller.clone(), arn.clone(), name.clone());
        let known = house.read(move |db| find(db, &of, &own, &named)).await?;
        let known = known.ok_or_else(|| missing(&asked.state_machine_arn))?;
        parse(definition.clone(), stepfunctions::kind_of(&known.kind)).await?;
    }
    let now = house.clock.now();
    let revision = uuid();
    let caller = caller.clone();
    let (machine, version) = house
        .write(move |db| {
            let known = own(db, &caller, &arn, &name)?;
            let before = acts::machine(db, &caller, &known)?;
            let definition = match &asked.definition {
                Some(text) => sql::definition(db, text)?,
                None => known.definition,
            };
            let role_arn = asked.role_arn.as_deref().unwrap_or(&known.role_arn);
            let settings = asked.beside.over(&known.settings);
            sql::machines::update(db, known.id, (definition, role_arn, &settings, &revision), now)?;
            let machine = sql::machines::by_id(db, known.id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            let turn = (Some(before), Some(acts::machine(db, &caller, &machine)?));
            acts::note(db, (&caller, now), ("machine.change", machine.arn(None)), turn)?;
            let version = if asked.publish {
                Some(versions::publish_of(db, &caller, &machine, (None, Some(&description)), now)?.0)
            } else {
                None
            };
            Ok::<_, Refusal>((machine, version))
        })
        .await?;
    let mut answer = json!({ "updateDate": seconds(machine.updated) });
    if let Some(revision) = &machine.revision {
        answer["revisionId"] = json!(revision);
    }
    if let Some(version) = version {
        answer["stateMachineVersionArn"] = json!(machine.arn(Some(Qualifier::Version(version))));
    }
    Ok(answer)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Describe {
    state_machine_arn: String,
    included_data: Option<String>,
}

pub(super) async fn describe(house: &Arc<House>, caller: &Caller, asked: Describe) -> Answered {
    let arn = check::machine_arn(&asked.state_machine_arn)?;
    let metadata_only = asked.included_data.as_deref() == Some("METADATA_ONLY");
    let caller = caller.clone();
    let found = house
        .read(move |db| {
            let Thing::Machine { name, qualifier } = &arn.thing else { return Ok(None) };
            let Some(machine) = find(db, &caller, &arn, name)? else { return Ok(None) };
            let Some(frozen) = versions::resolve(db, &machine, qualifier.as_ref(), || 0)? else { return Ok(None) };
            let text = sql::definition_text(db, frozen.definition)?;
            Ok(Some((machine, qualifier.clone(), frozen, text)))
        })
        .await?;
    let Some((machine, qualifier, frozen, text)) = found else { return Err(missing(&asked.state_machine_arn)) };
    let mut answer = json!({
        "stateMachineArn": machine.arn(qualifier),
        "name": machine.name,
        "status": machine.status,
        "definition": if metadata_only { "" } else { &*text },
        "roleArn": frozen.role_arn,
        "type": machine.kind,
        "creationDate": seconds(frozen.created),
    });
    merge_settings(&mut answer, &frozen.settings);
    if let Some(revision) = &frozen.revision {
        answer["revisionId"] = json!(revision);
    }
    if let Some(description) = frozen.description.filter(|text| !text.is_empty()) {
        answer["description"] = json!(description);
    }
    Ok(answer)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfExecution {
    execution_arn: String,
    included_data: Option<String>,
}

pub(super) async fn of_execution(house: &Arc<House>, caller: &Caller, asked: OfExecution) -> Answered {
    let metadata_only = asked.included_data.as_deref() == Some("METADATA_ONLY");
    let (machine, execution) = find_one(house, caller, &asked.execution_arn).await?;
    let definition = execution.definition;
    let text = house.read(move |db| sql::definition_text(db, definition)).await?;
    let mut answer = json!({
        "stateMachineArn": machine.arn(execution.version.map(Qualifier::Version)),
        "name": machine.name,
        "definition": if metadata_only { "" } else { &*text },
        "roleArn": machine.role_arn,
        "updateDate": seconds(machine.updated),
    });
    if let Some((id, label)) = &execution.map_run {
        let id = *id;
        let run = house.read(move |db| sql::map_runs::by_id(db, id)).await?;
        answer["label"] = json!(label);
        answer["mapRunArn"] = json!(run.map(|run| super::map_runs::arn(&machine, &run)));
    }
    merge_settings(&mut answer, &machine.settings);
    if let Some(revision) = &machine.revision {
        answer["revisionId"] = json!(revision);
    }
    Ok(answer)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    max_results: Option<u32>,
    next_token: Option<String>,
}

pub(super) async fn list(house: &Arc<House>, caller: &Caller, asked: List) -> Answered {
    let (organisation, region) = (caller.organisation.to_string(), caller.region.clone());
    let list = format!("machines {organisation} {region}");
    let page = Page::of(list, (asked.max_results, asked.next_token.as_deref()), house.clock.now())?;
    let (after, size) = (page.after.clone(), page.size);
    let machines = house.read(move |db| sql::machines::list(db, (&organisation, &region), &after, size + 1)).await?;
    let shown = |machine: &Machine| {
        json!({
            "stateMachineArn": machine.arn(None), "name": machine.name, "type": machine.kind,
            "creationDate": seconds(machine.created),
        })
    };
    Ok(page.answer("stateMachines", &machines, |machine| machine.name.clone(), shown))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delete {
    state_machine_arn: String,
}

/// A machine goes at once; what runs of it is stopped, in commits that are not too long for others.
pub(super) async fn delete(house: &Arc<House>, caller: &Caller, asked: Delete) -> Answered {
    let (arn, name) = plain(&asked.state_machine_arn)?;
    let (caller, now) = (caller.clone(), house.clock.now());
    let deleted = house.write(move |db| {
        let Some(machine) = find(db, &caller, &arn, &name)? else { return Ok(None) };
        let before = acts::machine(db, &caller, &machine)?;
        sql::machines::delete(db, machine.id)?;
        acts::note(db, (&caller, now), ("machine.delete", machine.arn(None)), (Some(before), None))?;
        Ok::<_, Refusal>(Some(machine.id))
    });
    if let Some(machine) = deleted.await? {
        stop_all(house, machine).await?;
    }
    Ok(json!({}))
}

/// Stops all that runs of a machine that is deleted.
pub(crate) async fn stop_all(house: &Arc<House>, machine: i64) -> Result<(), OperationError> {
    let now = house.clock.now();
    loop {
        let stopping = house.write(move |db| {
            let mut stopped = Vec::new();
            for seq in sql::machines::running(db, machine)? {
                super::executions::abort(db, seq, (now, None, None), &mut stopped)?;
            }
            Ok::<_, Refusal>(stopped)
        });
        let stopped = stopping.await?;
        // What is left is stopped at the next start.
        if stopped.is_empty() || house.closing.is_cancelled() {
            return Ok(());
        }
        for one in stopped {
            house.stop(one);
        }
    }
}

/// The machine that an ARN without a version names.
fn plain(text: &str) -> Result<(Arn, String), OperationError> {
    let arn = check::machine_arn(text)?;
    match &arn.thing {
        Thing::Machine { name, qualifier: None } => {
            let name = name.clone();
            Ok((arn, name))
        }
        _ => Err(OperationError::validation(format!("Version or alias ARN is not supported here: '{text}'"))
            .with("reason", "API_DOES_NOT_SUPPORT_QUALIFIED_ARNS")),
    }
}

pub(super) fn missing(arn: &str) -> OperationError {
    let shown: String = arn.chars().take(300).collect();
    OperationError::new("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{shown}'"))
}

/// The caller's machine of this name.
pub(super) fn find(
    db: &rusqlite::Connection,
    caller: &Caller,
    arn: &Arn,
    name: &str,
) -> rusqlite::Result<Option<Machine>> {
    if !caller.may_own(arn) {
        return Ok(None);
    }
    sql::machines::find(db, (&caller.organisation.to_string(), &caller.region), name)
}

/// [`find`], or the error that says that there is none.
pub(super) fn own(db: &rusqlite::Connection, caller: &Caller, arn: &Arn, name: &str) -> Result<Machine, Refusal> {
    find(db, caller, arn, name)?.ok_or_else(|| missing(&arn.to_string()).into())
}

fn merge_settings(answer: &mut Value, settings: &str) {
    if let Ok(Value::Object(settings)) = serde_json::from_str(settings)
        && let Some(members) = answer.as_object_mut()
    {
        members.extend(settings);
    }
}

/// A version 4 UUID.
pub(super) fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}
