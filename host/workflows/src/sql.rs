//! All SQL of this room. Operations, not rows.

pub(crate) mod activities;
pub(crate) mod acts;
pub(crate) mod aliases;
pub(crate) mod archive;
pub(crate) mod cut_off;
pub(crate) mod ended;
pub(crate) mod executions;
pub(crate) mod listing;
pub(crate) mod machines;
pub(crate) mod map_runs;
pub(crate) mod redrives;
pub(crate) mod search;
pub(crate) mod steps;
pub(crate) mod sweeps;
pub(crate) mod tags;
pub(crate) mod tokens;

use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

/// The schema, version by version.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("sql/schema.sql"),
    include_str!("sql/redrives.sql"),
    include_str!("sql/map_runs.sql"),
    include_str!("sql/sweeps.sql"),
    include_str!("sql/ended.sql"),
    include_str!("sql/origin.sql"),
    schedules::SCHEMA,
    include_str!("sql/cut_off.sql"),
    include_str!("sql/inquiries.sql"),
];

/// Counts one more opening of the file, and answers with its number.
pub(crate) fn open(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("UPDATE opened SET epoch = epoch + 1 RETURNING epoch", [], |row| row.get(0))
}

/// The number of a definition; it is kept if it is new.
pub(crate) fn definition(db: &Connection, text: &str) -> rusqlite::Result<i64> {
    let sha256: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let known = db
        .prepare_cached("SELECT id FROM definition WHERE sha256 = ?")?
        .query_row([&sha256[..]], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    db.execute("INSERT INTO definition(sha256, text) VALUES (?, ?)", params![&sha256[..], text])?;
    Ok(db.last_insert_rowid())
}

pub(crate) fn definition_text(db: &Connection, id: i64) -> rusqlite::Result<String> {
    db.prepare_cached("SELECT text FROM definition WHERE id = ?")?.query_row([id], |row| row.get(0))
}

/// What stands in the file is no cursor: an error of the file, as others are.
pub(crate) fn broken(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
}
