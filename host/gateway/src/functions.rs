//! Components that state machines call: APIs of the task world, found by the name of a function.

use std::borrow::Cow;
use std::sync::Arc;

use catalog::World;
use express::TaskFailed;
use serde_json::{Value, json};
use types::{ApiId, Digest, OrganisationId};

use crate::premises::Premises;
use crate::resource::ComponentName;
use crate::served::{Runs, ServeError, Served};

/// A component that may be called.
pub(crate) struct Function {
    pub(crate) api: ApiId,
    pub(crate) served: Arc<Served>,
    pub(crate) digest: Digest,
}

/// Why there is none.
pub(crate) enum NoFunction {
    /// The workflow is told.
    Failed(TaskFailed),
    /// The release cannot be served, which is the host's fault.
    Host(ServeError),
}

/// The release that `name` stands for, if `organisation` may use it: one of its own, of the task world. `draw` decides
/// between two that are live.
pub(crate) fn find(
    premises: &Premises,
    organisation: OrganisationId,
    name: ComponentName<'_>,
    draw: u64,
) -> Result<Function, NoFunction> {
    let missing = || NoFunction::Failed(missing(name.slug));
    let snapshot = premises.house.catalog.snapshot();
    let api = snapshot.api(name.slug).filter(|api| api.organisation == organisation && api.suspended.is_none());
    let live = api.and_then(|api| api.live.as_ref());
    let (Some(api), Some(live)) = (api, live) else { return Err(missing()) };
    let served = match name.release {
        None => premises.served.of(api, live, draw, &premises.house.sandbox),
        Some(number) => premises.served.numbered(api, live, number, &premises.house.sandbox),
    };
    let served = served.map_err(NoFunction::Host)?.ok_or_else(missing)?;
    match &served.runs {
        Runs::Component { digest, world: World::Task } => {
            let digest = *digest;
            Ok(Function { api: api.id, served, digest })
        }
        _ => Err(NoFunction::Failed(failed(
            "Lambda.InvalidParameterValueException",
            format!("{} is not of the task world, which steps of a workflow are called in", name.slug),
        ))),
    }
}

/// Whether `organisation` has an API of this name. A function of any other name may be one of AWS Lambda.
pub(crate) fn is_own(premises: &Premises, organisation: OrganisationId, name: ComponentName<'_>) -> bool {
    let snapshot = premises.house.catalog.snapshot();
    snapshot.api(name.slug).is_some_and(|api| api.organisation == organisation)
}

/// What `lambda:invoke` asks for: the function that its input names, and the payload.
pub(crate) fn named(input: &Value) -> Result<(ComponentName<'_>, Value), TaskFailed> {
    let text = |name| input.get(name).and_then(Value::as_str);
    if let Some(other) = text("InvocationType").filter(|kind| *kind != "RequestResponse") {
        let cause = format!("a component is called and waited for, not by InvocationType {other}");
        return Err(failed("Lambda.InvalidParameterValueException", cause));
    }
    let function = text("FunctionName").unwrap_or_default();
    let named = ComponentName::of_function(function);
    let named = match text("Qualifier") {
        Some(qualifier) => named.and_then(|name| name.qualified(qualifier)),
        None => named,
    };
    let name = named.ok_or_else(|| missing(function))?;
    Ok((name, input.get("Payload").cloned().unwrap_or_else(|| json!({}))))
}

/// What `lambda:invoke` hands on.
pub(crate) fn answered(name: ComponentName<'_>, answer: &Value, request: &str) -> Value {
    json!({
        "ExecutedVersion": name.release.map_or_else(|| "$LATEST".to_owned(), |release| release.to_string()),
        "Payload": answer,
        "SdkHttpMetadata": { "HttpStatusCode": 200 },
        "SdkResponseMetadata": { "RequestId": request },
        "StatusCode": 200,
    })
}

/// What another service would do. The name is ours: no service of that name has failed.
pub(crate) fn not_offered(resource: &str) -> TaskFailed {
    let cause = format!(
        "this host does not offer {resource}: publish a component of the task world that does it, and name it in \
         Resource as component:NAME"
    );
    failed("Weir.UnsupportedResource", cause)
}

/// Functions fail with a document as their cause.
pub(crate) fn as_function(failed: TaskFailed) -> TaskFailed {
    let document = json!({ "errorMessage": failed.cause, "errorType": failed.error });
    TaskFailed { cause: document.to_string(), ..failed }
}

pub(crate) fn failed(error: impl Into<Cow<'static, str>>, cause: String) -> TaskFailed {
    TaskFailed { error: error.into(), cause }
}

fn missing(name: &str) -> TaskFailed {
    let cause = format!("this organisation has no component {name} that is live: publish one of the task world");
    failed("Lambda.ResourceNotFoundException", cause)
}
