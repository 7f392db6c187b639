//! Aliases: a name for one version of a machine, or for two by weight.

use std::sync::Arc;

use rusqlite::Connection;
use serde::Deserialize;
use serde_json::json;
use stepfunctions::{Arn, OperationError, Page, Qualifier, Route, Routing, Thing, check, seconds};

use super::{Answered, Caller, Refusal, machines};
use crate::acts;
use crate::sql;
use crate::sql::aliases::Alias;
use crate::sql::machines::Machine;
use crate::standard::House;

/// Aliases of one machine.
const MOST: u64 = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    name: String,
    routing_configuration: Vec<Route>,
    description: Option<String>,
}

fn check_versions(db: &Connection, machine: &Machine, routing: &Routing) -> Result<(), Refusal> {
    for number in [Some(routing.first), routing.second].into_iter().flatten() {
        if sql::machines::version_of(db, machine.id, number)?.is_none() {
            let arn = machine.arn(Some(Qualifier::Version(number)));
            return Err(missing(&arn).into());
        }
    }
    Ok(())
}

pub(super) async fn create(house: &Arc<House>, caller: &Caller, asked: Create) -> Answered {
    check::alias_name(&asked.name)?;
    let description = asked.description.clone().unwrap_or_default();
    check::length(&description, "description", 256)?;
    let routing = Routing::read(&asked.routing_configuration)?;
    let (caller, now) = (caller.clone(), house.clock.now());
    let (machine, alias) = house
        .write(move |db| {
            let Some(machine) = machines::find(db, &caller, &routing.arn, &routing.machine)? else {
                return Err(missing(&routing.arn.to_string()).into());
            };
            check_versions(db, &machine, &routing)?;
            let new = Alias {
                name: asked.name.clone(),
                description,
                first: routing.first,
                weight: routing.weight,
                second: routing.second,
                created: now,
                updated: now,
            };
            if let Some(known) = sql::aliases::find(db, machine.id, &asked.name)? {
                let again = Alias { created: known.created, updated: known.updated, ..new };
                if again == known {
                    return Ok((machine, known));
                }
                let text = format!("There is an alias {} with other values: update it", asked.name);
                return Err(OperationError::new("ConflictException", text).into());
            }
            if sql::aliases::count(db, machine.id)? >= MOST {
                let text = format!("A state machine has at most {MOST} aliases: delete some first");
                return Err(OperationError::new("ServiceQuotaExceededException", text).into());
            }
            sql::aliases::put(db, machine.id, &new)?;
            let arn = machine.arn(Some(Qualifier::Alias(new.name.clone())));
            acts::note(db, (&caller, now), ("alias.create", arn), (None, Some(acts::alias(&new))))?;
            Ok::<_, Refusal>((machine, new))
        })
        .await?;
    let arn = machine.arn(Some(Qualifier::Alias(alias.name)));
    Ok(json!({ "stateMachineAliasArn": arn, "creationDate": seconds(alias.created) }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update {
    state_machine_alias_arn: String,
    description: Option<String>,
    routing_configuration: Option<Vec<Route>>,
}

pub(super) async fn update(house: &Arc<House>, caller: &Caller, asked: Update) -> Answered {
    let (arn, name, alias) = alias_arn(&asked.state_machine_alias_arn)?;
    if asked.description.is_none() && asked.routing_configuration.is_none() {
        let text = "Either the description or the routing configuration must be given";
        return Err(OperationError::validation(text).with("reason", "MISSING_REQUIRED_PARAMETER"));
    }
    check::length(asked.description.as_deref().unwrap_or_default(), "description", 256)?;
    let routing = asked.routing_configuration.as_deref().map(Routing::read).transpose()?;
    let (caller, now) = (caller.clone(), house.clock.now());
    house
        .write(move |db| {
            let (machine, mut known) = own(db, &caller, &arn, (&name, &alias))?;
            let before = acts::alias(&known);
            if let Some(routing) = routing {
                if routing.machine != machine.name {
                    let text = "The routing configuration names another state machine";
                    return Err(OperationError::validation(text)
                        .with("reason", "INVALID_ROUTING_CONFIGURATION")
                        .into());
                }
                check_versions(db, &machine, &routing)?;
                (known.first, known.weight, known.second) = (routing.first, routing.weight, routing.second);
            }
            if let Some(description) = asked.description {
                known.description = description;
            }
            known.updated = now;
            sql::aliases::put(db, machine.id, &known)?;
            let turn = (Some(before), Some(acts::alias(&known)));
            acts::note(db, (&caller, now), ("alias.change", arn.to_string()), turn)?;
            Ok::<_, Refusal>(())
        })
        .await?;
    Ok(json!({ "updateDate": seconds(now) }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct One {
    state_machine_alias_arn: String,
}

pub(super) async fn describe(house: &Arc<House>, caller: &Caller, asked: One) -> Answered {
    let (arn, name, alias) = alias_arn(&asked.state_machine_alias_arn)?;
    let caller = caller.clone();
    let found = house
        .read(move |db| {
            let Some(machine) = machines::find(db, &caller, &arn, &name)? else { return Ok(None) };
            Ok(sql::aliases::find(db, machine.id, &alias)?.map(|alias| (machine, alias)))
        })
        .await?;
    let Some((machine, alias)) = found else { return Err(missing(&asked.state_machine_alias_arn)) };
    let version = |number| machine.arn(Some(Qualifier::Version(number)));
    let mut routes = vec![json!({ "stateMachineVersionArn": version(alias.first), "weight": alias.weight })];
    if let Some(second) = alias.second {
        routes.push(json!({ "stateMachineVersionArn": version(second), "weight": 100 - alias.weight }));
    }
    Ok(json!({
        "stateMachineAliasArn": asked.state_machine_alias_arn, "name": alias.name, "description": alias.description,
        "routingConfiguration": routes, "creationDate": seconds(alias.created), "updateDate": seconds(alias.updated),
    }))
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
    let (name, version) = match arn.thing.clone() {
        Thing::Machine { name, qualifier: None } => (name, None),
        Thing::Machine { name, qualifier: Some(Qualifier::Version(number)) } => (name, Some(number)),
        _ => return Err(check::invalid_arn(&asked.state_machine_arn)),
    };
    let list = format!("aliases {} {arn}", caller.organisation);
    let page = Page::of(list, (asked.max_results, asked.next_token.as_deref()), house.clock.now())?;
    let (after, size, caller) = (page.after.clone(), page.size, caller.clone());
    let found = house
        .read(move |db| {
            let Some(machine) = machines::find(db, &caller, &arn, &name)? else { return Ok(None) };
            let aliases = sql::aliases::list(db, machine.id, version, &after, size + 1)?;
            Ok(Some((machine, aliases)))
        })
        .await?;
    let Some((machine, aliases)) = found else { return Err(machines::missing(&asked.state_machine_arn)) };
    let shown = |alias: &Alias| {
        json!({
            "stateMachineAliasArn": machine.arn(Some(Qualifier::Alias(alias.name.clone()))),
            "creationDate": seconds(alias.created),
        })
    };
    Ok(page.answer("stateMachineAliases", &aliases, |alias| alias.name.clone(), shown))
}

pub(super) async fn delete(house: &Arc<House>, caller: &Caller, asked: One) -> Answered {
    let (arn, name, alias) = alias_arn(&asked.state_machine_alias_arn)?;
    let (caller, now) = (caller.clone(), house.clock.now());
    house
        .write(move |db| {
            let (machine, alias) = own(db, &caller, &arn, (&name, &alias))?;
            sql::aliases::delete(db, machine.id, &alias.name)?;
            let before = Some(acts::alias(&alias));
            acts::note(db, (&caller, now), ("alias.delete", arn.to_string()), (before, None))?;
            Ok::<_, Refusal>(())
        })
        .await?;
    Ok(json!({}))
}

fn alias_arn(text: &str) -> Result<(Arn, String, String), OperationError> {
    let arn = check::machine_arn(text)?;
    match arn.thing.clone() {
        Thing::Machine { name, qualifier: Some(Qualifier::Alias(alias)) } => Ok((arn, name, alias)),
        _ => Err(check::invalid_arn(text)),
    }
}

fn own(db: &Connection, caller: &Caller, arn: &Arn, (name, alias): (&str, &str)) -> Result<(Machine, Alias), Refusal> {
    let machine = machines::find(db, caller, arn, name)?;
    let alias = machine.as_ref().map(|machine| sql::aliases::find(db, machine.id, alias)).transpose()?.flatten();
    machine.zip(alias).ok_or_else(|| missing(&arn.to_string()).into())
}

fn missing(arn: &str) -> OperationError {
    let text = format!("Resource not found: '{arn}'");
    OperationError::new("ResourceNotFound", text).with("resourceName", arn)
}
