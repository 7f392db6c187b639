//! Who buys and who may act: organisations, apps, keys, subscriptions, control tokens.

use std::fmt;
use std::sync::Arc;

use types::{
    ApiId, AppId, Digest, InvitationId, KeyId, KeyKind, OrganisationId, PlanId, SubscriptionId, Timestamp, TokenId,
};

use crate::{Plan, Scopes, Suspension};

/// One organisation: owns APIs or apps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// Its name, unique in the house.
    pub name: String,
    /// Twelve digits, unique in the house and never changed: its part of the names of state machines.
    pub account: String,
}

/// One app: a consumer's credential holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Who owns it.
    pub organisation: OrganisationId,
    /// Its name, unique within the organisation.
    pub name: String,
}

/// One key of an app. The secret itself is stored nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub app: AppId,
    /// Whether calls with it are billed.
    pub kind: KeyKind,
    /// SHA-256 of the secret.
    pub digest: Digest,
    /// The secret's first 14 characters, to be recognised by.
    pub prefix: String,
    /// From when on it is refused. `None`: never.
    pub expires_at: Option<Timestamp>,
    /// Why it is refused for good. `None`: it is not.
    pub disabled: Option<String>,
    /// Why it is refused for the time being. `None`: it is not.
    pub suspended: Option<Suspension>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Key {
    /// Whether it has not ended at `now`: neither disabled nor past its time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.disabled.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// One app on one plan of one API.
///
/// With `plan_version` inside it holds all that authentication and admission ask, so that a call clones one `Arc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id: what every counter belongs to. Kept when it moves to another plan.
    pub id: SubscriptionId,
    /// Which app.
    pub app: AppId,
    /// To which API.
    pub api: ApiId,
    /// On which plan.
    pub plan: PlanId,
    /// That plan: name, terms and routes.
    pub plan_version: Arc<Plan>,
    /// What its periods are counted from.
    pub anchor: Timestamp,
    /// Why its calls are refused. `None`: they are not.
    pub suspended: Option<Suspension>,
    /// What the overage of a billing period may cost, in millionths of the plan's currency. `None`: whatever it comes to.
    pub spend_cap: Option<u64>,
    /// When it ends, because it was cancelled. `None`: it goes on.
    pub cancel_at: Option<Timestamp>,
}

impl Subscription {
    /// Whether it was cancelled and is over at `now`.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.cancel_at.is_some_and(|end| end <= now)
    }
}

/// What a control token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything in the house.
    Operator,
    /// What belongs to this organisation.
    Provider(OrganisationId),
}

impl Role {
    /// The word as it stands in rows and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Provider(_) => "provider",
        }
    }

    /// The organisation that it is bound to.
    pub const fn organisation(self) -> Option<OrganisationId> {
        match self {
            Self::Operator => None,
            Self::Provider(organisation) => Some(organisation),
        }
    }
}

/// One bearer token of the control plane. The secret itself is stored nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// What it allows.
    pub role: Role,
    /// SHA-256 of the secret.
    pub digest: Digest,
    /// What it may do within its role.
    pub scopes: Scopes,
    /// The secret's first 14 characters.
    pub prefix: String,
    /// From when on it is refused. `None`: never.
    pub expires_at: Option<Timestamp>,
    /// Why it is refused for good. `None`: it is not.
    pub disabled: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Token {
    /// Whether it opens anything at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.disabled.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Who sent a control request: proof that a token was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// The token.
    pub token: TokenId,
    /// What it allows.
    pub role: Role,
    /// What it may do of that.
    pub scopes: Scopes,
}

impl Principal {
    /// The principal as the author of changes.
    pub const fn actor(&self) -> Actor {
        Actor::Token(self.token)
    }
}

/// Who makes a change, as the audit record names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The host itself, at its first start.
    Host,
    /// The holder of a control token.
    Token(TokenId),
    /// Who accepts an invitation.
    Guest(InvitationId),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("host"),
            Self::Token(token) => fmt::Display::fmt(token, f),
            Self::Guest(invitation) => fmt::Display::fmt(invitation, f),
        }
    }
}
