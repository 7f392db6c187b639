//! Tasks that this host does not do itself: services of AWS, where the operator has set them up.

use aws::ServiceTask;
use express::TaskFailed;
use serde_json::{Value, json};
use types::OrganisationId;

use crate::functions::{failed, not_offered};
use crate::premises::Premises;
use crate::resource::ComponentName;

/// The task of calling a function.
pub(crate) const INVOKE: &str = "arn:aws:states:::lambda:invoke";

/// What a service does for a task. `None`: this host does not offer it.
pub(crate) fn find<'p>(
    premises: &'p Premises,
    organisation: OrganisationId,
    resource: &'p str,
) -> Option<ServiceTask<'p>> {
    let aws = premises.house.aws.as_ref()?;
    let named = premises.house.catalog.snapshot().organisation(organisation)?.name.clone();
    aws.task((organisation, &named), resource)
}

/// Has it done.
pub(crate) async fn ask(task: &ServiceTask<'_>, input: &Value, invocation: &str) -> Result<Value, TaskFailed> {
    // Boxed: few tasks are such, and all would carry its size.
    let answer = Box::pin(task.perform(input, invocation)).await;
    answer.map_err(|fault| failed(fault.error, fault.cause))
}

/// What [`INVOKE`] is given to call a function that is no component of the organisation.
pub(crate) fn invocation_of(name: ComponentName<'_>, payload: &Value) -> Value {
    let mut input = json!({ "FunctionName": name.slug, "Payload": payload });
    if let Some(release) = name.release {
        input["Qualifier"] = json!(release.to_string());
    }
    input
}

/// Does a task, or says that this host does not offer it.
pub(crate) async fn perform(
    premises: &Premises,
    organisation: OrganisationId,
    (resource, input): (&str, &Value),
    invocation: &str,
) -> Result<Value, TaskFailed> {
    match find(premises, organisation, resource) {
        Some(task) => ask(&task, input, invocation).await,
        None => Err(not_offered(resource)),
    }
}

/// Calls a function that is no component of the organisation. `None`: there is nowhere to call it.
pub(crate) async fn invoke(
    premises: &Premises,
    organisation: OrganisationId,
    (name, payload): (ComponentName<'_>, &Value),
    invocation: &str,
) -> Option<Result<Value, TaskFailed>> {
    let task = find(premises, organisation, INVOKE)?;
    Some(ask(&task, &invocation_of(name, payload), invocation).await)
}
