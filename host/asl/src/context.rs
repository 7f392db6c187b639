//! The context object, `$$`.

use serde_json::{Map, Value, json};
use types::{ByteCount, Timestamp};

use crate::frame::TaskId;

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
    /// `$$.Execution.RedriveCount`: how often it was begun again after a failure.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub redrives: u32,
    /// `$$.Execution.RedriveTime`: when that was last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redriven_at: Option<Timestamp>,
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
            redrives: 0,
            redriven_at: None,
            document_bytes_max: DOCUMENT_BYTES_MAX,
        }
    }
}

/// Where a run stands: what of the context object changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing<'s> {
    pub(crate) state: &'s str,
    pub(crate) entered_at: Timestamp,
    pub(crate) retries: u32,
    /// The task that is asked for, where somebody else is to answer it by its token.
    pub(crate) task: Option<TaskId>,
    /// Which item of a Map this is about.
    pub(crate) item: Option<usize>,
}

impl Context {
    /// What names `task` to whoever answers it from outside: `$$.Task.Token`. It is as secret as the seed.
    pub fn task_token(&self, task: TaskId) -> String {
        jsonpath::task_token(&self.execution_id, self.seed, task.get())
    }

    /// The context object, without `Execution.Input` and `Map.Item.Value`: those are documents, and not copied.
    pub(crate) fn object(&self, standing: Standing<'_>) -> Value {
        let mut execution = Map::new();
        execution.insert("Id".to_owned(), Value::from(&*self.execution_id));
        execution.insert("Name".to_owned(), Value::from(&*self.execution_name));
        execution.insert("StartTime".to_owned(), in_millis(self.started_at));
        execution.insert("RedriveCount".to_owned(), Value::from(self.redrives));
        if let Some(at) = self.redriven_at {
            execution.insert("RedriveTime".to_owned(), in_millis(at));
        }
        if let Some(role_arn) = &self.role_arn {
            execution.insert("RoleArn".to_owned(), Value::from(&**role_arn));
        }
        let mut object = json!({
            "Execution": execution,
            "State": {
                "Name": standing.state,
                "EnteredTime": in_millis(standing.entered_at),
                "RetryCount": standing.retries,
            },
            "StateMachine": { "Id": self.machine_id, "Name": self.machine_name },
        });
        if let Some(members) = object.as_object_mut() {
            if let Some(task) = standing.task {
                members.insert("Task".to_owned(), json!({ "Token": self.task_token(task) }));
            }
            if let Some(index) = standing.item {
                let item = json!({ "Index": index, "Source": "STATE_DATA" });
                members.insert("Map".to_owned(), json!({ "Item": item }));
            }
        }
        object
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// RFC 3339 in UTC, cut to milliseconds; zeros at the end are left out.
fn in_millis(at: Timestamp) -> Value {
    let micros = at.as_micros();
    Value::String(Timestamp::from_micros(micros.saturating_sub(micros.rem_euclid(1_000))).to_string())
}
