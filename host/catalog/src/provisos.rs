//! What a command insists on before it changes anything.

use types::Digest;

/// The thing must be as its author saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The thing's id.
    pub subject: String,
    /// It must have been changed so often: any of these numbers, as [`Snapshot::revision`](crate::Snapshot::revision)
    /// gave them.
    pub revisions: Vec<u64>,
}

/// The command must not make a second thing when it is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// What its author calls this request: at most 255 bytes. Counts for a day, and for its author alone.
    pub key: String,
    /// SHA-256 of the whole request.
    pub fingerprint: Digest,
}

/// Both, each if it is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provisos {
    /// The thing must be as its author saw it.
    pub condition: Option<Condition>,
    /// The command must not make a second thing.
    pub repeat: Option<Repeat>,
}
