//! Secrets of organisations: set, listed without their values, removed. Never read back.

use types::{OrganisationId, SecretName};

use crate::At;

/// `PUT /v1/secrets/{name}`. Answered with 201 when it is new, with 200 when it took the place of another value.
#[derive(Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSecret {
    /// Its value: printable ASCII, 1 byte to 8 KiB.
    #[schemars(regex(pattern = r"^[!-~]([ -~]{0,8190}[!-~])?$"))]
    pub value: String,
    /// Whose it becomes, by id or name. The token's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

impl std::fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSecret").field("organisation", &self.organisation).finish_non_exhaustive()
    }
}

/// Whose secret is meant: the query of `GET /v1/secrets` and `DELETE /v1/secrets/{name}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretQuery {
    /// By id or name. The token's own when absent; for an operator's list, everyone's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

/// A secret, without its value.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Secret {
    /// Its name.
    pub name: SecretName,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// How often it was set.
    pub version: u32,
    /// When it was last set.
    pub updated_at: At,
}
