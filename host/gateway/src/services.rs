//! Tasks that this host does not do itself: services of AWS, where the operator has set them up.

use express::TaskFailed;
use serde_json::{Value, json};
use types::OrganisationId;

use crate::functions::{failed, not_offered};
use crate::premises::Premises;
use crate::resource::ComponentName;

/// Does one, or says that this host does not offer it.
pub(crate) async fn perform(
    premises: &Premises,
    organisation: OrganisationId,
    (resource, input): (&str, &Value),
    invocation: &str,
) -> Result<Value, TaskFailed> {
    let asked = ask(premises, organisation, (resource, input), invocation).await;
    asked.unwrap_or_else(|| Err(not_offered(resource)))
}

/// Calls a function that is no component of the organisation. `None`: there is nowhere to call it.
pub(crate) async fn invoke(
    premises: &Premises,
    organisation: OrganisationId,
    (name, payload): (ComponentName<'_>, &Value),
    invocation: &str,
) -> Option<Result<Value, TaskFailed>> {
    let mut input = json!({ "FunctionName": name.slug, "Payload": payload });
    if let Some(release) = name.release {
        input["Qualifier"] = json!(release.to_string());
    }
    ask(premises, organisation, ("arn:aws:states:::lambda:invoke", &input), invocation).await
}

async fn ask(
    premises: &Premises,
    organisation: OrganisationId,
    task: (&str, &Value),
    invocation: &str,
) -> Option<Result<Value, TaskFailed>> {
    let aws = premises.house.aws.as_ref()?;
    let named = premises.house.catalog.snapshot().organisation(organisation)?.name.clone();
    // Boxed: few tasks are such, and all would carry its size.
    let answer = Box::pin(aws.perform((organisation, &named), task, invocation)).await?;
    Some(answer.map_err(|fault| failed(fault.error, fault.cause)))
}
