//! What a consumer reads of its own at the gateway, by key.

use serde_json::value::RawValue;
use types::{CallId, LimitKind, ObjectName, Per, SubscriptionId, Units};

use crate::{At, CallUsage, SubscriptionStatus};

/// `GET /-/usage`: what the key's app may still call.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct OwnUsage {
    /// Whether the key is a test key: then all numbers are those of test keys, which are counted apart and never billed.
    pub test: bool,
    /// Each of the app's subscriptions.
    pub subscriptions: Vec<OwnSubscription>,
}

/// One subscription, as the one who has it reads it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct OwnSubscription {
    /// Its id.
    pub id: SubscriptionId,
    /// The API's slug.
    pub api: String,
    /// The plan's name.
    pub plan: String,
    /// How it stands.
    pub status: SubscriptionStatus,
    /// Each object that the plan counts.
    pub objects: Vec<OwnObject>,
    /// What overage costs; absent where it costs nothing, and for test keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend: Option<OwnSpend>,
}

/// What is used of one object in its current period.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct OwnObject {
    /// The object.
    pub object: ObjectName,
    /// How often it begins anew.
    pub per: Per,
    /// What happens at its end.
    pub limit: LimitKind,
    /// What the plan includes.
    pub included: Units,
    /// What is used, overage included. Calls under way are not in it yet.
    pub used: Units,
    /// What is left of what is included.
    pub remaining: Units,
    /// What is used beyond that.
    pub overage: Units,
    /// When it begins anew; absent for one that never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets_at: Option<At>,
    /// The same, in seconds from now, rounded up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets_in_s: Option<u64>,
}

/// `GET /-/executions/{id}`: an execution that a call of the key's app has started.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct OwnExecution {
    /// The id of the call that started it.
    pub id: CallId,
    /// The API's slug.
    pub api: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// When it began.
    pub started_at: At,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<At>,
    /// What it came to: any JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Box<RawValue>>,
    /// Why it came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<OwnError>,
}

/// Why an execution came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OwnError {
    /// The error that the API names, or one of the platform's codes.
    pub code: String,
    /// The HTTP status that the API gives this error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// More about it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What the overage of the running billing period comes to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct OwnSpend {
    /// The money, with its currency.
    pub overage: String,
    /// What it may come to; absent while there is no cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<String>,
    /// When the billing period ends.
    pub resets_at: At,
    /// The same, in seconds from now, rounded up.
    pub resets_in_s: u64,
}

/// The query of `GET /-/calls`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnCallQuery {
    /// Go on after this place in the list: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// How many, 1 to 100; 20 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// One call, as the one who made it reads it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct OwnCall {
    /// Its id, which its caller read in `X-Request-Id`.
    pub id: String,
    /// What its caller sent as `X-Request-Id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<String>,
    /// When it was admitted.
    pub at: At,
    /// The API's slug.
    pub api: Option<String>,
    /// The route, as method and path.
    pub route: Option<String>,
    /// The first characters of the key.
    pub key: Option<String>,
    /// The plan's name.
    pub plan: Option<String>,
    /// The HTTP status.
    pub status: i64,
    /// How it ended; absent while it is a stream that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The error's code or name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What was counted, object by object; `requests` first.
    pub usage: Vec<CallUsage>,
    /// From the arrival to the settlement, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_us: Option<i64>,
}
