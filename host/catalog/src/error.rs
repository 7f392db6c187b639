//! Why the catalog could not be opened, or a change was not made.

use types::AppId;

/// Why a change was not made, or is not visible.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// Something that the change refers to does not exist. Nothing is written.
    #[error("there is no {what} {name}")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// How it was named.
        name: String,
    },
    /// The name is taken by somebody else. Nothing is written.
    #[error("the {what} {name} exists already")]
    Exists {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A value is not allowed. Nothing is written.
    #[error("{field}: {why}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong with it, for the one who sent it.
        why: String,
    },
    /// A value is well-formed, but does not go with what is there, with the time, or with another value. Nothing is written.
    #[error("{field}: {why}")]
    Unfit {
        /// Which field.
        field: &'static str,
        /// Why not, for the one who sent it.
        why: String,
    },
    /// The app has two keys of this kind that open something. Nothing is written; disable one first.
    #[error("{app} has two keys of this kind already")]
    TooManyKeys {
        /// Whose.
        app: AppId,
    },
    /// The thing is not as the author of the change saw it. Nothing is written.
    #[error("it was changed meanwhile")]
    Changed,
    /// The same request came before, under the same idempotency key, and made this. Nothing is written.
    #[error("the same request has made {made}")]
    Repeated {
        /// Its id.
        made: String,
    },
    /// Another request came before under the same idempotency key. Nothing is written.
    #[error("another request with this idempotency key has made {made}")]
    OtherRequest {
        /// What it made.
        made: String,
    },
    /// The invitation is unknown, used or revoked, or its time is over. Nothing is written.
    #[error("the invitation does not count")]
    NotInvited,
    /// An operator has suspended the thing, and only an operator lets it go on. Nothing is written.
    #[error("an operator has suspended the {what}")]
    HeldByOperator {
        /// What kind of thing.
        what: &'static str,
    },
    /// The change is committed and will appear, but was not passed on to the ledger in time. Do not repeat it.
    #[error("the change is committed, but not visible yet: it waits to be recorded in the ledger")]
    NotYetVisible,
    /// The commit failed: whether the change is made is known when the file has been opened again. Look before repeating.
    #[error("the commit of the change failed, and its end is not known")]
    Uncertain,
    /// The writer is busy, closed, or too many changes wait for the ledger. Nothing is written; safe to repeat later.
    #[error("the catalog takes no change at the moment")]
    Unavailable,
    /// The database refused. Nothing is written.
    #[error("could not {step}")]
    Store {
        /// What was tried.
        step: &'static str,
        /// Why it failed.
        source: rusqlite::Error,
    },
}

impl CatalogError {
    pub(crate) fn missing(what: &'static str, name: &impl ToString) -> Self {
        Self::NotFound { what, name: name.to_string() }
    }

    pub(crate) fn unfit(field: &'static str, why: impl Into<String>) -> Self {
        Self::Unfit { field, why: why.into() }
    }

    pub(crate) fn invalid(field: &'static str, why: impl Into<String>) -> Self {
        Self::Invalid { field, why: why.into() }
    }
}

impl From<rusqlite::Error> for CatalogError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Store { step: "write the change to catalog.db", source }
    }
}

/// Why the catalog could not be opened. What is in the outbox stays there.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file could not be opened or brought up to date.
    #[error("could not open catalog.db")]
    Store(#[source] store::OpenError),
    /// The file could not be read.
    #[error("could not read catalog.db")]
    Read(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Facts of an earlier run could not be passed on to the ledger.
    #[error("could not pass on what waits in the outbox of catalog.db")]
    Relay(#[source] Box<dyn std::error::Error + Send + Sync>),
}
