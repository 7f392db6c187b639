//! Activities: what workers ask for work at.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use stepfunctions::{Arn, Thing};
use types::Timestamp;

/// Activities of one organisation.
pub(crate) const MOST: u64 = 100_000;

#[derive(Debug, Clone)]
pub(crate) struct Activity {
    pub(crate) id: i64,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) name: String,
    pub(crate) created: Timestamp,
}

impl Activity {
    pub(crate) fn arn(&self) -> String {
        let thing = Thing::Activity { name: self.name.clone() };
        Arn { region: self.region.clone(), account: self.account.clone(), thing }.to_string()
    }
}

fn activity(row: &Row<'_>) -> rusqlite::Result<Activity> {
    Ok(Activity {
        id: row.get(0)?,
        account: row.get(1)?,
        region: row.get(2)?,
        name: row.get(3)?,
        created: Timestamp::from_micros(row.get(4)?),
    })
}

pub(crate) fn find(
    db: &Connection,
    (organisation, region): (&str, &str),
    name: &str,
) -> rusqlite::Result<Option<Activity>> {
    db.prepare_cached(
        "SELECT id, account, region, name, created_us FROM activity WHERE organisation = ? AND region = ? AND name = ?",
    )?
    .query_row([organisation, region, name], activity)
    .optional()
}

/// The activity that a task of this execution names, if it is one of the same organisation.
pub(crate) fn of_execution(db: &Connection, seq: i64, arn: &str) -> rusqlite::Result<Option<i64>> {
    let Some(Arn { region, account, thing: Thing::Activity { name } }) = Arn::parse(arn) else { return Ok(None) };
    db.prepare_cached(
        "SELECT a.id FROM execution e JOIN machine m ON m.id = e.machine
         JOIN activity a ON a.organisation = m.organisation AND a.region = ? AND a.account = ? AND a.name = ?
         WHERE e.seq = ?",
    )?
    .query_row(params![region, account, name, seq], |row| row.get(0))
    .optional()
}

pub(crate) fn insert(
    db: &Connection,
    (organisation, account, region): (&str, &str, &str),
    name: &str,
    at: Timestamp,
) -> rusqlite::Result<i64> {
    db.execute(
        "INSERT INTO activity(organisation, account, region, name, created_us) VALUES (?, ?, ?, ?, ?)",
        params![organisation, account, region, name, at.as_micros()],
    )?;
    Ok(db.last_insert_rowid())
}

pub(crate) fn count(db: &Connection, organisation: &str) -> rusqlite::Result<u64> {
    let count: i64 =
        db.query_row("SELECT count(*) FROM activity WHERE organisation = ?", [organisation], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

pub(crate) fn delete(db: &Connection, id: i64) -> rusqlite::Result<()> {
    super::tokens::close_of(db, id)?;
    db.execute("DELETE FROM tag WHERE of = 'activity' AND id = ?", [id])?;
    db.execute("DELETE FROM activity WHERE id = ?", [id])?;
    Ok(())
}

/// Activities by name, those after `after`.
pub(crate) fn list(
    db: &Connection,
    (organisation, region): (&str, &str),
    after: &str,
    most: u32,
) -> rusqlite::Result<Vec<Activity>> {
    db.prepare_cached(
        "SELECT id, account, region, name, created_us FROM activity
         WHERE organisation = ? AND region = ? AND name > ? ORDER BY name LIMIT ?",
    )?
    .query_map(params![organisation, region, after, most], activity)?
    .collect()
}
