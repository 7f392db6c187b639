//! Organisations, and the tokens that act for them.

use types::{OrganisationId, TokenId};

/// `POST /v1/organisations`. An organisation of that name that is there already is answered with 200.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrganisation {
    /// Its name, unique on the host.
    pub name: String,
}

/// An organisation: owns APIs or apps.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// Its name.
    pub name: String,
    /// Twelve digits, unique on the host: its part of the names of state machines.
    pub account: String,
}

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Runs the host: may do everything.
    Operator,
    /// Acts for one organisation, and sees what belongs to it.
    Provider,
}

/// `POST /v1/tokens`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it may do.
    pub role: Role,
    /// For whom: required for a provider, absent for an operator. An id or a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

/// A new token. The only document that shows its secret.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// What it may do.
    pub role: Role,
    /// For whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationId>,
    /// The token itself, shown this once.
    pub secret: String,
}

/// `GET /v1/whoami`: whom the request's token stands for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Who {
    /// The token's id.
    pub token: TokenId,
    /// What it may do.
    pub role: Role,
    /// For whom; absent for an operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<Organisation>,
}
