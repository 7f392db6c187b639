//! Executions that have ended, for whoever is to be told.

use store::{ReadError, WriteError};
use types::{OrganisationId, Timestamp};

use crate::sql;
use crate::standard::Workflows;

/// An execution that has ended, however it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Whose it was.
    pub organisation: OrganisationId,
    /// Its ARN.
    pub execution: String,
    /// The ARN of its machine.
    pub state_machine: String,
    /// Its name.
    pub name: String,
    /// `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended.
    pub stopped: Timestamp,
    /// Its output, JSON as text.
    pub output: Option<String>,
    /// The name of its error.
    pub error: Option<String>,
    /// Why.
    pub cause: Option<String>,
    /// What whoever began it for somebody else wants to be handed back. `None`: an operation, a task or the clock started it.
    pub origin: Option<String>,
}

impl Workflows {
    /// The executions that have ended and that nobody has been told of, the oldest first, with their places in the outbox.
    /// `None` for one that was deleted meanwhile.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn ended(&self, most: u32) -> Result<Vec<(i64, Option<Ended>)>, ReadError> {
        self.0.store.read(move |db| sql::ended::read(db, most)).await
    }

    /// Forgets the executions up to this place.
    ///
    /// # Errors
    ///
    /// The file could not be written: they will be told of again.
    pub async fn told_ended(&self, up_to: i64) -> Result<(), WriteError<rusqlite::Error>> {
        self.0.store.write(move |db| sql::ended::told(db, up_to)).await
    }
}
