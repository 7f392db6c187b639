//! Why something was not done.

use store::{ReadError, WriteError};

use crate::seal::Unsealed;

/// Why an operation of this room was not done.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// There is no such thing. Nothing is written.
    #[error("there is no {what} {id}")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// How it was named.
        id: String,
    },
    /// A value is not allowed. Nothing is written.
    #[error("{field}: {why}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong with it, for the one who sent it.
        why: String,
    },
    /// A value is well-formed, but nothing that can be used here. Nothing is written.
    #[error("{field}: {why}")]
    Unfit {
        /// Which field.
        field: &'static str,
        /// Why not, for the one who sent it.
        why: String,
    },
    /// The thing is not as the author of the change saw it. Nothing is written.
    #[error("it was changed meanwhile")]
    Changed,
    /// It is not in a state in which this can be done. Nothing is written.
    #[error("{0}")]
    Conflict(&'static str),
    /// The operator has named no server for mail. Nothing is written.
    #[error("this host sends no mail")]
    NoMail,
    /// The file takes nothing at the moment. Nothing is written; safe to repeat later.
    #[error("delivery.db takes nothing at the moment")]
    Unavailable,
    /// The commit failed: it may or may not be on disk. Look before repeating.
    #[error("the commit failed, and its end is not known")]
    Uncertain,
    /// Something could not be sealed or opened.
    #[error("a secret could not be sealed or opened")]
    Sealed(#[source] Unsealed),
    /// The file could not be read.
    #[error("could not read delivery.db")]
    Read(#[source] ReadError),
    /// SQLite refused it. Nothing is written.
    #[error("could not write delivery.db")]
    Write(#[source] rusqlite::Error),
}

impl DeliveryError {
    pub(crate) fn missing(what: &'static str, id: &impl ToString) -> Self {
        Self::NotFound { what, id: id.to_string() }
    }

    pub(crate) fn unfit(field: &'static str, why: impl Into<String>) -> Self {
        Self::Unfit { field, why: why.into() }
    }

    pub(crate) fn invalid(field: &'static str, why: impl Into<String>) -> Self {
        Self::Invalid { field, why: why.into() }
    }
}

impl From<Unsealed> for DeliveryError {
    fn from(error: Unsealed) -> Self {
        Self::Sealed(error)
    }
}

impl From<ReadError> for DeliveryError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<rusqlite::Error> for DeliveryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Write(error)
    }
}

impl From<WriteError<DeliveryError>> for DeliveryError {
    fn from(error: WriteError<DeliveryError>) -> Self {
        match error {
            WriteError::Refused(error) => error,
            WriteError::Sqlite(error) => Self::Write(error),
            WriteError::Uncertain => Self::Uncertain,
            WriteError::Panicked | WriteError::Closed | WriteError::Full => Self::Unavailable,
        }
    }
}
