//! Activities: named places where workers ask for work.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use stepfunctions::{Arn, OperationError, Page, Tag, Thing, check, seconds};
use tokio::sync::oneshot;

use super::{Answered, Caller, Refusal, tags};
use crate::acts;
use crate::sql;
use crate::sql::activities::Activity;
use crate::sql::tokens::Taken;
use crate::standard::{Happened, House, digest};
use crate::start::random;

/// How long a worker waits for a task.
const POLL: Duration = Duration::from_mins(1);
/// A task may be put back without a word: how long before a waiting worker looks again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    name: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(super) async fn create(house: &Arc<House>, caller: &Caller, asked: Create) -> Answered {
    check::name(&asked.name)?;
    Tag::check(&asked.tags)?;
    let (caller, now) = (caller.clone(), house.clock.now());
    let activity = house
        .write(move |db| {
            let organisation = caller.organisation.to_string();
            let place = (&*organisation, &*caller.region);
            if let Some(known) = sql::activities::find(db, place, &asked.name)? {
                return Ok(known);
            }
            if sql::activities::count(db, &organisation)? >= sql::activities::MOST {
                let text = "Activity limit exceeded: delete some first";
                return Err(OperationError::new("ActivityLimitExceeded", text).into());
            }
            let owner = (&*organisation, &*caller.account, &*caller.region);
            let id = sql::activities::insert(db, owner, &asked.name, now)?;
            tags::put(db, ("activity", id), &asked.tags)?;
            let made = sql::activities::find(db, place, &asked.name)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            let tags = acts::tags(db, ("activity", id))?;
            let after = json!({ "organisation": caller.organisation, "tags": tags });
            acts::note(db, (&caller, now), ("activity.create", made.arn()), (None, Some(after)))?;
            Ok::<_, Refusal>(made)
        })
        .await?;
    Ok(json!({ "activityArn": activity.arn(), "creationDate": seconds(activity.created) }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct One {
    activity_arn: String,
}

pub(super) async fn describe(house: &Arc<House>, caller: &Caller, asked: One) -> Answered {
    let activity = find(house, caller, &asked.activity_arn).await?.ok_or_else(|| missing(&asked.activity_arn))?;
    Ok(json!({ "activityArn": activity.arn(), "name": activity.name, "creationDate": seconds(activity.created) }))
}

pub(super) async fn delete(house: &Arc<House>, caller: &Caller, asked: One) -> Answered {
    if let Some(activity) = find(house, caller, &asked.activity_arn).await? {
        let (caller, now) = (caller.clone(), house.clock.now());
        let deleting = house.write(move |db| {
            sql::activities::delete(db, activity.id)?;
            let before = json!({ "organisation": caller.organisation });
            acts::note(db, (&caller, now), ("activity.delete", activity.arn()), (Some(before), None))?;
            Ok::<_, Refusal>(())
        });
        deleting.await?;
    }
    Ok(json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    max_results: Option<u32>,
    next_token: Option<String>,
}

pub(super) async fn list(house: &Arc<House>, caller: &Caller, asked: List) -> Answered {
    let (organisation, region) = (caller.organisation.to_string(), caller.region.clone());
    let list = format!("activities {organisation} {region}");
    let page = Page::of(list, (asked.max_results, asked.next_token.as_deref()), house.clock.now())?;
    let (after, size) = (page.after.clone(), page.size);
    let found = house.read(move |db| sql::activities::list(db, (&organisation, &region), &after, size + 1)).await?;
    let shown =
        |one: &Activity| json!({ "activityArn": one.arn(), "name": one.name, "creationDate": seconds(one.created) });
    Ok(page.answer("activities", &found, |one| one.name.clone(), shown))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TakeUp {
    activity_arn: String,
    worker_name: Option<String>,
}

/// Waits for a task of an activity, a minute at most.
///
/// A task is a worker's from the commit that says so. When the worker has gone away before the task could be handed over,
/// it is put back.
pub(super) async fn take_up(house: &Arc<House>, caller: &Caller, asked: TakeUp) -> Answered {
    check::length(asked.worker_name.as_deref().unwrap_or_default(), "workerName", 80)?;
    let activity = find(house, caller, &asked.activity_arn).await?.ok_or_else(|| missing(&asked.activity_arn))?;
    let began = house.clock.moment();
    loop {
        let ready = house.ready.notified();
        let token = format!("{:016x}{:016x}{:016x}{:016x}", random(), random(), random(), random());
        let (sha256, worker) = (digest(&token), asked.worker_name.clone());
        let (hand_over, handed) = oneshot::channel();
        // In a task of its own: the caller may go away while it is being written.
        let of = Arc::clone(house);
        house.spawn(async move {
            let taken = take_one(&of, activity.id, sha256, worker).await;
            if let Err(Ok(Some((taken, letter)))) = hand_over.send(taken) {
                put_back(&of, taken, letter).await;
            }
        });
        let gone = |_| OperationError::new("ServiceUnavailable", "The host is stopping.");
        if let Some((taken, _)) = handed.await.map_err(gone)?? {
            house.wake(taken.execution);
            return Ok(json!({ "taskToken": token, "input": taken.input }));
        }
        let left = POLL.saturating_sub(house.clock.moment().since(began));
        if left.is_zero() {
            return Ok(json!({}));
        }
        tokio::select! {
            () = house.closing.cancelled() => return Ok(json!({})),
            () = ready => {}
            () = tokio::time::sleep(left.min(LOOK_AGAIN)) => {}
        }
    }
}

/// The next task of an activity, as a worker's, and the letter that tells its execution.
async fn take_one(
    house: &Arc<House>,
    activity: i64,
    sha256: [u8; 32],
    worker: Option<String>,
) -> Result<Option<(Taken, String)>, OperationError> {
    let now = house.clock.now();
    let write = house.write(move |db| {
        let Some(taken) = sql::tokens::take_up(db, activity, &sha256)? else { return Ok(None) };
        let letter = Happened::TakenUp { task: taken.task, worker }.text(now);
        sql::steps::tell(db, taken.execution, &letter)?;
        Ok::<_, Refusal>(Some((taken, letter)))
    });
    write.await
}

async fn put_back(house: &Arc<House>, taken: Taken, letter: String) {
    let back = move |db: &rusqlite::Connection| sql::tokens::give_back(db, (taken.execution, taken.task), &letter);
    if let Err(error) = house.store.write(back).await {
        tracing::error!(%error, "a worker went away, and its task could not be put back");
    }
    house.ready.notify_waiters();
}

async fn find(house: &Arc<House>, caller: &Caller, text: &str) -> Result<Option<Activity>, OperationError> {
    let arn = Arn::parse(text).ok_or_else(|| check::invalid_arn(text))?;
    let Thing::Activity { name } = arn.thing.clone() else { return Err(check::invalid_arn(text)) };
    if !caller.may_own(&arn) {
        return Ok(None);
    }
    let (organisation, region) = (caller.organisation.to_string(), caller.region.clone());
    house.read(move |db| sql::activities::find(db, (&organisation, &region), &name)).await
}

fn missing(arn: &str) -> OperationError {
    OperationError::new("ActivityDoesNotExist", format!("Activity Does Not Exist: '{arn}'"))
}
