//! What is to be sent now, and what became of it.

use rusqlite::{Connection, params};
use types::{DispatchId, MessageId, Timestamp};

use super::endpoints::{self, Row};
use super::{at, id};
use crate::worker::{Done, Ended};

/// Lanes that are looked at in one round.
const LANES_MAX: u32 = 20_000;

/// A message that is due.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub(crate) dispatch: DispatchId,
    pub(crate) message: MessageId,
    pub(crate) lane: String,
    pub(crate) tries: u32,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) created: Timestamp,
    pub(crate) to: To,
}

/// Whom it goes to.
#[derive(Debug, Clone)]
pub(crate) enum To {
    Endpoint(Box<Row>),
    Address(String),
    /// An endpoint that is deleted.
    Nobody,
}

/// Every lane in which something waits, and when the first of it is due: the longest due first.
pub(crate) fn lanes(db: &Connection) -> rusqlite::Result<Vec<(String, Timestamp)>> {
    // One look at the index for each lane, however many wait in it.
    db.prepare_cached(
        "WITH RECURSIVE lane(name) AS (
           SELECT min(lane) FROM dispatch WHERE status = 'WAITING'
           UNION ALL
           SELECT (SELECT min(d.lane) FROM dispatch d WHERE d.status = 'WAITING' AND d.lane > lane.name) FROM lane
           WHERE lane.name IS NOT NULL LIMIT ?1)
         SELECT name, (SELECT min(d.due_us) FROM dispatch d WHERE d.status = 'WAITING' AND d.lane = name) AS first
         FROM lane WHERE name IS NOT NULL ORDER BY first",
    )?
    .query_map([LANES_MAX], |row| Ok((row.get(0)?, at(row, 1)?)))?
    .collect()
}

/// What is due in a lane, the longest due first.
pub(crate) fn of_lane(db: &Connection, lane: &str, now: Timestamp, most: usize) -> rusqlite::Result<Vec<Due>> {
    db.prepare_cached(
        "SELECT d.id, d.message, d.tries, m.body, m.created_us, d.address FROM dispatch d JOIN message m ON m.id = d.message
         WHERE d.status = 'WAITING' AND d.lane = ? AND d.due_us <= ? ORDER BY d.due_us LIMIT ?",
    )?
    .query_map(params![lane, now.as_micros(), i64::try_from(most).unwrap_or(i64::MAX)], |row| {
        let to = match (row.get(5)?, lane.parse()) {
            (Some(address), _) => To::Address(address),
            (None, Ok(endpoint)) => {
                endpoints::find(db, endpoint)?.map_or(To::Nobody, |row| To::Endpoint(Box::new(row)))
            }
            (None, Err(_)) => To::Nobody,
        };
        Ok(Due {
            dispatch: id(row, 0)?,
            message: id(row, 1)?,
            lane: lane.to_owned(),
            tries: row.get(2)?,
            body: row.get(3)?,
            created: at(row, 4)?,
            to,
        })
    })?
    .collect()
}

/// Notes what an attempt came to, and what follows from it.
pub(crate) fn record(db: &Connection, done: &Done) -> rusqlite::Result<()> {
    let dispatch = done.due.dispatch.to_string();
    let ended = done.at.after(done.took);
    if done.was_sent {
        db.prepare_cached(
            "INSERT INTO attempt(dispatch, number, at_us, took_us, status, error, answer)
             SELECT ?1, attempts + 1, ?2, ?3, ?4, ?5, ?6 FROM dispatch WHERE id = ?1",
        )?
        .execute(params![
            dispatch,
            done.at.as_micros(),
            i64::try_from(done.took.as_micros()).unwrap_or(i64::MAX),
            done.status,
            done.ended.error(),
            done.answer
        ])?;
    }
    let (status, due, over) = match &done.ended {
        Ended::Accepted => ("DELIVERED", ended, Some(ended.as_micros())),
        Ended::Again { wait: Some(wait), .. } => ("WAITING", ended.after(*wait), None),
        Ended::Again { wait: None, .. } | Ended::Never { .. } => ("DEAD", ended, Some(ended.as_micros())),
    };
    db.prepare_cached(
        "UPDATE dispatch SET status = ?, due_us = ?, why = ?, ended_us = ?, attempts = attempts + ?, tries = tries + 1
         WHERE id = ?",
    )?
    .execute(params![status, due.as_micros(), done.ended.error(), over, i64::from(done.was_sent), dispatch])?;
    if let (Ended::Never { disables: true, .. }, To::Endpoint(row)) = (&done.ended, &done.due.to) {
        endpoints::disable(db, row.endpoint.id, ended, "its receiver answered 410 Gone")?;
    }
    if let (Ended::Accepted, To::Address(_)) = (&done.ended, &done.due.to) {
        // It may hold a link that lets its bearer in.
        db.prepare_cached("UPDATE message SET body = NULL WHERE id = ?")?.execute([done.due.message.to_string()])?;
    }
    Ok(())
}
