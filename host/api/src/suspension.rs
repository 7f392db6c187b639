//! Standing still for a while.

use crate::text;

/// `PUT …/suspension`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspend {
    /// Why, 1 to 500 characters. Callers that are refused read it.
    #[schemars(length(min = 1, max = 500), regex(pattern = text::REASON))]
    pub reason: String,
}

/// By whose word something stands still. What an operator has suspended, only an operator resumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Authority {
    /// The host's.
    Operator,
    /// That of the one whom it belongs to; of a subscription, the seller's.
    Owner,
}

/// That something stands still.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Suspension {
    /// Why.
    pub reason: String,
    /// By whose word.
    pub by: Authority,
}
