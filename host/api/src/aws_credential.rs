//! Credentials for clients of AWS: made with a secret that is shown once, listed without it, deleted.

use types::{AccessKeyId, OrganisationId};

use crate::{At, text};

/// `POST /v1/aws-credentials`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAwsCredential {
    /// What people call it: 1 to 100 characters.
    #[schemars(length(min = 1, max = 100), regex(pattern = text::NAME))]
    pub name: String,
    /// Whose it becomes, by id or name. The token's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

/// A new credential. Its secret is shown this once.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct AwsCredential {
    /// Its public id.
    pub access_key_id: AccessKeyId,
    /// What signs.
    pub secret_access_key: String,
    /// What people call it.
    pub name: String,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// The twelve digits of that organisation, which stand in the names of its state machines.
    pub account: String,
    /// When it was made.
    pub created_at: At,
}

impl std::fmt::Debug for AwsCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsCredential").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// A credential, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct AwsCredentialEntry {
    /// Its public id.
    pub access_key_id: AccessKeyId,
    /// What people call it.
    pub name: String,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// When it was made.
    pub created_at: At,
}

/// The query of `GET /v1/aws-credentials`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsCredentialQuery {
    /// Whose, by id or name. The token's own when absent; for an operator, everyone's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}
