//! Executions in lists.

use rusqlite::{Connection, params};
use types::Timestamp;

use super::map_runs::{PENDING, PENDING_REDRIVE};

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
    /// Of a child: how many items it is about.
    pub(crate) items: Option<u32>,
    pub(crate) is_express: bool,
    pub(crate) seed: u64,
}

/// What a list is of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Of {
    pub(crate) machine: i64,
    /// The children of this map run instead of those executions that are none.
    pub(crate) map_run: Option<i64>,
    pub(crate) status: Option<String>,
    /// Whether they were begun again after a failure.
    pub(crate) redriven: Option<bool>,
    pub(crate) version: Option<u32>,
    pub(crate) alias: Option<String>,
}

/// Executions of one machine, the newest first, those before `before`.
pub(crate) fn executions(db: &Connection, of: &Of, before: i64, most: u32) -> rusqlite::Result<Vec<Line>> {
    let by_status = match (of.status.as_deref(), of.map_run) {
        (None, _) => "?2 IS NULL".to_owned(),
        (Some(_), None) => "status = ?2".to_owned(),
        (Some(PENDING_REDRIVE), Some(_)) => format!("?2 = ?2 AND {PENDING}"),
        (Some(_), Some(_)) => format!("status = ?2 AND NOT {PENDING}"),
    };
    let of_run = if of.map_run.is_some() { "map_run = ?8 AND ?1 = ?1" } else { "machine = ?1 AND map_run IS ?8" };
    let text = format!(
        "SELECT seq, name, version, alias, iif({PENDING}, '{PENDING_REDRIVE}', status), started_us, stopped_us, redrives, redriven_us, items, kind, seed
         FROM execution e WHERE {of_run} AND {by_status} AND seq < ?3 AND (?4 IS NULL OR version = ?4) AND (?5 IS NULL OR alias = ?5)
           AND (?7 IS NULL OR (redrives > 0) = ?7)
         ORDER BY seq DESC LIMIT ?6"
    );
    db.prepare_cached(&text)?
        .query_map(
            params![of.machine, of.status, before, of.version, of.alias, most, of.redriven, of.map_run],
            |row| {
                Ok(Line {
                    seq: row.get(0)?,
                    name: row.get(1)?,
                    version: row.get(2)?,
                    alias: row.get(3)?,
                    status: row.get(4)?,
                    started: Timestamp::from_micros(row.get(5)?),
                    stopped: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_micros),
                    items: row.get(9)?,
                    is_express: row.get::<_, String>(10)? == "EXPRESS",
                    seed: row.get::<_, i64>(11)?.cast_unsigned(),
                    redrives: row.get(7)?,
                    redriven: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_micros),
                })
            },
        )?
        .collect()
}
