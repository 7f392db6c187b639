//! Standing still for a while: what can be suspended, why, and by whose word.

use std::fmt;

use types::{ApiId, AppId, KeyId, PlanId, ReleaseId, SubscriptionId};

/// By whose word a thing stands still. What an operator has suspended, only an operator lets go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Authority {
    /// The host's.
    Operator,
    /// That of the one whom the thing belongs to; of a subscription, the seller's.
    Owner,
}

impl Authority {
    /// The word as it stands in rows and acts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Owner => "owner",
        }
    }
}

/// That a thing stands still. Every call that needs it is refused, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Why, for those who call, sell and buy: 1 to 500 characters.
    pub reason: String,
    /// By whose word.
    pub by: Authority,
}

/// What can be suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An API: nothing of it is served.
    Api(ApiId),
    /// A release: the others that are live take over its share; without any, nothing is served.
    Release(ReleaseId),
    /// One version of a plan: its subscriptions are refused, and nobody can subscribe to it.
    Plan(PlanId),
    /// An app: all its keys are refused.
    App(AppId),
    /// A key.
    Key(KeyId),
    /// A subscription.
    Subscription(SubscriptionId),
}

impl Subject {
    /// What it is, for messages.
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Api(_) => "API",
            Self::Release(_) => "release",
            Self::Plan(_) => "plan",
            Self::App(_) => "app",
            Self::Key(_) => "key",
            Self::Subscription(_) => "subscription",
        }
    }
}

impl fmt::Display for Subject {
    /// The id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(id) => id.fmt(f),
            Self::Release(id) => id.fmt(f),
            Self::Plan(id) => id.fmt(f),
            Self::App(id) => id.fmt(f),
            Self::Key(id) => id.fmt(f),
            Self::Subscription(id) => id.fmt(f),
        }
    }
}
