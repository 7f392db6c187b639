//! What other files are to be told.

use rusqlite::{Connection, params};
use serde_json::Value;
use types::{Act, Fact, OutboxId, Timestamp};

use super::id;

/// Who does something, and when.
#[derive(Debug, Clone)]
pub(crate) struct By {
    /// The id of the token, as acts have it.
    pub(crate) actor: String,
    pub(crate) at: Timestamp,
}

/// Notes an act for the audit chain, in the transaction of the change.
pub(crate) fn act(
    db: &Connection,
    by: &By,
    (action, subject): (&str, &dyn ToString),
    (before, after): (Option<Value>, Option<Value>),
) -> rusqlite::Result<()> {
    let act = Fact::Act(Act {
        at: by.at,
        actor: by.actor.clone(),
        action: action.to_owned(),
        subject: subject.to_string(),
        before: before.map(|json| json.to_string()),
        after: after.map(|json| json.to_string()),
    });
    insert(db, ACTS, by.at, &serde_json::to_string(&act).unwrap_or_default())
}

/// The topic of management acts.
pub(crate) const ACTS: &str = "act";

/// Notes what somebody is to be told, in the transaction of the change.
pub(crate) fn insert(db: &Connection, topic: &str, at: Timestamp, body: &str) -> rusqlite::Result<()> {
    let id = OutboxId::generate(at).to_string();
    db.prepare_cached("INSERT INTO outbox(id, topic, body) VALUES (?, ?, ?)")?.execute(params![id, topic, body])?;
    Ok(())
}

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Its place in the outbox: what is forgotten once it is told.
    pub seq: i64,
    /// Never used again, not even after a restore.
    pub id: OutboxId,
    /// What it says.
    pub body: String,
}

/// What is to be told of a topic, the oldest first.
pub(crate) fn read(db: &Connection, topic: &str, most: u32) -> rusqlite::Result<Vec<News>> {
    db.prepare_cached("SELECT seq, id, body FROM outbox WHERE topic = ? ORDER BY seq LIMIT ?")?
        .query_map(params![topic, most], |row| Ok(News { seq: row.get(0)?, id: id(row, 1)?, body: row.get(2)? }))?
        .collect()
}

/// Forgets what has been told of a topic, up to a place.
pub(crate) fn told(db: &Connection, topic: &str, up_to: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM outbox WHERE topic = ? AND seq <= ?")?.execute(params![topic, up_to])?;
    Ok(())
}
