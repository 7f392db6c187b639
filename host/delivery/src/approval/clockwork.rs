//! Reminds, escalates and expires, when the time comes.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use types::Timestamp;

use super::{Approval, ApprovalStatus, Link, decide, letters};
use crate::delivery::House;
use crate::error::DeliveryError;
use crate::message::Written;
use crate::sql::approvals::{self, Due};
use crate::sql::outbox::{self, By};

/// Approvals that are looked at in one round.
const MOST: u32 = 50;
/// Reminders of one approval.
const REMINDERS_MAX: u32 = 10;
/// After a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

pub(crate) async fn run(house: Arc<House>) {
    loop {
        let rest = match round(&house).await {
            Ok(rest) => rest,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "could not look at approvals that are due");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = house.closing.cancelled() => return,
            () = house.approvals_due.notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// Does what is due; how long nothing more is.
async fn round(house: &Arc<House>) -> Result<Duration, DeliveryError> {
    let now = house.clock.now();
    let (due, next) = house.store.read(move |db| approvals::due(db, now, MOST)).await?;
    for one in due {
        look(house, one, now).await?;
    }
    let look_again = house.settings.look_again;
    Ok(next.map_or(look_again, |next| next.since(now).min(look_again)))
}

/// What has to be done about one approval now. Its row says so no more once it is done.
async fn look(house: &Arc<House>, due: Due, now: Timestamp) -> Result<(), DeliveryError> {
    let Due { approval, links, escalates, at: was_due } = due;
    let id = approval.id;
    if now >= approval.expires_at {
        let expired = house.store.write(move |db| {
            if approvals::expire(db, id, now)? {
                let by = By { actor: "host".to_owned(), at: now };
                let after = json!({ "execution": approval.execution });
                outbox::act(db, &by, ("approval.expire", &id), (Some(json!({ "status": "OPEN" })), Some(after)))?;
                outbox::insert(db, decide::ANSWERS, now, &id.to_string())?;
            }
            Ok::<_, DeliveryError>(())
        });
        expired.await?;
        house.news.notify_one();
        house.decided.notify_one();
        return Ok(());
    }
    let (mut written, mut added, mut reminders) = (Vec::new(), Vec::new(), approval.reminders);
    let escalates_now = escalates.is_some_and(|at| now >= at);
    if escalates_now {
        let draft = letters::escalating(&approval.question, (&format!("escalation {id}"), approval.organisation));
        for address in &approval.question.escalate_to {
            let link = house.new_link(Some(address.clone()))?;
            written.extend(letter(house, &draft, &link.0));
            added.push(link);
        }
    }
    if reminder(&approval).is_some_and(|at| now >= at) {
        // A host that stood still for long reminds once.
        reminders = passed(&approval, now).max(reminders.saturating_add(1));
        let source = format!("reminder {reminders} of {id}");
        let draft = letters::reminding(&approval.question, (&source, approval.organisation));
        for link in &links {
            written.extend(letter(house, &draft, link));
        }
    }
    let escalates = escalates.filter(|_| !escalates_now);
    let mut next = approval.clone();
    next.reminders = reminders;
    let next_due = next_look(&next, escalates);
    let noted = house.store.write(move |db| {
        // Somebody may have decided meanwhile: then nobody is asked any more.
        if approvals::looked_at(db, (id, was_due), (next_due, escalates, reminders))? {
            for (link, sha256) in &added {
                approvals::insert_link(db, id, link, sha256)?;
            }
            for letter in &written {
                letter.insert(db)?;
            }
        }
        Ok::<_, DeliveryError>(())
    });
    noted.await?;
    house.due.notify_one();
    Ok(())
}

/// A letter, if it can be written: one that cannot, such as after the host's key was changed, holds up no other.
fn letter(house: &House, draft: &letters::Draft, link: &Link) -> Option<Written> {
    house.letter(draft.clone(), link).unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, link.id = %link.id, "nobody is written to");
        None
    })
}

/// How many reminders there would have been by now.
fn passed(approval: &Approval, now: Timestamp) -> u32 {
    let Some(after) = approval.question.remind_after.filter(|after| *after > 0) else { return 0 };
    u32::try_from(now.since(approval.created_at).as_secs() / after).unwrap_or(u32::MAX).min(REMINDERS_MAX)
}

/// When the next reminder is due.
fn reminder(approval: &Approval) -> Option<Timestamp> {
    let after = approval.question.remind_after.filter(|_| approval.reminders < REMINDERS_MAX)?;
    let times = u64::from(approval.reminders).saturating_add(1);
    Some(approval.created_at.after(Duration::from_secs(after.saturating_mul(times))))
}

/// When an open approval has to be looked at next.
pub(crate) fn next_look(approval: &Approval, escalates: Option<Timestamp>) -> Timestamp {
    debug_assert_eq!(approval.status, ApprovalStatus::Open);
    [reminder(approval), escalates].into_iter().flatten().fold(approval.expires_at, Timestamp::min)
}
