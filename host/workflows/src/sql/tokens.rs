//! Tokens: what somebody outside answers by, once.

use rusqlite::{Connection, OptionalExtension as _, params};
use types::Timestamp;

use super::steps::{self, unsigned};

/// What a token names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) id: i64,
    pub(crate) execution: i64,
    pub(crate) task: u64,
    /// Whether an answer is still waited for.
    pub(crate) is_open: bool,
}

/// The token with this digest, if it is one of `organisation`'s.
pub(crate) fn find(db: &Connection, sha256: &[u8; 32], organisation: &str) -> rusqlite::Result<Option<Found>> {
    db.prepare_cached(
        "SELECT t.id, t.execution, t.task, t.status FROM token t
         JOIN execution e ON e.seq = t.execution JOIN machine m ON m.id = e.machine
         WHERE t.sha256 = ? AND m.organisation = ?",
    )?
    .query_row(params![&sha256[..], organisation], |row| {
        Ok(Found {
            id: row.get(0)?,
            execution: row.get(1)?,
            task: row.get::<_, i64>(2)?.unsigned_abs(),
            is_open: row.get::<_, String>(3)? == "OPEN",
        })
    })
    .optional()
}

/// Takes the one answer; `false` when there was one before, or nobody waits any more.
pub(crate) fn answer(db: &Connection, found: &Found, at: Timestamp, body: &str) -> rusqlite::Result<bool> {
    let first = db
        .prepare_cached("UPDATE token SET status = 'ANSWERED', answered_us = ? WHERE id = ? AND status = 'OPEN'")?
        .execute(params![at.as_micros(), found.id])?;
    if first > 0 {
        steps::tell(db, found.execution, body)?;
    }
    Ok(first > 0)
}

/// A worker's next task: the longest waiting one of an activity, under the token with this digest.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) execution: i64,
    pub(crate) task: u64,
    pub(crate) input: String,
}

pub(crate) fn take_up(db: &Connection, activity: i64, sha256: &[u8; 32]) -> rusqlite::Result<Option<Taken>> {
    db.prepare_cached(
        "UPDATE token SET status = 'OPEN', sha256 = ?
         WHERE id = (SELECT id FROM token WHERE activity = ? AND status = 'READY' ORDER BY id LIMIT 1)
         RETURNING execution, task, input",
    )?
    .query_row(params![&sha256[..], activity], |row| {
        Ok(Taken { execution: row.get(0)?, task: row.get::<_, i64>(1)?.unsigned_abs(), input: row.get(2)? })
    })
    .optional()
}

/// Gives back what a worker took and cannot be told of, as if it had not: with the letter that says so, if it is unread.
pub(crate) fn give_back(db: &Connection, (execution, task): (i64, u64), letter: &str) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM inbox WHERE execution = ? AND body = ?")?.execute(params![execution, letter])?;
    db.prepare_cached(
        "UPDATE token SET status = 'READY', sha256 = NULL WHERE execution = ? AND task = ? AND status = 'OPEN'",
    )?
    .execute(params![execution, unsigned(task)])?;
    Ok(())
}

/// Ends what workers wait for at an activity that is deleted.
pub(crate) fn close_of(db: &Connection, activity: i64) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE token SET status = 'CLOSED' WHERE activity = ? AND status IN ('READY', 'OPEN')")?
        .execute([activity])?;
    Ok(())
}
