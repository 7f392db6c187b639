//! Executions that are begun again.

use rusqlite::{Connection, OptionalExtension as _, params};
use types::Timestamp;

use super::steps;

/// Client tokens that are remembered of one execution.
const TOKENS_MAX: u32 = 10;

/// When this token has begun the execution again, if that was after `since`.
pub(crate) fn with_token(
    db: &Connection,
    seq: i64,
    token: &str,
    since: Timestamp,
) -> rusqlite::Result<Option<Timestamp>> {
    db.prepare_cached("SELECT at_us FROM redrive WHERE execution = ? AND token = ? AND at_us > ?")?
        .query_row(params![seq, token, since.as_micros()], |row| row.get(0).map(Timestamp::from_micros))
        .optional()
}

/// Has an execution that has ended run again, from what was kept of it.
pub(crate) fn redrive(
    db: &Connection,
    seq: i64,
    (at, token): (Timestamp, Option<&str>),
    event: Option<(u64, String)>,
    cursor: &str,
) -> rusqlite::Result<()> {
    let at = at.as_micros();
    db.prepare_cached(
        "UPDATE execution SET status = 'RUNNING', stopped_us = NULL, output = NULL, error = NULL, cause = NULL,
           redrives = redrives + 1, redriven_us = ?, redriving = 1, revision = revision + 1, epoch = 0, wake_us = 0
         WHERE seq = ? AND status <> 'RUNNING'",
    )?
    .execute(params![at, seq])?;
    db.prepare_cached("UPDATE frames SET until_us = NULL, cursor = ? WHERE execution = ?")?
        .execute(params![cursor, seq])?;
    super::executions::count_begun(db, seq)?;
    if let Some(token) = token {
        db.prepare_cached("INSERT OR REPLACE INTO redrive(execution, token, at_us) VALUES (?, ?, ?)")?
            .execute(params![seq, token, at])?;
        db.prepare_cached(
            "DELETE FROM redrive WHERE execution = ?1 AND token NOT IN (
               SELECT token FROM redrive WHERE execution = ?1 ORDER BY at_us DESC LIMIT ?2)",
        )?
        .execute(params![seq, TOKENS_MAX])?;
    }
    event.map_or(Ok(()), |(first, event)| steps::append(db, seq, first, &event))
}

/// Notes a redrive of a child that cannot be begun again; how many items it is about.
pub(crate) fn pass_over(db: &Connection, seq: i64, at: Timestamp) -> rusqlite::Result<u64> {
    db.prepare_cached("UPDATE execution SET redriven_us = ? WHERE seq = ? RETURNING coalesce(items, 0)")?
        .query_row(params![at.as_micros(), seq], |row| row.get::<_, i64>(0).map(i64::unsigned_abs))
}

/// Forgets what executions would need to be begun again, where the time for that is over; how many, at most `most`.
pub(crate) fn sweep(db: &Connection, now: Timestamp, most: u32) -> rusqlite::Result<usize> {
    db.prepare_cached(
        "DELETE FROM frames WHERE execution IN (SELECT execution FROM frames WHERE until_us <= ? LIMIT ?)",
    )?
    .execute(params![now.as_micros(), most])
}
