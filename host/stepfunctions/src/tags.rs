//! Tags: up to fifty words at a machine or an activity.

use serde::Deserialize;

use crate::check::{constraint, length};
use crate::error::OperationError;

/// A word at a thing.
#[derive(Debug, Clone, Deserialize)]
pub struct Tag {
    /// What tells it from the others of the thing.
    pub key: String,
    /// What it says.
    #[serde(default)]
    pub value: String,
}

impl Tag {
    /// Tags of one thing.
    pub const MOST: usize = 50;

    /// Whether these may stand at one thing.
    ///
    /// # Errors
    ///
    /// See [`constraint`] and [`Self::too_many`].
    pub fn check(tags: &[Self]) -> Result<(), OperationError> {
        for Self { key, value } in tags {
            if key.is_empty() {
                return Err(constraint(key, "key", "Member must have length greater than or equal to 1"));
            }
            length(key, "key", 128)?;
            length(value, "value", 256)?;
        }
        if tags.len() > Self::MOST { Err(Self::too_many()) } else { Ok(()) }
    }

    /// What AWS says where a thing would have more.
    pub fn too_many() -> OperationError {
        OperationError::new("TooManyTags", format!("A resource has at most {} tags", Self::MOST))
    }
}
