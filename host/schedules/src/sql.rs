//! Schedules as rows.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use types::Timestamp;

use crate::schedule::Schedule;

/// The table, as a migration of the file makes it.
pub const SCHEMA: &str = include_str!("sql/schema.sql");

const COLUMNS: &str =
    "id, account, name, machine, input, expression, zone, is_enabled, next_us, last_us, last_execution,
  last_error, revision, created_us, updated_us, organisation";

/// A schedule with what starts its executions.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its row.
    pub id: i64,
    /// Whose it is.
    pub organisation: String,
    /// Their number in ARNs.
    pub account: String,
    /// What it says.
    pub schedule: Schedule,
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let moment = |column| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_micros))
    };
    Ok(Kept {
        id: row.get(0)?,
        organisation: row.get(15)?,
        account: row.get(1)?,
        schedule: Schedule {
            name: row.get(2)?,
            machine: row.get(3)?,
            input: row.get(4)?,
            expression: row.get(5)?,
            zone: row.get(6)?,
            is_enabled: row.get(7)?,
            next: moment(8)?,
            last: moment(9)?,
            last_execution: row.get(10)?,
            last_error: row.get(11)?,
            revision: row.get::<_, i64>(12)?.unsigned_abs(),
            created: Timestamp::from_micros(row.get(13)?),
            updated: Timestamp::from_micros(row.get(14)?),
        },
    })
}

/// The schedule of this name.
///
/// # Errors
///
/// The file has failed.
pub fn find(db: &Connection, organisation: &str, name: &str) -> rusqlite::Result<Option<Schedule>> {
    let text = format!("SELECT {COLUMNS} FROM schedule WHERE organisation = ? AND name = ?");
    db.prepare_cached(&text)?.query_row([organisation, name], |row| Ok(kept(row)?.schedule)).optional()
}

/// Schedules by name, those after `after`, so many at most.
///
/// # Errors
///
/// The file has failed.
pub fn list(db: &Connection, organisation: &str, after: &str, most: u32) -> rusqlite::Result<Vec<Schedule>> {
    let text = format!("SELECT {COLUMNS} FROM schedule WHERE organisation = ? AND name > ? ORDER BY name LIMIT ?");
    db.prepare_cached(&text)?.query_map(params![organisation, after, most], |row| Ok(kept(row)?.schedule))?.collect()
}

pub(crate) fn count(db: &Connection, organisation: &str) -> rusqlite::Result<u64> {
    let text = "SELECT count(*) FROM schedule WHERE organisation = ?";
    let count: i64 = db.prepare_cached(text)?.query_row([organisation], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Writes a schedule, new or in place of that of its name.
pub(crate) fn put(db: &Connection, (organisation, account): (&str, &str), new: &Schedule) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO schedule(organisation, account, name, machine, input, expression, zone, is_enabled, next_us,
           created_us, updated_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT(organisation, name) DO UPDATE SET machine = excluded.machine, input = excluded.input,
           expression = excluded.expression, zone = excluded.zone, is_enabled = excluded.is_enabled,
           next_us = excluded.next_us, updated_us = excluded.updated_us, revision = revision + 1",
    )?
    .execute(params![
        organisation,
        account,
        new.name,
        new.machine,
        new.input,
        new.expression,
        new.zone,
        new.is_enabled,
        new.next.map(Timestamp::as_micros),
        new.created.as_micros(),
        new.updated.as_micros()
    ])?;
    Ok(())
}

/// Takes a schedule away, and answers with what it was.
///
/// # Errors
///
/// The file has failed.
pub fn delete(db: &Connection, organisation: &str, name: &str) -> rusqlite::Result<Option<Schedule>> {
    let known = find(db, organisation, name)?;
    db.prepare_cached("DELETE FROM schedule WHERE organisation = ? AND name = ?")?.execute([organisation, name])?;
    Ok(known)
}

/// When the next one is due, in microseconds.
///
/// # Errors
///
/// The file has failed.
pub fn next_due(db: &Connection) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT min(next_us) FROM schedule WHERE next_us IS NOT NULL")?.query_row([], |row| row.get(0))
}

/// Those that are due, the longest first.
///
/// # Errors
///
/// The file has failed.
pub fn due(db: &Connection, now: Timestamp, most: u32) -> rusqlite::Result<Vec<Kept>> {
    let text = format!("SELECT {COLUMNS} FROM schedule WHERE next_us <= ? ORDER BY next_us LIMIT ?");
    db.prepare_cached(&text)?.query_map(params![now.as_micros(), most], kept)?.collect()
}

/// What came of a turn, and when the next one is. Nothing, where the schedule was changed meanwhile.
///
/// # Errors
///
/// The file has failed.
pub fn turned(
    db: &Connection,
    (id, revision): (i64, u64),
    (due, next): (Timestamp, Option<Timestamp>),
    came: &Result<String, String>,
) -> rusqlite::Result<()> {
    let (execution, error) = match came {
        Ok(arn) => (Some(arn), None),
        Err(error) => (None, Some(error)),
    };
    db.prepare_cached(
        "UPDATE schedule SET last_us = ?, last_execution = ?, last_error = ?, next_us = ? WHERE id = ? AND revision = ?",
    )?
    .execute(params![
        due.as_micros(),
        execution,
        error,
        next.map(Timestamp::as_micros),
        id,
        revision.cast_signed()
    ])?;
    Ok(())
}
