//! The outbox: what usage.db must still be told, in the order of the changes.

use rusqlite::{Connection, params};
use types::{Fact, OutboxId, Timestamp};

use super::column;

/// The rows of the outbox, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    /// What is relayed.
    pub(crate) facts: Vec<(OutboxId, Fact)>,
    /// The last row's number: all up to it are deleted once they are relayed and visible.
    pub(crate) last: i64,
}

pub(crate) fn insert(conn: &Connection, fact: &Fact, now: Timestamp) -> rusqlite::Result<()> {
    let body = serde_json::to_string(fact).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    conn.prepare_cached("INSERT INTO outbox (id, kind, body, created_us) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![OutboxId::generate(now).to_string(), kind(fact), body, now.as_micros()])?;
    Ok(())
}

pub(crate) fn pending(conn: &Connection) -> rusqlite::Result<Pending> {
    let mut pending = Pending::default();
    let mut query = conn.prepare_cached("SELECT seq, id, body FROM outbox ORDER BY seq")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        pending.last = row.get(0)?;
        pending.facts.push((column::parsed(row, 1)?, column::json(row, 2)?));
    }
    Ok(pending)
}

pub(crate) fn is_empty(conn: &Connection) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM outbox)")?.query_row([], |row| row.get(0))
}

pub(crate) fn count(conn: &Connection) -> rusqlite::Result<u64> {
    let count: i64 = conn.prepare_cached("SELECT count(*) FROM outbox")?.query_row([], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

pub(crate) fn delete_up_to(conn: &Connection, last: i64) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM outbox WHERE seq <= ?1")?.execute([last])?;
    Ok(())
}

fn kind(fact: &Fact) -> &'static str {
    match fact {
        Fact::Act(_) => "act",
        Fact::Task(_) => "task",
        Fact::Organisation { .. } => "organisation",
        Fact::Api { .. } => "api",
        Fact::Route { .. } => "route",
        Fact::Release { .. } => "release",
        Fact::Plan { .. } => "plan",
        Fact::App { .. } => "app",
        Fact::Key { .. } => "key",
        Fact::Subscription { .. } => "subscription",
    }
}
