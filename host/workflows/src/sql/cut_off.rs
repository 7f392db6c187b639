//! Attempts at tasks that nobody waits for any more, and that have not said what they used.

use history::{Attempt, Cursor};
use rusqlite::{Connection, params};
use types::{Outcome, Timestamp};

use super::broken;
use super::steps::{self, Loaded, Used, owe, unsigned};
use crate::standard::arn;
use crate::work::{CutOff, Work};

/// Nobody waits any more, from `at` on, for an attempt at a task of the execution `seq`.
pub(crate) fn note(db: &Connection, seq: i64, (task, attempt): (u64, &Attempt), at: Timestamp) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO cut_off(execution, task, resource, invocation, attempt, began_us, ended_us)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        seq,
        unsigned(task),
        attempt.resource,
        unsigned(attempt.invocation),
        attempt.number,
        attempt.began.as_micros(),
        at.as_micros()
    ])?;
    Ok(())
}

/// Nobody waits any more for anything that the execution had under way when its last step was written.
pub(crate) fn note_all(db: &Connection, seq: i64, at: Timestamp) -> rusqlite::Result<()> {
    let Some(text) = super::executions::cursor(db, seq)? else { return Ok(()) };
    for (task, attempt) in Cursor::read(&text).map_err(broken)?.attempts() {
        note(db, seq, (task.get(), attempt), at)?;
    }
    Ok(())
}

/// One has said what it used; whether it stood here.
pub(crate) fn heard(db: &Connection, seq: i64, task: u64) -> rusqlite::Result<bool> {
    let gone = db
        .prepare_cached("DELETE FROM cut_off WHERE execution = ? AND task = ?")?
        .execute(params![seq, unsigned(task)])?;
    Ok(gone > 0)
}

/// Nobody hears any more of those of one execution, or of all: puts into the outbox that they were cut off. Whether there
/// were any.
pub(crate) fn tell(db: &Connection, seq: Option<i64>, work: &dyn Work) -> rusqlite::Result<bool> {
    let standing = standing(db, seq)?;
    for (seq, task, attempt, at) in &standing {
        // Its execution is there for as long as anything is to be told of it.
        let facts = steps::facts(db, *seq)?;
        let cut_off = facts.and_then(|facts| cut_off(&facts, attempt, *at));
        let body = cut_off.and_then(|cut_off| work.cut_off(&cut_off));
        heard(db, *seq, *task)?;
        if let Some(body) = body {
            owe(db, *seq, &[Used { task: None, body }])?;
        }
    }
    Ok(!standing.is_empty())
}

type Standing = (i64, u64, Attempt, Timestamp);

fn standing(db: &Connection, seq: Option<i64>) -> rusqlite::Result<Vec<Standing>> {
    db.prepare_cached(
        "SELECT execution, task, resource, invocation, attempt, began_us, ended_us FROM cut_off
         WHERE ?1 IS NULL OR execution = ?1",
    )?
    .query_map([seq], |row| {
        let attempt = Attempt {
            resource: row.get(2)?,
            invocation: row.get::<_, i64>(3)?.unsigned_abs(),
            number: row.get(4)?,
            began: Timestamp::from_micros(row.get(5)?),
        };
        Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs(), attempt, Timestamp::from_micros(row.get(6)?)))
    })?
    .collect()
}

/// What is known of an attempt of this execution.
fn cut_off(facts: &Loaded, attempt: &Attempt, ended: Timestamp) -> Option<CutOff> {
    let organisation = facts.organisation.parse().ok()?;
    Some(CutOff::unheard(attempt, (organisation, &arn(facts)), (ended, Outcome::Interrupted)))
}
