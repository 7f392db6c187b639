//! What a call of a workflow starts.

/// The type of the execution that a call starts, instead of waiting for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Starts {
    /// Kept step by step, up to a year; it may wait for people.
    Standard,
    /// Kept when it starts and when it has ended, up to five minutes. After a crash it runs again from its start.
    Express,
}

impl Starts {
    /// The word as it stands in files and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Express => "express",
        }
    }
}

/// The word names no type of execution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an execution is `standard` or `express`, not {0:?}")]
pub struct StartsError(String);

impl std::str::FromStr for Starts {
    type Err = StartsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "standard" => Ok(Self::Standard),
            "express" => Ok(Self::Express),
            _ => Err(StartsError(text.to_owned())),
        }
    }
}
