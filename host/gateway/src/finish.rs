//! The end of every call: the one place that settles, and the one from which a reply leaves.
//!
//! It runs once, however the envelope ended: well, refused, failed, timed out, its client gone, or by a panic. Meter and
//! Audit that were not reached are done here. No reply to an admitted call leaves before its record is on disk.

use std::any::Any;
use std::sync::atomic::Ordering::Relaxed;

use http::{Response, StatusCode};
use ledger::{Ended, Policies, SettleError};
use types::{Code, Outcome};

use crate::call::Call;
use crate::refusal::Refusal;
use crate::reply::{self, Part, Reply, ReplyBody};
use crate::steps::invoke::{Answer, Invoked, Streaming};
use crate::steps::{audit, meter};
use crate::{idempotency, log, policy_headers, spans};

/// The envelope panicked: the host's fault, and this call's alone.
#[derive(Debug, thiserror::Error)]
#[error("the call panicked: {0}")]
pub(crate) struct Panicked(String);

impl Panicked {
    #[expect(clippy::needless_pass_by_value, reason = "it is what catching a panic answers with")]
    pub(crate) fn of(panic: Box<dyn Any + Send>) -> Self {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        Self(text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default())
    }
}

/// Settles the call and makes its reply.
pub(crate) async fn finish(mut call: Box<Call>, envelope: Result<asl::Outcome, Panicked>) -> Reply {
    let Some(policies) = call.progress.policies.take() else { return refused(&call, envelope) };
    let invoked = conclude(&mut call, envelope);
    let record = record(&mut call, &invoked);
    if let Some(kept) = idempotency::keep(&call, &invoked) {
        kept.await;
    }
    let (shown, settled) = match invoked.stream.take() {
        // Boxed: few calls stream, and all would carry its size.
        Some(stream) => (None, Box::pin(close(&call, stream, record)).await),
        None => settle(&call, &policies, record).await,
    };
    if settled.is_err() {
        call.premises.traffic.lost.fetch_add(1, Relaxed);
    }
    let refusal = settled.err().map(Refusal::from).or_else(|| invoked.refusal.take());
    log::ended(&call, &invoked, refusal.as_ref());
    spans::ended(&call, &invoked);
    let mut reply = match (refusal, invoked.answer.take()) {
        (Some(refusal), _) => refusal.to_reply(call.asked.call),
        (None, Some(answer)) => {
            let mut reply = Response::new(ReplyBody::whole(answer.body.clone()));
            write_answer(answer, &mut reply);
            reply
        }
        // A stream: its head has left, and nobody waits for this.
        (None, None) => Response::new(ReplyBody::whole(bytes::Bytes::new())),
    };
    policy_headers::add(reply.headers_mut(), shown.as_ref().unwrap_or(&policies));
    reply
}

/// A call that was not admitted: counted by its reason, and told so. It leaves no row.
fn refused(call: &Call, envelope: Result<asl::Outcome, Panicked>) -> Reply {
    let refusal = call.progress.refusal.take().unwrap_or_else(|| of_envelope(envelope));
    call.premises.deny(Some(call.target.api.id), refusal.code(), call.asked.received_at);
    log::refused(&call.premises.house.clock, &call.asked, &refusal);
    refusal.to_reply(call.asked.call)
}

/// What an envelope says that ended without a step's own refusal.
fn of_envelope(envelope: Result<asl::Outcome, Panicked>) -> Refusal {
    match envelope {
        Err(panicked) => Refusal::caused_by(Code::Internal, panicked),
        Ok(asl::Outcome::TimedOut) => Refusal::new(Code::ExecutionTimeout),
        Ok(asl::Outcome::Succeeded(_)) => Refusal::caused_by(Code::Internal, "the envelope ended without Invoke"),
        Ok(asl::Outcome::Failed { error, cause }) => {
            // A Fail state of the operator's own names a public code.
            let code = Code::ALL.into_iter().find(|code| error.as_deref() == Some(code.as_str()));
            match (code, cause) {
                (Some(code), Some(cause)) if !cause.is_empty() => Refusal::new(code).detail(cause),
                (Some(code), _) => Refusal::new(code),
                (None, cause) => Refusal::caused_by(
                    Code::Internal,
                    format!("the envelope failed: {} {}", error.unwrap_or_default(), cause.unwrap_or_default()),
                ),
            }
        }
    }
}

/// What Invoke came to; of an envelope that ended before or inside of it, what that means for the call.
fn conclude(call: &mut Call, envelope: Result<asl::Outcome, Panicked>) -> Invoked {
    let panicked = envelope.is_err();
    match call.progress.invoked.take() {
        Some(invoked) if !panicked => {
            if let Ok(asl::Outcome::Failed { .. } | asl::Outcome::TimedOut) = &envelope
                && invoked.outcome == Outcome::Ok
                && !invoked.stream.is_there()
            {
                // A later step may change the response, not the bill.
                invoked.refusal.put(of_envelope(envelope));
            }
            invoked
        }
        // The bill stays Invoke's; the reply cannot be trusted any more.
        Some(invoked) => {
            invoked.refusal.put(of_envelope(envelope));
            invoked
        }
        None => {
            let outcome = match &envelope {
                Err(_) | Ok(asl::Outcome::Succeeded(_)) => Outcome::HostError,
                Ok(asl::Outcome::TimedOut) => Outcome::Deadline,
                Ok(asl::Outcome::Failed { .. }) => Outcome::Refused,
            };
            Invoked::failed(outcome, Some(of_envelope(envelope)))
        }
    }
}

/// The record, with what only the end knows.
fn record(call: &mut Call, invoked: &Invoked) -> Ended {
    let (composed, metered) = (call.progress.record.take(), call.progress.metered.take());
    let call = &*call;
    let mut record = composed.unwrap_or_else(|| {
        let terms = call.progress.caller.get().map(|caller| &caller.terms);
        let units = || terms.map_or_else(Vec::new, |terms| meter::units(invoked, terms));
        audit::record(call, invoked, metered.unwrap_or_else(units))
    });
    let clock = &call.premises.house.clock;
    record.ended_at = clock.now();
    record.total = clock.moment().since(call.asked.began);
    record.client_gone = call.presence.is_gone();
    record
}

/// Has the call recorded. With it, the limits as they stand then.
async fn settle(call: &Call, before: &Policies, record: Ended) -> (Option<Policies>, Result<(), SettleError>) {
    let Some(admitted) = call.progress.admitted.take() else {
        // Invoke opened a stream and did not come back: the open row is completed by its own drop.
        return (None, Ok(()));
    };
    match call.premises.house.ledger.settle(admitted, record).await {
        Ok(recorded) => (Some(recorded.policies(before)), Ok(())),
        Err(error) => (None, Err(error)),
    }
}

/// Completes a stream's row, then its response: a client that sees the end knows that the end is recorded.
async fn close(call: &Call, stream: Streaming, record: Ended) -> Result<(), SettleError> {
    let Streaming { open, parts } = stream;
    let complete = record.outcome == Outcome::Ok;
    call.premises.house.ledger.close_stream(open, record).await?;
    // A client that was given up sees its stream reset, not ended.
    if complete && !call.presence.is_gone() && parts.send(Part::End).await.is_err() {
        tracing::debug!(call.id = %call.asked.call, "the client left before the end of its stream");
    }
    Ok(())
}

/// The head of a guest's answer, with the call's limits: for a stream, whose head leaves before the end.
pub(crate) fn write_head(call: &Call, answer: Answer, reply: &mut Reply) {
    write_answer(answer, reply);
    if let Some(policies) = call.progress.policies.get() {
        policy_headers::add(reply.headers_mut(), policies);
    }
}

fn write_answer(answer: Answer, reply: &mut Reply) {
    *reply.status_mut() = answer.status;
    *reply.headers_mut() = answer.headers;
    reply::strip_guest_headers(reply.headers_mut());
    if bodiless(answer.status) {
        *reply.body_mut() = ReplyBody::whole(bytes::Bytes::new());
    }
}

fn bodiless(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
}
