//! Organisations, and the tokens that act for them.

use types::{OrganisationId, TokenId};

use crate::{At, text};

/// `POST /v1/organisations`. An organisation of that name that is there already is answered with 200.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrganisation {
    /// Its name, unique on the host.
    #[schemars(length(min = 1, max = 100), regex(pattern = text::NAME))]
    pub name: String,
}

/// An organisation: owns APIs or apps.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// Its name.
    pub name: String,
    /// Twelve digits, unique on the host: its part of the names of state machines.
    pub account: String,
}

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Runs the host: may do everything.
    Operator,
    /// Acts for one organisation, and sees what belongs to it.
    Provider,
}

/// What a token may do within its role. None contains another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Look.
    Read,
    /// Offer: APIs, components, releases, what is live, plans.
    Publish,
    /// Everything else: organisations, tokens, apps, keys, subscriptions, suspensions.
    Manage,
}

/// `PATCH` of an organisation or an app: another name.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Renamed {
    /// Its new name.
    #[schemars(length(min = 1, max = 100), regex(pattern = text::NAME))]
    pub name: String,
}

/// `POST …/rotate`: makes a successor, with a new secret, and lets the old one end.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// When the old one ends; until then both open the same. In a day when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retire_at: Option<At>,
}

/// The query of `DELETE /v1/tokens/{token}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeQuery {
    /// Why, for the record: 1 to 500 characters. `revoked` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500), regex(pattern = text::REASON))]
    pub reason: Option<String>,
}

/// The query of `GET /v1/tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenQuery {
    /// Those that are revoked too. Left out when absent.
    #[serde(default)]
    pub revoked: bool,
    /// Go on after this item: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<TokenId>,
    /// How many, 1 to 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

/// `POST /v1/tokens`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it may do.
    pub role: Role,
    /// For whom: required for a provider, absent for an operator. An id or a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// What it may do of that: all that the caller's token may, when absent. Never more than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub scopes: Option<Vec<Scope>>,
    /// When it ends by itself; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<At>,
}

/// A new token. The only document that shows its secret.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// What it may do.
    pub role: Role,
    /// For whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationId>,
    /// What it may do of that.
    pub scopes: Vec<Scope>,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<At>,
    /// The token itself, shown this once.
    pub secret: String,
}

/// A token as lists show it: never its secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct TokenEntry {
    /// Its id.
    pub id: TokenId,
    /// What it may do.
    pub role: Role,
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationId>,
    /// What it may do of that.
    pub scopes: Vec<Scope>,
    /// Its first characters, to be recognised by.
    pub prefix: String,
    /// When it was made.
    pub created_at: At,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<At>,
    /// Why it was revoked; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<String>,
    /// Whether it opens anything now.
    pub live: bool,
}

/// `GET /v1/whoami`: whom the request's token stands for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Who {
    /// The token's id.
    pub token: TokenId,
    /// What it may do.
    pub role: Role,
    /// What it may do of that.
    pub scopes: Vec<Scope>,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<At>,
    /// For whom; absent for an operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<Organisation>,
}
