//! What a change must find: the thing as its author saw it, and no earlier change under the same idempotency key.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};
use types::Digest;

use super::change::Change;
use crate::{CatalogError, Condition, Repeat};

/// How long an idempotency key counts.
const REMEMBERED: Duration = Duration::from_hours(24);

/// Goes on if the thing was changed just as often as its author says.
pub(crate) fn require(change: &Change<'_>, condition: &Condition) -> Result<(), CatalogError> {
    let number = of(change.conn, &condition.subject)?;
    if condition.revisions.contains(&number) { Ok(()) } else { Err(CatalogError::Changed) }
}

/// How often a thing was changed.
pub(super) fn of(conn: &Connection, subject: &str) -> rusqlite::Result<u64> {
    let sql = "SELECT number FROM revision WHERE subject = ?1";
    let number: Option<i64> = conn.prepare_cached(sql)?.query_row([subject], |row| row.get(0)).optional()?;
    Ok(number.unwrap_or(0).unsigned_abs())
}

/// How often each thing was changed that ever was.
pub(super) fn all(conn: &Connection) -> rusqlite::Result<Vec<(String, u64)>> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()));
    conn.prepare_cached("SELECT subject, number FROM revision")?.query_map([], read)?.collect()
}

/// Notes one more change of a thing.
pub(super) fn advance(conn: &Connection, subject: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO revision (subject, number) VALUES (?1, 1) ON CONFLICT DO UPDATE SET number = number + 1";
    conn.prepare_cached(sql)?.execute([subject]).map(drop)
}

/// Goes on if nothing was made under this key yet.
pub(crate) fn require_first(change: &Change<'_>, repeat: &Repeat) -> Result<(), CatalogError> {
    let oldest = change.now.as_micros().saturating_sub(i64::try_from(REMEMBERED.as_micros()).unwrap_or(i64::MAX));
    change.conn.prepare_cached("DELETE FROM repeat WHERE created_us < ?1")?.execute([oldest])?;
    let sql = "SELECT fingerprint, subject FROM repeat WHERE actor = ?1 AND key = ?2";
    let made = change.find(sql, params![change.actor.to_string(), repeat.key], |row| {
        Ok((Digest::from_bytes(row.get(0)?), row.get::<_, String>(1)?))
    })?;
    match made {
        None => Ok(()),
        Some((fingerprint, made)) if fingerprint == repeat.fingerprint => Err(CatalogError::Repeated { made }),
        Some((_, made)) => Err(CatalogError::OtherRequest { made }),
    }
}

/// Notes what was made under a key.
pub(super) fn note(change: &Change<'_>, repeat: &Repeat, made: &str) -> rusqlite::Result<()> {
    change
        .conn
        .prepare_cached(
            "INSERT INTO repeat (actor, key, fingerprint, subject, created_us) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            change.actor.to_string(),
            repeat.key,
            repeat.fingerprint.as_bytes(),
            made,
            change.now.as_micros()
        ])
        .map(drop)
}
