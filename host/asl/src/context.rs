//! The context object, `$$`.

use serde_json::{Map, Value, json};
use types::{ByteCount, Timestamp};

/// What an execution knows about itself. Kept with its frames.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Context {
    /// `$$.Execution.Id`.
    pub execution_id: String,
    /// `$$.Execution.Name`.
    pub execution_name: String,
    /// `$$.Execution.StartTime`. The clock of `TimeoutSeconds` does not start here, but when the run starts.
    pub started_at: Timestamp,
    /// `$$.Execution.RoleArn`, if there is one.
    pub role_arn: Option<String>,
    /// `$$.StateMachine.Id`.
    pub machine_id: String,
    /// `$$.StateMachine.Name`.
    pub machine_name: String,
    /// Everything that looks random in the run follows from it.
    pub seed: u64,
    /// How large one document of the run may be as JSON text; more fails with `States.DataLimitExceeded`.
    pub document_bytes_max: ByteCount,
}

/// 256 KiB, the limit of Step Functions.
const DOCUMENT_BYTES_MAX: ByteCount = ByteCount::kib(256);

impl Default for Context {
    /// Empty names, seed 0, and documents of at most 256 KiB.
    fn default() -> Self {
        Self {
            execution_id: String::new(),
            execution_name: String::new(),
            started_at: Timestamp::default(),
            role_arn: None,
            machine_id: String::new(),
            machine_name: String::new(),
            seed: 0,
            document_bytes_max: DOCUMENT_BYTES_MAX,
        }
    }
}

/// Where a run stands, for `$$.State`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing<'s> {
    pub(crate) state: &'s str,
    pub(crate) entered_at: Timestamp,
    pub(crate) retries: u32,
}

impl Context {
    pub(crate) fn object(&self, input: &Value, standing: Standing<'_>) -> Value {
        let mut execution = Map::new();
        execution.insert("Id".to_owned(), Value::from(&*self.execution_id));
        execution.insert("Name".to_owned(), Value::from(&*self.execution_name));
        execution.insert("Input".to_owned(), input.clone());
        execution.insert("StartTime".to_owned(), in_millis(self.started_at));
        if let Some(role_arn) = &self.role_arn {
            execution.insert("RoleArn".to_owned(), Value::from(&**role_arn));
        }
        json!({
            "Execution": execution,
            "State": {
                "Name": standing.state,
                "EnteredTime": in_millis(standing.entered_at),
                "RetryCount": standing.retries,
            },
            "StateMachine": { "Id": self.machine_id, "Name": self.machine_name },
        })
    }
}

/// RFC 3339 in UTC, cut to milliseconds; zeros at the end are left out.
fn in_millis(at: Timestamp) -> Value {
    let micros = at.as_micros();
    Value::String(Timestamp::from_micros(micros.saturating_sub(micros.rem_euclid(1_000))).to_string())
}
