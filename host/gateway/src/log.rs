//! The request line: one per call, and one per request that did not become a call. Its target is `weir::request`.
//!
//! No secret, body, address or header of the client's is in it.

use types::{CallId, Clock, Code, Outcome, PublicCode};

use crate::asked::Asked;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::steps::invoke::Invoked;

/// Logs a call that was admitted and has ended.
pub(crate) fn ended(call: &Call, invoked: &Invoked, refusal: Option<&Refusal>) {
    let (cause, code) = (refusal.and_then(Refusal::cause), refusal.map(Refusal::public_code));
    let elapsed = call.premises.house.clock.moment().since(call.asked.began);
    let status = refusal.map_or(invoked.status, Refusal::status);
    if invoked.outcome == Outcome::HostError || status == 500 {
        let cause = cause.as_deref().unwrap_or("unknown");
        tracing::error!(call.id = %call.asked.call, api = &*call.target.api.slug, cause, "the host failed a call");
    }
    tracing::info!(
        target: "weir::request",
        { call.id = %call.asked.call,
        api = &*call.target.api.slug,
        release = call.target.served.release.number,
        http.method = call.asked.method.as_str(),
        http.route = &*call.route().template,
        http.status = status,
        outcome = invoked.outcome.as_str(),
        error.code = code.as_ref().map(PublicCode::as_str),
        error.cause = cause,
        client_gone = call.presence.is_gone(),
        elapsed_us = micros(elapsed),
        component_us = micros(invoked.spent.component_time),
        fuel = invoked.spent.fuel.get(),
        request_bytes = invoked.request_bytes.get(),
        response_bytes = invoked.response_bytes.get() },
        "call"
    );
}

/// Logs a request that was not admitted.
pub(crate) fn refused(clock: &Clock, asked: &Asked, refusal: &Refusal) {
    let cause = refusal.cause();
    if refusal.status() == 500 {
        let cause = cause.as_deref().unwrap_or("unknown");
        tracing::error!(call.id = %asked.call, cause, "the host failed a request");
    }
    tracing::info!(
        target: "weir::request",
        { call.id = %asked.call,
        http.method = asked.method.as_str(),
        http.status = refusal.status(),
        error.code = refusal.code().as_str(),
        error.cause = cause,
        elapsed_us = micros(clock.moment().since(asked.began)) },
        "refused"
    );
}

/// Logs an answer to what was no request.
pub(crate) fn malformed(call: CallId, code: Code) {
    tracing::info!(
        target: "weir::request",
        { call.id = %call, http.status = code.status(), error.code = code.as_str() },
        "refused"
    );
}

fn micros(passed: std::time::Duration) -> u64 {
    u64::try_from(passed.as_micros()).unwrap_or(u64::MAX)
}
