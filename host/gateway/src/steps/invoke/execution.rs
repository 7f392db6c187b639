//! A release whose calls start executions: answered once one is on disk, with the place where it can be asked for.

use std::sync::Arc;

use asl::MachineKind;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use types::{Code, Outcome};
use workflows::{Begin, BeginError};

use super::workflow::{input, owner};
use super::{Answer, Ingress, Invoked};
use crate::call::Call;
use crate::origin::Origin;
use crate::refusal::Refusal;

pub(super) async fn begin(call: &Call, (kind, definition): (MachineKind, &Arc<str>), ingress: Ingress) -> Invoked {
    let input = match input(call, &super::guest::whole(ingress)) {
        Ok(input) => input,
        Err(refusal) => return Invoked::failed(Outcome::Refused, Some(*refusal)),
    };
    let (Some(workflows), Some(origin)) = (call.premises.workflows.get(), Origin::of(call)) else {
        let refusal = Refusal::caused_by(Code::Internal, "this gateway keeps no executions");
        return Invoked::failed(Outcome::HostError, Some(refusal));
    };
    let id = call.asked.call;
    let begin = Begin {
        owner: owner(call),
        machine: call.target.api.slug.to_string(),
        kind,
        definition: Arc::clone(definition),
        name: id.to_string(),
        input: input.to_string(),
        seed: call.premises.seed(id),
        origin: origin.to_text(),
    };
    match workflows.begin(begin).await {
        Ok(()) => Invoked::answered(begun(call)),
        Err(error @ (BeginError::TooMany(_) | BeginError::Busy)) => {
            let text = format!("No execution was started: {error}. Try again later.");
            Invoked::failed(Outcome::Overloaded, Some(Refusal::new(Code::Overloaded).detail(text)))
        }
        Err(BeginError::TooFast(wait)) => {
            let text =
                "Executions of this API's organisation are started faster than this host allows. Try again later.";
            Invoked::failed(Outcome::Refused, Some(Refusal::new(Code::RateLimited).detail(text).retry_after(wait)))
        }
        Err(error) => Invoked::failed(Outcome::HostError, Some(Refusal::caused_by(Code::Internal, error))),
    }
}

/// Where the execution can be asked for.
fn begun(call: &Call) -> Answer {
    let id = call.asked.call;
    let place = format!("/-/executions/{id}");
    let body = Bytes::from(json!({ "id": id, "status": "RUNNING", "location": place }).to_string());
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    headers.extend(HeaderValue::try_from(place).ok().map(|place| (LOCATION, place)));
    Answer { status: StatusCode::ACCEPTED, headers, body }
}
