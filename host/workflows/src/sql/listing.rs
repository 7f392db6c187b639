//! Executions in lists.

use rusqlite::{Connection, params};
use types::Timestamp;

/// One line of a list of executions.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) seq: i64,
    pub(crate) name: String,
    pub(crate) version: Option<u32>,
    pub(crate) alias: Option<String>,
    pub(crate) status: String,
    pub(crate) started: Timestamp,
    pub(crate) stopped: Option<Timestamp>,
    pub(crate) redrives: u32,
    pub(crate) redriven: Option<Timestamp>,
}

/// What a list is of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Of {
    pub(crate) machine: i64,
    pub(crate) status: Option<String>,
    /// Whether they were begun again after a failure.
    pub(crate) redriven: Option<bool>,
    pub(crate) version: Option<u32>,
    pub(crate) alias: Option<String>,
}

/// Executions of one machine, the newest first, those before `before`.
pub(crate) fn executions(db: &Connection, of: &Of, before: i64, most: u32) -> rusqlite::Result<Vec<Line>> {
    let by_status = if of.status.is_some() { "status = ?2" } else { "?2 IS NULL" };
    let text = format!(
        "SELECT seq, name, version, alias, status, started_us, stopped_us, redrives, redriven_us FROM execution
         WHERE machine = ?1 AND {by_status} AND seq < ?3 AND (?4 IS NULL OR version = ?4) AND (?5 IS NULL OR alias = ?5)
           AND (?7 IS NULL OR (redrives > 0) = ?7)
         ORDER BY seq DESC LIMIT ?6"
    );
    db.prepare_cached(&text)?
        .query_map(params![of.machine, of.status, before, of.version, of.alias, most, of.redriven], |row| {
            Ok(Line {
                seq: row.get(0)?,
                name: row.get(1)?,
                version: row.get(2)?,
                alias: row.get(3)?,
                status: row.get(4)?,
                started: Timestamp::from_micros(row.get(5)?),
                stopped: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_micros),
                redrives: row.get(7)?,
                redriven: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_micros),
            })
        })?
        .collect()
}
