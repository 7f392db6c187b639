//! A release that is its provider's own state machine: its input from the request, its run, and what it comes to.

mod answer;
mod components;
mod input;

use std::sync::Arc;

use asl::{Context, StateMachine};
use sandbox::{FailureKind, GuestFailure};
use types::{ByteCount, Code, Outcome};
use workflows::express;

use crate::call::Call;
use crate::permit::Permit;
use crate::refusal::Refusal;
use crate::steps::invoke::guest::by_guest;
use crate::steps::invoke::{Ingress, Invoked, turn};
use components::Components;

/// The largest request body that a state machine takes in, as Step Functions has it.
const BODY_MAX: ByteCount = ByteCount::kib(256);

/// Runs the machine on the request, within the release's wall time.
pub(super) async fn workflow(
    call: &Call,
    machine: &Arc<StateMachine>,
    ingress: Ingress,
    mut permit: Permit,
) -> Invoked {
    let body = super::guest::whole(ingress);
    if ByteCount::of(body.len()) > BODY_MAX {
        let text = format!("A workflow takes a request body of {BODY_MAX} bytes at most.");
        return Invoked::failed(Outcome::Refused, Some(Refusal::new(Code::PayloadTooLarge).detail(text)));
    }
    let headers = call.headers.take().unwrap_or_default();
    let input = match input::document(call, &headers, &body) {
        Ok(input) => Arc::new(input),
        Err(refusal) => return Invoked::failed(Outcome::Refused, Some(*refusal)),
    };
    let components = Components::new(call);
    let run = express::run(machine, input, context(call), &components, &call.premises.house.clock);
    let within = tokio::time::timeout(call.target.served.limits.wall, run);
    let ended = turn(call, &mut permit, within).await.unwrap_or(asl::Outcome::TimedOut);
    drop(permit);
    let mut invoked = conclude(call, ended);
    components.account(&mut invoked);
    invoked
}

/// What the run knows of itself.
fn context(call: &Call) -> Context {
    let id = call.asked.call;
    let slug = &call.target.api.slug;
    Context {
        execution_id: execution(call),
        execution_name: id.to_string(),
        started_at: call.asked.received_at,
        machine_id: format!("arn:aws:states:local:{}:stateMachine:{slug}", account(call)),
        machine_name: slug.to_string(),
        // The random part of the id.
        seed: crate::trace::low_bits(id),
        ..Context::default()
    }
}

/// The name of the run in the form that Step Functions gives to express ones.
fn execution(call: &Call) -> String {
    let id = call.asked.call;
    format!("arn:aws:states:local:{}:express:{}:{id}:{id}", account(call), call.target.api.slug)
}

fn account(call: &Call) -> String {
    let snapshot = call.premises.house.catalog.snapshot();
    snapshot.organisation(call.target.api.organisation).map(|owner| owner.account.clone()).unwrap_or_default()
}

fn conclude(call: &Call, ended: asl::Outcome) -> Invoked {
    match ended {
        asl::Outcome::Succeeded(output) => match answer::of(&output) {
            Ok(answer) => Invoked::answered(answer),
            Err(why) => {
                let refusal = Refusal::caused_by(Code::ComponentFailed, why);
                Invoked::failed(Outcome::InvalidResponse, Some(refusal))
            }
        },
        asl::Outcome::TimedOut => Invoked::failed(Outcome::Deadline, None),
        asl::Outcome::Failed { error, cause } => {
            let (error, cause) = (error.unwrap_or_default(), cause.unwrap_or_default());
            failed(call, error, &cause)
        }
    }
}

/// A failed run: the status that the release gives to the error, or what its name implies.
fn failed(call: &Call, error: String, cause: &str) -> Invoked {
    let mapped = call.target.served.release.errors.contains_key(&error);
    let of_host = Outcome::ALL.into_iter().find(|outcome| outcome.error_name() == Some(&*error));
    match of_host {
        Some(outcome) if !mapped => {
            let refusal = crate::refusal::code_of(outcome).map(|code| Refusal::caused_by(code, cause.to_owned()));
            Invoked::failed(outcome, refusal)
        }
        _ => {
            let message = said(cause);
            let kind = FailureKind::Permanent;
            by_guest(call, Some(GuestFailure { kind, code: error, message, detail: None, retry_after_ms: None }))
        }
    }
}

/// What a cause says for people: the message in it, where it is the document that functions fail with.
fn said(cause: &str) -> String {
    let document = serde_json::from_str::<serde_json::Value>(cause).ok();
    let message = document.as_ref().and_then(|document| document.get("errorMessage")).and_then(|text| text.as_str());
    message.unwrap_or(cause).to_owned()
}
