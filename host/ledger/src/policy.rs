//! What the rate-limit headers say: each limit that a call met, and how much of it is left.

use std::time::Duration;

use types::{ObjectName, RateWindow, Timestamp};

use crate::bucket::Bucket;
use crate::counter::Hold;

/// What a policy is called in headers and problem documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyName {
    /// A rate: `rps`, `rpm` or `rph`.
    Rate(RateWindow),
    /// A quota of this object.
    Object(ObjectName),
}

impl PolicyName {
    /// The name as headers show it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Rate(RateWindow::Second) => "rps",
            Self::Rate(RateWindow::Minute) => "rpm",
            Self::Rate(RateWindow::Hour) => "rph",
            Self::Object(object) => object.title(),
        }
    }
}

/// One limit and its standing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyState {
    /// What it is called.
    pub name: PolicyName,
    /// Units per window.
    pub limit: u64,
    /// Units that are left.
    pub remaining: u64,
    /// The window: of a quota, this period's own length.
    pub window: Duration,
    /// Until there is more: a rate's next token, a quota's next period.
    pub reset: Duration,
}

/// Every limit that a call met.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policies {
    /// The plan's rate.
    pub rate: Option<PolicyState>,
    /// The quotas of the objects that the call touches, `requests` first.
    pub quotas: Vec<PolicyState>,
}

impl PolicyState {
    pub(crate) fn of_bucket(bucket: &Bucket) -> Self {
        let rate = bucket.rate();
        Self {
            name: PolicyName::Rate(rate.window),
            limit: u64::from(rate.count),
            remaining: bucket.tokens(),
            window: rate.window.length(),
            reset: bucket.next_token(),
        }
    }

    pub(crate) fn of_hold(hold: &Hold, now: Timestamp) -> Option<Self> {
        let (amount, taken) = hold.standing()?;
        Some(Self {
            name: PolicyName::Object(hold.object.clone()),
            limit: amount.get(),
            remaining: amount.saturating_sub(taken).get(),
            window: hold.period.length(),
            reset: hold.period.end.since(now),
        })
    }
}
