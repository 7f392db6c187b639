//! `GET /-/executions/{id}`: how an execution stands that a call of the app has started.

use catalog::Snapshot;
use serde_json::value::RawValue;
use types::{CallId, Code};
use workflows::Begun;

use super::Inquiry;
use crate::origin::Origin;
use crate::refusal::Refusal;
use crate::steps::invoke::said;

/// One execution. Of one that is somebody else's nothing is said, not even that it is there.
pub(super) async fn of(inquiry: &Inquiry<'_>, id: &str) -> Result<api::OwnExecution, Refusal> {
    let missing =
        || Refusal::new(Code::NotFound).detail("This key has started no such execution, or it is kept no more.");
    let id: CallId = id.parse().map_err(|_| missing())?;
    let workflows = inquiry.premises.workflows.get().ok_or_else(missing)?;
    let found = workflows.begun(id.to_string()).await;
    let found = found.map_err(|error| Refusal::caused_by(Code::Internal, error))?.ok_or_else(missing)?;
    let origin = Origin::read(&found.origin).filter(|origin| origin.app == inquiry.key.app).ok_or_else(missing)?;
    Ok(shown(&inquiry.snapshot, id, &origin, found))
}

/// An execution as the app whose call has begun it may see it.
pub(crate) fn shown(snapshot: &Snapshot, id: CallId, origin: &Origin, found: Begun) -> api::OwnExecution {
    let error = match &*found.status {
        "FAILED" => Some(told(snapshot, origin, found.error.as_deref(), found.cause.as_deref())),
        "TIMED_OUT" => Some(generic(Code::ExecutionTimeout)),
        "ABORTED" => Some(generic(Code::Aborted)),
        _ => None,
    };
    api::OwnExecution {
        id,
        api: origin.slug.to_string(),
        started_at: found.started.into(),
        ended_at: found.stopped.map(Into::into),
        status: found.status,
        output: found.output.and_then(|output| RawValue::from_string(output).ok()),
        error,
    }
}

/// What a consumer is told of a failure: errors that the release has a status for, by their name; of all others only
/// that it failed.
fn told(snapshot: &Snapshot, origin: &Origin, error: Option<&str>, cause: Option<&str>) -> api::OwnError {
    let live = snapshot.api(&origin.slug).and_then(|api| api.live.clone());
    let release = live.and_then(|live| {
        let found = live.releases.iter().find(|(release, _)| release.id == origin.release);
        found.map(|(release, _)| std::sync::Arc::clone(release))
    });
    let named = error.and_then(|error| Some((error, *release.as_ref()?.errors.get(error)?)));
    match named {
        Some((error, status)) => api::OwnError {
            code: error.to_owned(),
            status: Some(status),
            detail: Some(said(error, cause.unwrap_or_default())).filter(|text| !text.is_empty()),
        },
        None => generic(Code::ComponentFailed),
    }
}

fn generic(code: Code) -> api::OwnError {
    api::OwnError { code: code.as_str().to_owned(), status: None, detail: None }
}
