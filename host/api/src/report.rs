//! What the host can account for: usage, calls, logs, and the checks of its books.

use types::{AppId, CallId, SubscriptionId};

use crate::At;

/// A list, and where it goes on.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to send as `before` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

/// The query of `GET /v1/usage`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageQuery {
    /// Whose usage.
    pub subscription: SubscriptionId,
}

/// What a subscription used.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Usage {
    /// Whose.
    pub subscription: SubscriptionId,
    /// The API's slug.
    pub api: String,
    /// The plan's name.
    pub plan: String,
    /// Per object and period, as they are counted.
    pub objects: Vec<ObjectUsage>,
}

/// What was used of one object in one period.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ObjectUsage {
    /// The object.
    pub object: String,
    /// When the period began.
    pub period_start: At,
    /// When it ends; absent for a quota that never begins anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_end: Option<At>,
    /// Units used in it, overage included.
    pub used: u64,
    /// Units beyond what the plan includes.
    pub overage: u64,
    /// What the plan includes; absent when the plan has no quota for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// The query of `GET /v1/calls`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallQuery {
    /// Only this subscription's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<SubscriptionId>,
    /// Only this API's, by its slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// Only this app's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// Only those that ended so, such as `ok` or `out_of_fuel`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Only those since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<At>,
    /// Only those before this place in the list: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// How many, 1 to 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// One call, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Call {
    /// Its id, which its caller read in `X-Request-Id`.
    pub id: CallId,
    /// When it was recorded.
    pub at: At,
    /// The API's slug.
    pub api: String,
    /// The release's number.
    pub release: Option<u32>,
    /// The route, as method and path.
    pub route: String,
    /// The app's id.
    pub app: String,
    /// The plan's name.
    pub plan: String,
    /// The HTTP status.
    pub status: u16,
    /// How the component's part ended.
    pub outcome: String,
    /// The error's code or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Requests counted, and of them billed.
    pub units: u64,
    /// Requests billed.
    pub billed: u64,
    /// From the last byte of the request to the settlement, in microseconds.
    pub total_us: u64,
    /// The component's part of it, in microseconds.
    pub component_us: u64,
    /// Fuel spent.
    pub fuel: u64,
    /// The component's memory at its largest, in bytes.
    pub memory_peak_bytes: u64,
    /// The request's body, in bytes.
    pub request_bytes: u64,
    /// The response's body, in bytes.
    pub response_bytes: u64,
}

/// One line that a component wrote.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LogLine {
    /// Where it was written: `stdout`, `stderr`, or a log level.
    pub stream: String,
    /// The line.
    pub text: String,
}

/// `GET /v1/calls/{id}/logs`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CallLogs {
    /// The call.
    pub call: CallId,
    /// Its lines, the oldest first. Empty too when they are no longer kept.
    pub lines: Vec<LogLine>,
}

/// `GET /v1/audit/verify`: whether the chain is what was written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Verification {
    /// How many links were checked.
    pub links: u64,
    /// The first link that does not fit; absent when all do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_bad: Option<i64>,
}

/// A number that two places tell differently.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mismatch {
    /// What was compared, in words.
    pub what: String,
}

/// `GET /v1/reconcile`: whether the books agree.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reconciliation {
    /// Whether they do.
    pub agrees: bool,
    /// How many counters were compared with the calls behind them.
    pub counters_checked: u64,
    /// What does not agree.
    pub mismatches: Vec<Mismatch>,
    /// Calls that no link of the chain covers.
    pub calls_without_link: u64,
    /// The chain.
    pub chain: Verification,
}

/// `GET /healthz`: the process runs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// The host's version.
    pub version: String,
}

/// `GET /readyz`: calls are taken. The status is 503 when not.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Readiness {
    /// Whether it is ready.
    pub ready: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}
