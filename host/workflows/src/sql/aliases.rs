//! Aliases: which version a name stands for, or which two.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use types::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alias {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) first: u32,
    /// The share of the first in a hundred.
    pub(crate) weight: u32,
    pub(crate) second: Option<u32>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

const COLUMNS: &str = "name, description, first, weight, second, created_us, updated_us";

fn alias(row: &Row<'_>) -> rusqlite::Result<Alias> {
    Ok(Alias {
        name: row.get(0)?,
        description: row.get(1)?,
        first: row.get(2)?,
        weight: row.get(3)?,
        second: row.get(4)?,
        created: Timestamp::from_micros(row.get(5)?),
        updated: Timestamp::from_micros(row.get(6)?),
    })
}

pub(crate) fn find(db: &Connection, machine: i64, name: &str) -> rusqlite::Result<Option<Alias>> {
    let text = format!("SELECT {COLUMNS} FROM machine_alias WHERE machine = ? AND name = ?");
    db.prepare_cached(&text)?.query_row(params![machine, name], alias).optional()
}

/// An alias that leads to this version.
pub(crate) fn of_version(db: &Connection, machine: i64, number: u32) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT name FROM machine_alias WHERE machine = ?1 AND (first = ?2 OR second = ?2) LIMIT 1")?
        .query_row(params![machine, number], |row| row.get(0))
        .optional()
}

pub(crate) fn count(db: &Connection, machine: i64) -> rusqlite::Result<u64> {
    let count: i64 = db
        .prepare_cached("SELECT count(*) FROM machine_alias WHERE machine = ?")?
        .query_row([machine], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Writes an alias, new or changed.
pub(crate) fn put(db: &Connection, machine: i64, alias: &Alias) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO machine_alias(machine, name, description, first, weight, second, created_us, updated_us)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT(machine, name) DO UPDATE SET description = excluded.description, first = excluded.first,
           weight = excluded.weight, second = excluded.second, updated_us = excluded.updated_us",
        params![
            machine,
            alias.name,
            alias.description,
            alias.first,
            alias.weight,
            alias.second,
            alias.created.as_micros(),
            alias.updated.as_micros()
        ],
    )?;
    Ok(())
}

pub(crate) fn delete(db: &Connection, machine: i64, name: &str) -> rusqlite::Result<()> {
    db.execute("DELETE FROM machine_alias WHERE machine = ? AND name = ?", params![machine, name])?;
    Ok(())
}

/// Aliases of a machine, or of one version of it, by name; those after `after`.
pub(crate) fn list(
    db: &Connection,
    machine: i64,
    version: Option<u32>,
    after: &str,
    most: u32,
) -> rusqlite::Result<Vec<Alias>> {
    let text = format!(
        "SELECT {COLUMNS} FROM machine_alias WHERE machine = ?1 AND name > ?2
           AND (?3 IS NULL OR first = ?3 OR second = ?3) ORDER BY name LIMIT ?4"
    );
    db.prepare_cached(&text)?.query_map(params![machine, after, version, most], alias)?.collect()
}
