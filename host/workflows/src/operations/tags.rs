//! Tags: up to fifty words at a machine or an activity.

use std::sync::Arc;

use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};
use stepfunctions::{Arn, OperationError, Tag, Thing, check};

use super::{Answered, Caller, Refusal, machines};
use crate::acts;
use crate::sql;
use crate::standard::House;

pub(super) fn put(db: &Connection, of: (&str, i64), tags: &[Tag]) -> Result<(), Refusal> {
    for Tag { key, value } in tags {
        sql::tags::put(db, of, key, value)?;
    }
    if sql::tags::list(db, of)?.len() > Tag::MOST { Err(Tag::too_many().into()) } else { Ok(()) }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Add {
    resource_arn: String,
    tags: Vec<Tag>,
}

pub(super) async fn add(house: &Arc<House>, caller: &Caller, asked: Add) -> Answered {
    Tag::check(&asked.tags)?;
    change(house, caller, asked.resource_arn, move |db, of| put(db, of, &asked.tags)).await
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Remove {
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub(super) async fn remove(house: &Arc<House>, caller: &Caller, asked: Remove) -> Answered {
    let keys = asked.tag_keys;
    change(house, caller, asked.resource_arn, move |db, of| {
        Ok(keys.iter().try_for_each(|key| sql::tags::remove(db, of, key))?)
    })
    .await
}

/// Changes the tags of what `arn` names, and notes what they were and are.
async fn change(
    house: &Arc<House>,
    caller: &Caller,
    arn: String,
    how: impl FnOnce(&Connection, (&'static str, i64)) -> Result<(), Refusal> + Send + 'static,
) -> Answered {
    let (caller, now) = (caller.clone(), house.clock.now());
    let changing = house.write(move |db| {
        let of = find(db, &caller, &arn)?;
        let before = acts::tags(db, of)?;
        how(db, of)?;
        let after = acts::tags(db, of)?;
        if before != after {
            let action = if of.0 == "machine" { "machine.tag" } else { "activity.tag" };
            acts::note(db, (&caller, now), (action, arn), (Some(before), Some(after)))?;
        }
        Ok::<_, Refusal>(())
    });
    changing.await?;
    Ok(json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    resource_arn: String,
}

pub(super) async fn list(house: &Arc<House>, caller: &Caller, asked: List) -> Answered {
    let caller = caller.clone();
    let tags = house
        .write(move |db| {
            let (of, id) = find(db, &caller, &asked.resource_arn)?;
            Ok::<_, Refusal>(sql::tags::list(db, (of, id))?)
        })
        .await?;
    let shown: Vec<Value> = tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    Ok(json!({ "tags": shown }))
}

/// What an ARN names, as tags know it.
fn find(db: &Connection, caller: &Caller, text: &str) -> Result<(&'static str, i64), Refusal> {
    let arn = Arn::parse(text).ok_or_else(|| check::invalid_arn(text))?;
    let missing = || {
        let error = OperationError::new("ResourceNotFound", format!("Resource not found: '{text}'"));
        Refusal::from(error.with("resourceName", text))
    };
    if !caller.may_own(&arn) {
        return Err(missing());
    }
    match &arn.thing {
        Thing::Machine { name, qualifier: None } => {
            let machine = machines::find(db, caller, &arn, name)?.ok_or_else(missing)?;
            Ok(("machine", machine.id))
        }
        Thing::Activity { name } => {
            let place = (&*caller.organisation.to_string(), &*caller.region);
            let activity = sql::activities::find(db, place, name)?.ok_or_else(missing)?;
            Ok(("activity", activity.id))
        }
        _ => Err(check::invalid_arn(text).into()),
    }
}
