//! A release that is its provider's own state machine: its input from the request, its run, and what it comes to.

mod answer;
mod components;
mod input;
mod tally;
mod trail;
mod way_out;

use std::pin::pin;
use std::sync::Arc;

use asl::{Context, MachineKind, StateMachine};
use sandbox::{FailureKind, GuestFailure};
use serde_json::Value;
use types::{ByteCount, Code, Outcome};
use workflows::{Owner, REGION};

use crate::call::Call;
use crate::permit::Permit;
use crate::refusal::Refusal;
use crate::served::Runs;
use crate::steps::invoke::guest::by_guest;
use crate::steps::invoke::{Ingress, Invoked, turn};
use components::Components;
pub(crate) use way_out::WayOut;

/// The largest input of a run, as Step Functions has it.
const INPUT_MAX: ByteCount = ByteCount::kib(256);
/// The error of a run that took too long.
const TIMEOUT: &str = "States.Timeout";

/// Runs the machine on the request, within the release's wall time.
pub(super) async fn workflow(
    call: &Call,
    machine: &Arc<StateMachine>,
    ingress: Ingress,
    mut permit: Permit,
) -> Invoked {
    let input = match input(call, &super::guest::whole(ingress)) {
        Ok(input) => input,
        Err(refusal) => return Invoked::failed(Outcome::Refused, Some(*refusal)),
    };
    let (house, limits) = (&call.premises.house, &call.target.served.limits);
    let components = Components::new(call, permit.priority());
    let run = express::run(machine, input, context(call), &components, &house.clock);
    let within = tokio::time::timeout(limits.wall, run);
    let stoppable = async {
        tokio::select! {
            biased;
            ended = within => Some(ended.unwrap_or(asl::Outcome::TimedOut)),
            // The host stops.
            () = house.sandbox.aborted() => None,
        }
    };
    let ended = turn(&call.premises.settings, &mut permit, pin!(stoppable)).await;
    let (mut invoked, why) = match ended {
        Some(ended) => conclude(call, ended, &components),
        None => (Invoked::failed(Outcome::Aborted, None), None),
    };
    // It waits for components that were stopped: their place is for others.
    permit.lend();
    components.account(&mut invoked, why).await;
    // With their waits: they run beside one another, and nobody times them.
    permit.has_worked(invoked.spent.component_time);
    invoked
}

/// The request as the run's input.
pub(super) fn input(call: &Call, body: &[u8]) -> Result<Arc<Value>, Box<Refusal>> {
    let too_large = || {
        let text =
            format!("A workflow takes {INPUT_MAX} bytes at most: the request's body, as JSON or base64, and its head.");
        Box::new(Refusal::new(Code::PayloadTooLarge).detail(text))
    };
    if ByteCount::of(body.len()) > INPUT_MAX {
        return Err(too_large());
    }
    let headers = call.headers.take().unwrap_or_default();
    let input = input::document(call, &headers, body)?;
    if ByteCount::of(input.to_string().len()) > INPUT_MAX {
        return Err(too_large());
    }
    Ok(Arc::new(input))
}

/// What the run knows of itself.
fn context(call: &Call) -> Context {
    let id = call.asked.call;
    let slug = &call.target.api.slug;
    Context {
        execution_id: execution(call),
        execution_name: id.to_string(),
        started_at: call.asked.received_at,
        machine_id: format!("arn:aws:states:{REGION}:{}:stateMachine:{slug}", account(call)),
        machine_name: slug.to_string(),
        seed: call.premises.seed(id),
        ..Context::default()
    }
}

/// The name of the run, or of the execution, in the form that Step Functions gives it.
fn execution(call: &Call) -> String {
    let (id, slug, account) = (call.asked.call, &call.target.api.slug, account(call));
    match call.target.served.runs {
        Runs::Execution { kind: MachineKind::Standard, .. } => {
            format!("arn:aws:states:{REGION}:{account}:execution:{slug}:{id}")
        }
        Runs::Execution { kind: MachineKind::Express, .. } => {
            let seed = call.premises.seed(id);
            format!("arn:aws:states:{REGION}:{account}:express:{slug}:{id}:{seed:016x}")
        }
        _ => format!("arn:aws:states:{REGION}:{account}:express:{slug}:{id}:{id}"),
    }
}

fn account(call: &Call) -> String {
    let snapshot = call.premises.house.catalog.snapshot();
    snapshot.organisation(call.target.api.organisation).map(|owner| owner.account.clone()).unwrap_or_default()
}

/// Whose the run is.
pub(super) fn owner(call: &Call) -> Owner {
    Owner { organisation: call.target.api.organisation, account: account(call) }
}

/// How a run failed, for its provider.
struct Why {
    /// The name of its error, where it has one.
    error: Option<String>,
    /// What its log says.
    text: String,
}

impl Why {
    fn of(text: String) -> Self {
        Self { error: None, text }
    }
}

/// What the run's end comes to, and why, for its provider's log.
fn conclude(call: &Call, ended: asl::Outcome, components: &Components<'_>) -> (Invoked, Option<Why>) {
    match ended {
        asl::Outcome::Succeeded(output) => match answer::of(&output) {
            Ok(answer) if ByteCount::of(answer.body.len()) > call.target.served.limits.response_body => {
                let why = format!("a response of {} bytes", answer.body.len());
                (Invoked::failed(Outcome::OutputTooLarge, None), Some(Why::of(why)))
            }
            Ok(answer) => (Invoked::answered(answer), None),
            Err(why) => {
                let refusal = Refusal::caused_by(Code::ComponentFailed, why.clone());
                (Invoked::failed(Outcome::InvalidResponse, Some(refusal)), Some(Why::of(why)))
            }
        },
        asl::Outcome::TimedOut => {
            let why = Why { error: Some(TIMEOUT.to_owned()), text: "the run took too long".to_owned() };
            (Invoked::failed(Outcome::Deadline, None), Some(why))
        }
        asl::Outcome::Failed { error, cause } => {
            let (error, cause) = (error.unwrap_or_default(), cause.unwrap_or_default());
            let why = Why { error: Some(error.clone()), text: format!("the run failed: {error}: {cause}") };
            let stopped = components.stopped().filter(|outcome| outcome.error_name() == Some(&*error));
            // What may have run must not look as if it had not: the request would be let in again under its key.
            let stopped = stopped.filter(|outcome| outcome.may_have_run() || !components.have_run());
            (failed(call, (error, stopped), &cause), Some(why))
        }
    }
}

/// A failed run: the status that the release gives to the error, else what stopped the component that it comes from. A
/// Fail state may say any name; by that alone it is not the host that has failed.
fn failed(call: &Call, (error, stopped): (String, Option<Outcome>), cause: &str) -> Invoked {
    let mapped = call.target.served.release.errors.contains_key(&error);
    let timed_out = (Some(&*error) == Outcome::Deadline.error_name()).then_some(Outcome::Deadline);
    match stopped.or(timed_out) {
        Some(outcome) if !mapped => {
            let refusal = crate::refusal::code_of(outcome).map(|code| Refusal::caused_by(code, cause.to_owned()));
            Invoked::failed(outcome, refusal)
        }
        _ => {
            let message = said(&error, cause);
            let kind = FailureKind::Permanent;
            by_guest(call, Some(GuestFailure { kind, code: error, message, detail: None, retry_after_ms: None }))
        }
    }
}

/// What a cause says for people: the message in it, where it is the document that functions fail with. An HTTP task that
/// got a bad status fails with the whole answer, which is its provider's alone.
pub(crate) fn said(error: &str, cause: &str) -> String {
    if let Some(status) = error.strip_prefix("States.Http.StatusCode.") {
        return format!("A service that this API asks has answered with the status {status}.");
    }
    let document = serde_json::from_str::<Value>(cause).ok();
    let message = document.as_ref().and_then(|document| document.get("errorMessage")).and_then(|text| text.as_str());
    message.unwrap_or(cause).to_owned()
}
