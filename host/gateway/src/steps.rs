//! The native steps of the envelope: a file each.

pub(crate) mod admit;
pub(crate) mod audit;
pub(crate) mod authenticate;
pub(crate) mod invoke;
pub(crate) mod meter;

use std::sync::Arc;

use express::{Task, TaskFailed, Tasks};
use serde_json::Value;

use crate::call::Call;
use crate::envelope::Step;
use crate::refusal::Refusal;

/// The steps as one call's envelope performs them.
pub(crate) struct Steps<'a>(pub(crate) &'a Call);

/// What a step answers to the document.
pub(crate) type StepResult = Result<Arc<Value>, TaskFailed>;

impl Tasks for Steps<'_> {
    async fn perform(&self, task: Task) -> Result<Arc<Value>, TaskFailed> {
        let call = self.0;
        match Step::of_resource(&task.resource) {
            Some(Step::Authenticate) => authenticate::perform(call),
            Some(Step::Admit) => admit::perform(call).await,
            Some(Step::Invoke) => invoke::perform(call).await,
            Some(Step::Meter) => meter::perform(call),
            Some(Step::Audit) => audit::perform(call),
            None => Err(TaskFailed { error: "States.Runtime".into(), cause: format!("no step {}", task.resource) }),
        }
    }
}

/// What a step says to the document that says nothing.
pub(crate) fn nothing() -> Arc<Value> {
    static NOTHING: std::sync::OnceLock<Arc<Value>> = std::sync::OnceLock::new();
    Arc::clone(NOTHING.get_or_init(|| Arc::new(Value::Null)))
}

/// Refuses the call: keeps what the client is told, and gives the envelope its code as the error's name.
pub(crate) fn refuse(call: &Call, refusal: Refusal) -> TaskFailed {
    let failed = TaskFailed { error: refusal.code().as_str().into(), cause: String::new() };
    call.progress.refusal.put(refusal);
    failed
}

/// A step was reached before what it builds on. The checks of the envelope leave no way to this.
pub(crate) fn out_of_order(step: Step) -> TaskFailed {
    TaskFailed { error: "States.Runtime".into(), cause: format!("{} came too early", step.as_str()) }
}
