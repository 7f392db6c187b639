//! State machines and their versions.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use stepfunctions::{Arn, Qualifier, Thing};
use types::Timestamp;

/// Machines of one organisation.
pub(crate) const MOST: u64 = 100_000;

/// A machine as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) id: i64,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) role_arn: String,
    pub(crate) settings: String,
    pub(crate) definition: i64,
    pub(crate) revision: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

/// A machine to be.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub(crate) organisation: String,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) role_arn: String,
    pub(crate) settings: String,
    pub(crate) definition: String,
    pub(crate) at: Timestamp,
}

impl Machine {
    pub(crate) fn arn(&self, qualifier: Option<Qualifier>) -> String {
        let thing = Thing::Machine { name: self.name.clone(), qualifier };
        Arn { region: self.region.clone(), account: self.account.clone(), thing }.to_string()
    }

    /// Whether creating `new` is creating this again.
    pub(crate) fn is_same(&self, db: &Connection, new: &New) -> rusqlite::Result<bool> {
        let same = self.kind == new.kind && self.settings == new.settings && self.revision.is_none();
        Ok(same && super::definition_text(db, self.definition)? == new.definition)
    }
}

const COLUMNS: &str =
    "id, account, region, name, kind, status, role_arn, settings, definition, revision, created_us, updated_us";

fn machine(row: &Row<'_>) -> rusqlite::Result<Machine> {
    Ok(Machine {
        id: row.get(0)?,
        account: row.get(1)?,
        region: row.get(2)?,
        name: row.get(3)?,
        kind: row.get(4)?,
        status: row.get(5)?,
        role_arn: row.get(6)?,
        settings: row.get(7)?,
        definition: row.get(8)?,
        revision: row.get(9)?,
        created: Timestamp::from_micros(row.get(10)?),
        updated: Timestamp::from_micros(row.get(11)?),
    })
}

pub(crate) fn find(
    db: &Connection,
    (organisation, region): (&str, &str),
    name: &str,
) -> rusqlite::Result<Option<Machine>> {
    let text = format!(
        "SELECT {COLUMNS} FROM machine WHERE organisation = ? AND region = ? AND name = ? AND status = 'ACTIVE'"
    );
    db.prepare_cached(&text)?.query_row([organisation, region, name], machine).optional()
}

pub(crate) fn by_id(db: &Connection, id: i64) -> rusqlite::Result<Option<Machine>> {
    let text = format!("SELECT {COLUMNS} FROM machine WHERE id = ?");
    db.prepare_cached(&text)?.query_row([id], machine).optional()
}

pub(crate) fn count(db: &Connection, organisation: &str) -> rusqlite::Result<u64> {
    let count: i64 = db
        .prepare_cached("SELECT count(*) FROM machine WHERE organisation = ? AND status = 'ACTIVE'")?
        .query_row([organisation], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

pub(crate) fn insert(db: &Connection, new: &New) -> rusqlite::Result<i64> {
    let definition = super::definition(db, &new.definition)?;
    let at = new.at.as_micros();
    db.prepare_cached(
        "INSERT INTO machine(organisation, account, region, name, kind, status, role_arn, settings, definition,
           created_us, updated_us) VALUES (?, ?, ?, ?, ?, 'ACTIVE', ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        new.organisation,
        new.account,
        new.region,
        new.name,
        new.kind,
        new.role_arn,
        new.settings,
        definition,
        at,
        at
    ])?;
    Ok(db.last_insert_rowid())
}

pub(crate) fn update(
    db: &Connection,
    id: i64,
    (definition, role_arn, settings, revision): (i64, &str, &str, &str),
    at: Timestamp,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE machine SET definition = ?, role_arn = ?, settings = ?, revision = ?, updated_us = ? WHERE id = ?",
    )?
    .execute(params![definition, role_arn, settings, revision, at.as_micros(), id])?;
    Ok(())
}

/// Makes a machine one of another type. What runs of it stays what it is.
pub(crate) fn change_kind(db: &Connection, id: i64, kind: &str) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE machine SET kind = ? WHERE id = ?")?.execute(params![kind, id])?;
    Ok(())
}

/// Takes a machine, its versions and its aliases away. Its executions keep what they need.
pub(crate) fn delete(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.execute("UPDATE machine SET status = 'DELETING' WHERE id = ?", [id])?;
    db.execute("DELETE FROM machine_alias WHERE machine = ?", [id])?;
    db.execute("DELETE FROM machine_version WHERE machine = ?", [id])?;
    db.execute("DELETE FROM tag WHERE of = 'machine' AND id = ?", [id])?;
    Ok(())
}

/// Running executions of a machine, a few hundred at a time.
pub(crate) fn running(db: &Connection, id: i64) -> rusqlite::Result<Vec<i64>> {
    db.prepare_cached("SELECT seq FROM execution WHERE machine = ? AND status = 'RUNNING' LIMIT 200")?
        .query_map([id], |row| row.get(0))?
        .collect()
}

/// Machines by name, those after `after`.
pub(crate) fn list(
    db: &Connection,
    (organisation, region): (&str, &str),
    after: &str,
    most: u32,
) -> rusqlite::Result<Vec<Machine>> {
    let text = format!(
        "SELECT {COLUMNS} FROM machine WHERE organisation = ? AND region = ? AND name > ? AND status = 'ACTIVE'
         ORDER BY name LIMIT ?"
    );
    db.prepare_cached(&text)?.query_map(params![organisation, region, after, most], machine)?.collect()
}

/// A version: a machine as it stood.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) number: u32,
    pub(crate) definition: i64,
    pub(crate) role_arn: String,
    pub(crate) settings: String,
    pub(crate) revision: Option<String>,
    pub(crate) description: String,
    pub(crate) created: Timestamp,
}

const VERSION: &str = "number, definition, role_arn, settings, revision, description, created_us";

fn version(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        number: row.get(0)?,
        definition: row.get(1)?,
        role_arn: row.get(2)?,
        settings: row.get(3)?,
        revision: row.get(4)?,
        description: row.get(5)?,
        created: Timestamp::from_micros(row.get(6)?),
    })
}

pub(crate) fn version_of(db: &Connection, machine: i64, number: u32) -> rusqlite::Result<Option<Version>> {
    let text = format!("SELECT {VERSION} FROM machine_version WHERE machine = ? AND number = ?");
    db.prepare_cached(&text)?.query_row(params![machine, number], version).optional()
}

/// Versions, newest first, those below `below`.
pub(crate) fn versions(db: &Connection, machine: i64, below: u32, most: u32) -> rusqlite::Result<Vec<Version>> {
    let text =
        format!("SELECT {VERSION} FROM machine_version WHERE machine = ? AND number < ? ORDER BY number DESC LIMIT ?");
    db.prepare_cached(&text)?.query_map(params![machine, below, most], version)?.collect()
}

pub(crate) fn count_versions(db: &Connection, machine: i64) -> rusqlite::Result<u64> {
    let count: i64 = db
        .prepare_cached("SELECT count(*) FROM machine_version WHERE machine = ?")?
        .query_row([machine], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Freezes the machine as it stands, and answers with the number of the version. Numbers are never used again.
pub(crate) fn publish(db: &Connection, machine: &Machine, description: &str, at: Timestamp) -> rusqlite::Result<u32> {
    let number: u32 = db.query_row(
        "UPDATE machine SET next_version = next_version + 1 WHERE id = ? RETURNING next_version - 1",
        [machine.id],
        |row| row.get(0),
    )?;
    db.execute(
        "INSERT INTO machine_version(machine, number, definition, role_arn, settings, revision, description, created_us)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            machine.id,
            number,
            machine.definition,
            machine.role_arn,
            machine.settings,
            machine.revision,
            description,
            at.as_micros()
        ],
    )?;
    Ok(number)
}

pub(crate) fn delete_version(db: &Connection, machine: i64, number: u32) -> rusqlite::Result<()> {
    db.execute("DELETE FROM machine_version WHERE machine = ? AND number = ?", params![machine, number])?;
    Ok(())
}
