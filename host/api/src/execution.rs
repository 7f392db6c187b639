//! Executions of state machines.

use serde_json::Value;

use crate::{At, text};

/// An execution, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Execution {
    /// Its whole name, `arn:aws:states:REGION:ACCOUNT:execution:MACHINE:NAME`; `express` for `execution` in one of an
    /// express machine.
    pub arn: String,
    /// Its machine's name: the API's slug, where a call has started it.
    pub machine: String,
    /// Its own name: the call's id, where a call has started it.
    pub name: String,
    /// How it stands.
    pub status: ExecutionStatus,
    /// When it started.
    pub started_at: At,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<At>,
}

/// How an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExecutionStatus {
    /// It has not ended.
    Running,
    /// It came to an output.
    Succeeded,
    /// An error that nothing took has ended it.
    Failed,
    /// It took longer than its machine allows.
    TimedOut,
    /// It was stopped.
    Aborted,
    /// It waits to be run again.
    PendingRedrive,
}

impl ExecutionStatus {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Succeeded, Self::Failed, Self::TimedOut, Self::Aborted, Self::PendingRedrive];

    /// The word as it stands in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
            Self::PendingRedrive => "PENDING_REDRIVE",
        }
    }
}

impl std::str::FromStr for ExecutionStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = text.replace('-', "_").to_ascii_uppercase();
        Self::ALL.into_iter().find(|status| status.as_str() == wanted).ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            format!("{text:?} is none of {all}")
        })
    }
}

/// `GET /v1/executions/{arn}`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct ExecutionDetail {
    /// What lists show of it.
    #[serde(flatten)]
    pub execution: Execution,
    /// What it was started with.
    pub input: Value,
    /// What it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// The name of the error that it failed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// More of that error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// The query of `GET /v1/executions`: all that is said has to hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecutionQuery {
    /// Whose, by id or name; an operator says it, others have their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Those of machines in this region; `local` holds those that calls have started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Those of machines of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// Those of this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ExecutionStatus>,
    /// Those whose name begins so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Those that started then or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<At>,
    /// Those that started before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<At>,
    /// Go on after this place in the list: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// How many, 1 to 1,000; 100 when absent. A page may be shorter, or empty, and still have a `next`: one request looks
    /// through 100,000 executions of the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

/// The query of `GET /v1/executions/{arn}/history`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    /// Go on after this event: the `next` of the page before, which is good for a day, with the same `limit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = text::HISTORY_PLACE))]
    pub after: Option<String>,
    /// How many, 1 to 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

/// An event of an execution's history, with the members that AWS Step Functions gives it.
pub type HistoryEvent = serde_json::Map<String, Value>;

/// `POST /v1/executions/redrive`: which executions are to be begun again, of those that did not succeed. All that is
/// said has to hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedriveExecutions {
    /// Whose, by id or name; an operator says it, others have their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Those of machines in this region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Those of machines of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// Those of this status: `FAILED` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "not_succeeded")]
    pub status: Option<ExecutionStatus>,
    /// Those that started then or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<At>,
    /// Those that started before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<At>,
    /// Go on after this place in the list: the `next` of the answer before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = text::PLACE))]
    pub after: Option<String>,
}

fn not_succeeded(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": ["string", "null"], "enum": ["FAILED", "TIMED_OUT", "ABORTED", null] })
}

/// What came of it, for up to a hundred executions.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Redriven {
    /// The ARNs of those that run again.
    pub redriven: Vec<String>,
    /// Those that cannot, and why.
    pub refused: Vec<NotRedriven>,
    /// What to send as `after` for the next hundred; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An execution that was not begun again.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct NotRedriven {
    /// Its ARN.
    pub arn: String,
    /// Why, for people.
    pub why: String,
}

/// `POST /v1/executions/{arn}/stop`: why.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopExecution {
    /// The name of an error that it is to end with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub error: Option<String>,
    /// More of it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32768))]
    pub cause: Option<String>,
}
