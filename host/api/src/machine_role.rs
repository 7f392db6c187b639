//! Roles of state machines: what the HTTP tasks of machines that clients of AWS have made may reach outside.

use types::{EgressRule, OrganisationId, RoleName, SecretGrant};

use crate::At;

/// `PUT /v1/machine-roles/{role}`. Answered with 201 when it is new, with 200 when it took the place of another grant.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMachineRole {
    /// Where requests may go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub allow: Vec<EgressRule>,
    /// The connections that they may carry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub secrets: Vec<SecretGrant>,
    /// Whose it becomes, by id or name. The token's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

/// Whose role is meant: the query of `GET /v1/machine-roles` and `DELETE /v1/machine-roles/{role}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MachineRoleQuery {
    /// By id or name. The token's own when absent; for an operator's list, everyone's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

/// A role of state machines.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct MachineRole {
    /// Its name: what the `roleArn` of a state machine ends with.
    pub name: RoleName,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// How often it was set.
    pub version: u32,
    /// Where requests may go.
    pub allow: Vec<EgressRule>,
    /// The connections that they may carry.
    pub secrets: Vec<SecretGrant>,
    /// When it was last set.
    pub updated_at: At,
}
