//! One change on its way into catalog.db: who makes it, when, and what the ledger is told.

use rusqlite::Connection;
use serde_json::Value;
use types::{Act, Fact, Timestamp};

use super::{outbox, revision};
use crate::{Actor, CatalogError, Repeat};

/// The connection inside the change's savepoint, its author and its moment.
pub(crate) struct Change<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) actor: Actor,
    pub(crate) now: Timestamp,
    pub(crate) repeat: Option<Repeat>,
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

    /// Records the making of a thing that takes the place of another, `before`.
    pub(crate) fn record_new(&self, action: &str, subject: &impl ToString, turn: Turn) -> rusqlite::Result<()> {
        self.tell(&self.act(action, subject.to_string(), turn))
    }

    /// Records the act. Its subject is how the snapshot learns what to read anew: the id of the thing that changed.
    pub(crate) fn record(&self, action: &str, subject: &impl ToString, turn: Turn) -> rusqlite::Result<()> {
        let subject = subject.to_string();
        match (&turn.before, &self.repeat) {
            (Some(_), _) => revision::advance(self.conn, &subject)?,
            (None, Some(repeat)) => revision::note(self, repeat, &subject)?,
            (None, None) => {}
        }
        self.tell(&self.act(action, subject, turn))
    }

    fn act(&self, action: &str, subject: String, turn: Turn) -> Fact {
        let (at, actor, action) = (self.now, self.actor.to_string(), action.to_owned());
        let (before, after) = (turn.before.map(|value| value.to_string()), turn.after.map(|value| value.to_string()));
        Fact::Act(Act { at, actor, action, subject, before, after })
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
