//! What is done to machines, executions and schedules, for the audit chain: noted in the commit of the change, and told to
//! whoever keeps the chain afterwards.

use rusqlite::Connection;
use serde_json::{Value, json};
use store::{ReadError, WriteError};
use types::{Act, Digest, Timestamp};

use crate::operations::Caller;
use crate::sql::aliases::Alias;
use crate::sql::machines::Machine;
use crate::sql::{self, acts};
use crate::standard::Workflows;

/// A thing as it was and as it is.
pub(crate) type Turn = (Option<Value>, Option<Value>);

/// Notes an act of `caller`, in the transaction of the change.
pub(crate) fn note(
    db: &Connection,
    (caller, at): (&Caller, Timestamp),
    (action, subject): (&str, String),
    turn: Turn,
) -> rusqlite::Result<()> {
    note_of(db, (&caller.actor, at), (action, subject), turn)
}

/// The same by the id of who does it.
pub(crate) fn note_of(
    db: &Connection,
    (actor, at): (&str, Timestamp),
    (action, subject): (&str, String),
    (before, after): Turn,
) -> rusqlite::Result<()> {
    let text = |value: Option<Value>| value.map(|value| value.to_string());
    let (actor, action) = (actor.to_owned(), action.to_owned());
    acts::insert(db, Act { at, actor, action, subject, before: text(before), after: text(after) })
}

/// A machine as an act shows it. Its texts are people's: they are told apart by their digests.
pub(crate) fn machine(db: &Connection, caller: &Caller, machine: &Machine) -> rusqlite::Result<Value> {
    Ok(json!({
        "organisation": caller.organisation, "type": machine.kind, "role_arn": machine.role_arn,
        "definition_sha256": acts::definition_sha256(db, machine.definition)?,
        "settings_sha256": sha256(&machine.settings), "revision": machine.revision,
    }))
}

/// An alias as an act shows it.
pub(crate) fn alias(alias: &Alias) -> Value {
    json!({
        "version": alias.first, "weight": alias.weight, "second": alias.second,
        "description_sha256": sha256(&alias.description),
    })
}

/// The tags of a thing as an act shows them.
pub(crate) fn tags(db: &Connection, of: (&str, i64)) -> rusqlite::Result<Value> {
    let tags = sql::tags::list(db, of)?.into_iter().map(|(key, value)| (key, Value::String(sha256(&value)))).collect();
    Ok(Value::Object(tags))
}

/// What stands in an act for a text that is not to be in it.
pub(crate) fn sha256(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

impl Workflows {
    /// Acts that nobody has been told of, the oldest first, with their places in the outbox: each a JSON list of an id that
    /// is never used again, not even after a restore, and of the fact.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn acts(&self, most: u32) -> Result<Vec<(i64, String)>, ReadError> {
        self.0.store.read(move |db| acts::read(db, most)).await
    }

    /// Forgets the acts up to this place.
    ///
    /// # Errors
    ///
    /// The file could not be written: they will be told of again.
    pub async fn told_acts(&self, up_to: i64) -> Result<(), WriteError<rusqlite::Error>> {
        self.0.store.write(move |db| acts::told(db, up_to)).await
    }
}
