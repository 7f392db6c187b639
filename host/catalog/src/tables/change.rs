//! One change on its way into catalog.db: who makes it, when, and what the ledger is told.

use rusqlite::Connection;
use serde_json::Value;
use types::{Act, Fact, Timestamp};

use super::outbox;
use crate::{Actor, CatalogError};

/// The connection inside the change's savepoint, its author and its moment.
pub(crate) struct Change<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) actor: Actor,
    pub(crate) now: Timestamp,
}

/// A thing as it was and as it is, in ids and numbers, without names of people.
pub(crate) struct Turn {
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

impl Turn {
    /// The thing is new.
    pub(crate) fn new(after: Value) -> Self {
        Self { before: None, after: Some(after) }
    }

    /// The thing was there.
    pub(crate) fn from(before: Value, after: Value) -> Self {
        Self { before: Some(before), after: Some(after) }
    }
}

impl Change<'_> {
    /// Tells the ledger a fact.
    pub(crate) fn tell(&self, fact: &Fact) -> rusqlite::Result<()> {
        outbox::insert(self.conn, fact, self.now)
    }

    /// Records the act. Its subject is how the snapshot learns what to read anew: the id of the thing that changed.
    pub(crate) fn record(&self, action: &str, subject: &impl ToString, turn: Turn) -> rusqlite::Result<()> {
        self.tell(&Fact::Act(Act {
            at: self.now,
            actor: self.actor.to_string(),
            action: action.to_owned(),
            subject: subject.to_string(),
            before: turn.before.map(|value| value.to_string()),
            after: turn.after.map(|value| value.to_string()),
        }))
    }

    /// Runs an insertion, or an update that must touch one row.
    pub(crate) fn write(&self, sql: &str, params: impl rusqlite::Params) -> Result<(), CatalogError> {
        match self.conn.prepare_cached(sql)?.execute(params)? {
            1 => Ok(()),
            rows => Err(CatalogError::Store {
                step: "change exactly one row",
                source: rusqlite::Error::StatementChangedRows(rows),
            }),
        }
    }

    /// Looks for one row.
    pub(crate) fn find<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        use rusqlite::OptionalExtension as _;
        self.conn.prepare_cached(sql)?.query_row(params, read).optional()
    }
}
