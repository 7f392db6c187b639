//! Schedules: executions that the clock starts.

use serde_json::Value;

use crate::At;

/// A schedule.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// The ARN of the state machine that it starts, of a version of it or of an alias.
    pub machine: String,
    /// The input of each execution.
    pub input: Value,
    /// When: `rate(…)`, `cron(…)` or `at(…)`.
    pub expression: String,
    /// The time zone that `cron` and `at` are read in.
    pub zone: String,
    /// Whether it starts anything.
    pub enabled: bool,
    /// Its next turn; absent when it is switched off or over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<At>,
    /// When its last turn was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<At>,
    /// The execution that its last turn started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_execution: Option<String>,
    /// Why its last turn started none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// `PUT /v1/schedules/{schedule}`: what it is from now on.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSchedule {
    /// Whose it is, by id or name; an operator says it, others have their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// The ARN of a state machine of the organisation, of a version of it or of an alias.
    pub machine: String,
    /// The input of each execution, `{}` when absent. The text `<aws.scheduler.scheduled-time>` in it stands for the moment
    /// of the turn.
    #[serde(default = "empty")]
    pub input: Value,
    /// When: `rate(5 minutes)`, `cron(0 8 ? * MON-FRI *)` or `at(2027-01-31T08:30:00)`, as EventBridge Scheduler has them.
    pub expression: String,
    /// The time zone that `cron` and `at` are read in, such as `Europe/Berlin`; UTC when absent.
    #[serde(default = "utc")]
    pub zone: String,
    /// Whether it starts anything; it does when absent.
    #[serde(default = "enabled")]
    pub enabled: bool,
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

fn utc() -> String {
    "UTC".to_owned()
}

const fn enabled() -> bool {
    true
}

/// The query of one schedule.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleQuery {
    /// Whose, by id or name; an operator says it, others have their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

/// The query of a list of schedules.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SchedulesQuery {
    /// Whose, by id or name; an operator says it, others have their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Go on after this item: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many, 1 to 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}
