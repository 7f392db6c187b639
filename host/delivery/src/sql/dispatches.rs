//! Dispatches as people look at them.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use types::{DispatchId, Timestamp};

use super::{at, endpoints, id, id_or_none};
use crate::dispatch::{Attempt, Dispatch, DispatchQuery, Recipient, Status};

const SELECT: &str =
    "SELECT d.id, d.message, m.kind, d.organisation, d.lane, d.address, d.status, d.attempts, d.due_us,
    d.why, d.created_us FROM dispatch d JOIN message m ON m.id = d.message";

fn read(row: &Row<'_>) -> rusqlite::Result<Dispatch> {
    let status = Status::read(row.get_ref(6)?.as_str().unwrap_or_default());
    let recipient = match endpoints::of_lane(row, 4)? {
        Some(endpoint) => Recipient::Endpoint(endpoint),
        None => Recipient::Address(row.get::<_, Option<String>>(5)?.unwrap_or_default()),
    };
    Ok(Dispatch {
        id: id(row, 0)?,
        message: id(row, 1)?,
        kind: row.get(2)?,
        organisation: id_or_none(row, 3)?,
        recipient,
        status,
        attempts: row.get(7)?,
        due_at: if status == Status::Waiting { Some(at(row, 8)?) } else { None },
        why: row.get(9)?,
        created_at: at(row, 10)?,
    })
}

pub(crate) fn list(db: &Connection, query: &DispatchQuery) -> rusqlite::Result<Vec<Dispatch>> {
    // One index each: of an organisation, of a status, or all by id.
    let sql = format!(
        "{SELECT} WHERE (?1 IS NULL OR d.organisation = ?1) AND (?2 IS NULL OR d.lane = ?2)
           AND (?3 IS NULL OR d.status = ?3) AND (?4 IS NULL OR d.id < ?4) ORDER BY d.id DESC LIMIT ?5"
    );
    let values = params![
        query.organisation.map(|id| id.to_string()),
        query.endpoint.map(|id| id.to_string()),
        query.status.map(Status::as_str),
        query.before.map(|id| id.to_string()),
        query.limit
    ];
    db.prepare_cached(&sql)?.query_map(values, read)?.collect()
}

pub(crate) fn find(db: &Connection, id: DispatchId) -> rusqlite::Result<Option<(Dispatch, Vec<Attempt>)>> {
    let found = db.prepare_cached(&format!("{SELECT} WHERE d.id = ?"))?.query_row([id.to_string()], read).optional()?;
    let Some(found) = found else { return Ok(None) };
    let attempts = db
        .prepare_cached(
            "SELECT number, at_us, took_us, status, error, answer FROM attempt WHERE dispatch = ? ORDER BY number",
        )?
        .query_map([id.to_string()], |row| {
            Ok(Attempt {
                number: row.get(0)?,
                at: at(row, 1)?,
                took_us: row.get::<_, i64>(2)?.unsigned_abs(),
                status: row.get(3)?,
                error: row.get(4)?,
                answer: row.get(5)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some((found, attempts)))
}

/// Puts one on its way again; `false`: nothing is left to be sent.
pub(crate) fn again(db: &Connection, id: DispatchId, now: Timestamp) -> rusqlite::Result<bool> {
    let changed = db
        .prepare_cached(
            "UPDATE dispatch SET status = 'WAITING', tries = 0, due_us = ?1, why = NULL, ended_us = NULL
             WHERE id = ?2 AND status <> 'WAITING'
               AND EXISTS (SELECT 1 FROM message m WHERE m.id = dispatch.message AND m.body IS NOT NULL)",
        )?
        .execute(params![now.as_micros(), id.to_string()])?;
    Ok(changed > 0)
}

/// Deletes dispatches that ended before a moment, with their attempts, and messages that nobody waits for; how many.
pub(crate) fn sweep(db: &Connection, before: Timestamp, most: u32) -> rusqlite::Result<usize> {
    let ended: Vec<(String, String)> = db
        .prepare_cached("SELECT id, message FROM dispatch WHERE ended_us < ? ORDER BY ended_us LIMIT ?")?
        .query_map(params![before.as_micros(), most], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (dispatch, message) in &ended {
        db.prepare_cached("DELETE FROM attempt WHERE dispatch = ?")?.execute([dispatch])?;
        db.prepare_cached("DELETE FROM dispatch WHERE id = ?")?.execute([dispatch])?;
        let sql = "DELETE FROM message WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM dispatch WHERE message = ?1)";
        db.prepare_cached(sql)?.execute([message])?;
    }
    Ok(ended.len())
}

/// Messages that wait and that are dead letters, a million of each at most.
pub(crate) fn counts(db: &Connection) -> rusqlite::Result<(u64, u64)> {
    let of = |status: &str| -> rusqlite::Result<u64> {
        // Said and not given: so it finds those that wait by their index.
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM dispatch WHERE status = '{status}' LIMIT 1000000)");
        db.prepare_cached(&sql)?.query_row([], |row| row.get::<_, i64>(0).map(i64::unsigned_abs))
    };
    Ok((of("WAITING")?, of("DEAD")?))
}
