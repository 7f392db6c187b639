//! What the host can account for: usage, calls, logs, and the checks of its books.

use types::{AppId, CallId, Outcome, SubscriptionId};

use crate::At;

/// A list, and where it goes on.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to send as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The query of lists whose items have `I` as their places: an id, or a number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQuery<I> {
    /// Go on after this item: the `next` of the page before.
    // No `default`, which would ask for one of `I`: an `Option` may be absent without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<I>,
    /// How many, 1 to 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

/// The query of `GET /v1/usage`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageQuery {
    /// Whose usage.
    pub subscription: SubscriptionId,
}

/// What a subscription used.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct ObjectUsage {
    /// The object.
    pub object: String,
    /// When the period began.
    pub period_start: At,
    /// `day`, `week`, `month` or `none`; absent when the plan has no quota for the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// Units used in it, overage included.
    pub used: i64,
    /// Units beyond what the plan includes.
    pub overage: i64,
    /// What the plan includes; absent when the plan has no quota for the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included: Option<i64>,
    /// `hard` or `soft`; absent when the plan has no quota for the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
}

/// The query of `GET /v1/calls`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
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
    pub outcome: Option<Outcome>,
    /// Only those that were answered with this HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Only those with this error: a code or name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Only those before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<At>,
    /// Only those since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<At>,
    /// Go on after this place in the list: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// How many, 1 to 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

/// One call, as it is recorded. What is absent is not known yet: the call is a stream that is still open.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Call {
    /// Its id, which its caller read in `X-Request-Id`.
    pub id: String,
    /// When it was admitted.
    pub at: At,
    /// The API's slug.
    pub api: Option<String>,
    /// The release's number.
    pub release: Option<i64>,
    /// The route, as method and path.
    pub route: Option<String>,
    /// The app's name.
    pub app: Option<String>,
    /// The plan's name.
    pub plan: Option<String>,
    /// The subscription's id.
    pub subscription: Option<String>,
    /// The HTTP status.
    pub status: i64,
    /// How the component's part ended.
    pub outcome: Option<String>,
    /// The error's code or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What was counted, object by object; `requests` first.
    pub usage: Vec<CallUsage>,
    /// From the arrival to the settlement, in microseconds.
    pub total_us: Option<i64>,
    /// The component's part of it, in microseconds.
    pub component_us: Option<i64>,
    /// Fuel spent.
    pub fuel: Option<i64>,
    /// The component's memory at its largest, in bytes.
    pub memory_peak_bytes: Option<i64>,
    /// The request's body, in bytes.
    pub request_bytes: Option<i64>,
    /// The response's body, in bytes.
    pub response_bytes: Option<i64>,
    /// The link of the audit chain that covers it.
    pub link: Option<i64>,
}

/// What one call used of one object.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct CallUsage {
    /// The object.
    pub object: String,
    /// Units used.
    pub units: i64,
    /// Of these, those that count for quota and bill.
    pub billed: i64,
}

/// One line that a component wrote.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct LogLine {
    /// When the host took it over.
    pub at: At,
    /// Where it was written: `stdout`, `stderr`, or a log level.
    pub stream: String,
    /// The line.
    pub text: String,
}

/// `GET /v1/calls/{id}/logs`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct CallLogs {
    /// The call.
    pub call: CallId,
    /// Its lines, the oldest first. Empty too when they are no longer kept.
    pub lines: Vec<LogLine>,
}

/// The query of `GET /v1/audit`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Only this token's, or `host`'s own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Only those of this kind, such as `key.create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Only those on this thing, by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Only those since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<At>,
    /// Only those before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<At>,
    /// Go on after this place in the list: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// How many, 1 to 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

/// One management act, as the audit chain has it: ids and numbers, no names of people.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Act {
    /// Its number.
    pub number: i64,
    /// When.
    pub at: At,
    /// The id of the token that did it, or `host`.
    pub actor: String,
    /// What was done, such as `key.create`.
    pub action: String,
    /// To what, by its id.
    pub subject: String,
    /// The thing as it was; absent when it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<serde_json::Value>,
    /// The thing as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<serde_json::Value>,
}

/// `GET /v1/audit/verify`: whether the chain is what was written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Verification {
    /// How many links hold.
    pub links: u64,
    /// The first that does not: its rows were changed, or it is missing. Absent when all do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_bad: Option<i64>,
    /// Completed calls that no link covers.
    pub calls_outside: u64,
}

/// A counter that is not what its calls add up to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Mismatch {
    /// Whose it is.
    pub subscription: String,
    /// Of what.
    pub object: String,
    /// When its period began.
    pub period_start: At,
    /// What it says.
    pub counter: i64,
    /// What its calls say.
    pub calls: i64,
}

/// `GET /v1/host`: what recording calls costs this host, since it started.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Host {
    /// The file that calls are recorded in.
    pub usage: Database,
    /// Subscriptions whose counters are in memory.
    pub accounts: usize,
}

/// One database file and its writer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Database {
    /// Transactions that were committed.
    pub commits: u64,
    /// Operations in them that somebody waited for.
    pub operations: u64,
    /// Operations that wait now.
    pub queued: usize,
    /// CPU time of the writer's thread, in microseconds.
    pub writer_cpu_us: u64,
    /// The size of the write-ahead log, in bytes.
    pub wal_bytes: u64,
    /// `PRAGMA synchronous` as SQLite reads it back: 2 is FULL, one fsync a commit.
    pub synchronous: i64,
}

/// `GET /v1/reconcile`: whether the books agree.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Reconciliation {
    /// Whether they do.
    pub agrees: bool,
    /// How many counters were compared with the calls behind them.
    pub counters_checked: u64,
    /// Those that are wrong; at most 100.
    pub mismatches: Vec<Mismatch>,
    /// Rows of streams that are open. They are no fault while a host runs.
    pub open_streams: u64,
    /// The chain.
    pub chain: Verification,
}

/// `GET /healthz`: the process runs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// The host's version.
    pub version: String,
}

/// `GET /readyz`: calls are taken. The status is 503 when not.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Readiness {
    /// Whether it is ready.
    pub ready: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}
