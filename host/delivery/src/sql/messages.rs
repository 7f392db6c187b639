//! Messages, and their first dispatches.

use rusqlite::{Connection, params};
use types::{DispatchId, EndpointId, MessageId, OrganisationId, Timestamp};

/// The lane of mail, and the kind of a message that is one.
pub(crate) const MAIL: &str = "mail";
/// Messages that wait in one lane. One more is a dead letter at once.
const WAITING_MAX: i64 = 10_000;

/// A message to be written.
#[derive(Debug)]
pub(crate) struct New {
    pub(crate) id: MessageId,
    pub(crate) source: Option<String>,
    pub(crate) organisation: Option<OrganisationId>,
    pub(crate) kind: String,
    pub(crate) body: Vec<u8>,
    pub(crate) at: Timestamp,
}

/// Writes a message; `false`: it had come before.
pub(crate) fn insert(db: &Connection, new: &New) -> rusqlite::Result<bool> {
    let sql = "INSERT OR IGNORE INTO message(id, source, kind, body, created_us) VALUES (?, ?, ?, ?, ?)";
    let written = db.prepare_cached(sql)?.execute(params![
        new.id.to_string(),
        new.source,
        new.kind,
        new.body,
        new.at.as_micros()
    ])?;
    Ok(written > 0)
}

/// Puts a message on its way to some endpoints, unless it had come before; how many they are.
pub(crate) fn to_endpoints(db: &Connection, new: &New, endpoints: &[EndpointId]) -> rusqlite::Result<usize> {
    if !insert(db, new)? {
        return Ok(0);
    }
    for endpoint in endpoints {
        dispatch(db, new, &endpoint.to_string(), None)?;
    }
    Ok(endpoints.len())
}

/// Puts a message on its way in one lane.
pub(crate) fn dispatch(db: &Connection, new: &New, lane: &str, address: Option<&str>) -> rusqlite::Result<DispatchId> {
    let id = DispatchId::generate(new.at);
    let waiting: i64 = db
        .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM dispatch WHERE lane = ? AND status = 'WAITING' LIMIT ?)")?
        .query_row(params![lane, WAITING_MAX], |row| row.get(0))?;
    let is_full = waiting >= WAITING_MAX;
    db.prepare_cached(
        "INSERT INTO dispatch(id, message, organisation, lane, address, status, due_us, why, created_us, ended_us)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        id.to_string(),
        new.id.to_string(),
        new.organisation.map(|id| id.to_string()),
        lane,
        address,
        if is_full { "DEAD" } else { "WAITING" },
        new.at.as_micros(),
        is_full.then_some("10,000 messages wait already"),
        new.at.as_micros(),
        is_full.then_some(new.at.as_micros())
    ])?;
    Ok(id)
}
