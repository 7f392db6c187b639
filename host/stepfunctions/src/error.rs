//! Errors, as every operation answers them.

use serde_json::{Map, Value};

/// An error by AWS's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct OperationError {
    /// Its name, such as `StateMachineDoesNotExist`.
    pub name: &'static str,
    /// What to do, for people.
    pub message: String,
    /// Further members, such as `reason`.
    pub members: Map<String, Value>,
}

impl OperationError {
    /// The error of this name.
    pub fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, message: message.into(), members: Map::new() }
    }

    /// A request that is not as it must be.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// The same with one more member.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }
}
