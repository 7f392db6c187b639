//! Signing up by an invitation.

use types::{InvitationId, OrganisationId};

use crate::{App, At, Key, Organisation, Token, text};

/// `POST /v1/invitations`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// Until when it can be accepted; for a week when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<At>,
}

/// A new invitation. The only document that shows its secret.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Until when it can be accepted.
    pub expires_at: At,
    /// What its bearer sends to accept it, shown this once.
    pub secret: String,
}

/// An invitation as lists show it: never its secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct InvitationEntry {
    /// Its id.
    pub id: InvitationId,
    /// When it was made.
    pub created_at: At,
    /// Until when it can be accepted.
    pub expires_at: At,
    /// What was made with it; absent while nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationId>,
    /// Why it was revoked; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
    /// Whether somebody may still accept it.
    pub live: bool,
}

/// `POST /v1/invitations/accept`. Takes no token.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// The invitation's secret.
    pub invitation: String,
    /// The name of the organisation to make. It must be new.
    #[schemars(length(min = 1, max = 100), regex(pattern = text::NAME))]
    pub organisation: String,
    /// The name of its first app.
    #[schemars(length(min = 1, max = 100), regex(pattern = text::NAME))]
    pub app: String,
}

/// What an invitation became. The only document that shows the two secrets.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Accepted {
    /// The organisation.
    pub organisation: Organisation,
    /// Its app.
    pub app: App,
    /// The app's key.
    pub key: Key,
    /// A provider's token for the organisation.
    pub token: Token,
}
