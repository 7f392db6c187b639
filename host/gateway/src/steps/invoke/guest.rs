//! Guests that take a request whole and answer whole: the `http` and `task` worlds.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use api::FieldError;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, StatusCode};
use sandbox::{CallContext, Component, FailureKind, GuestFailure, HttpRequest, Ran};
use traces::Stream;
use types::{ApiId, CallId, Code, ObjectName, Outcome, PublicCode, Units};

use crate::call::{Call, RequestBody};
use crate::permit::Permit;
use crate::premises::Premises;
use crate::refusal::{self, Refusal};
use crate::steps::invoke::{Answer, Ingress, Invoked, run_with};

pub(super) async fn http(call: &Call, component: &Arc<Component>, ingress: Ingress, mut permit: Permit) -> Invoked {
    let request = HttpRequest {
        method: call.asked.method.clone(),
        path: call.path().to_owned(),
        query: call.asked.uri.query().map(str::to_owned),
        route: Arc::clone(&call.route().template),
        path_params: call.target.parameters.iter().map(|(name, value)| (name.to_string(), value.clone())).collect(),
        headers: call.headers.take().unwrap_or_default(),
        body: whole(ingress),
    };
    let sandbox = &call.premises.house.sandbox;
    let guest = pin!(sandbox.call_http(component, &context(call, &permit), request, &call.target.served.limits));
    let ran = run_with(&call.premises.settings, component, &mut permit, guest).await;
    drop(permit);
    let (answer, facts) = split(ran);
    let answered = answer.map(|response| {
        let (parts, body) = response.into_parts();
        Answer { status: parts.status, headers: parts.headers, body }
    });
    conclude(call, answered, facts)
}

pub(super) async fn task(call: &Call, component: &Arc<Component>, ingress: Ingress, mut permit: Permit) -> Invoked {
    let body = whole(ingress);
    let input = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&input) {
        let refusal = Refusal::new(Code::RequestInvalid).detail(format!("The request body is not JSON: {error}."));
        return Invoked::failed(Outcome::Refused, Some(refusal));
    }
    let sandbox = &call.premises.house.sandbox;
    let guest = pin!(sandbox.call_task(component, &context(call, &permit), input, &call.target.served.limits));
    let ran = run_with(&call.premises.settings, component, &mut permit, guest).await;
    drop(permit);
    let (answer, facts) = split(ran);
    let answered = answer.map(|body| {
        let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Answer { status: StatusCode::OK, headers: HeaderMap::from_iter([json]), body }
    });
    conclude(call, answered, facts)
}

pub(super) fn whole(ingress: Ingress) -> Bytes {
    match ingress.body {
        RequestBody::Whole(body) => body,
        RequestBody::Arriving(_) | RequestBody::Unread => Bytes::new(),
    }
}

/// What the guest is told of its call.
pub(super) fn context(call: &Call, permit: &Permit) -> CallContext {
    CallContext {
        call: call.asked.call,
        // There is one attempt: the call's own id is stable.
        invocation: None,
        attempt: 1,
        traceparent: Some(call.asked.trace.to_header()),
        api: Arc::clone(&call.target.api.slug),
        release: call.target.served.release.number,
        caller: called_by(call),
        allowances: allowances(call),
        outbound: call.target.served.outbound.clone(),
        // One that says something else was refused.
        depth: call.asked.depth.unwrap_or(u8::MAX),
        config: Arc::clone(&call.target.served.config),
        priority: permit.priority(),
        step: None,
        halt: None,
    }
}

/// Who calls, as a guest is told.
pub(super) fn called_by(call: &Call) -> Option<sandbox::Caller> {
    call.progress.caller.get().map(|caller| sandbox::Caller {
        app: caller.app,
        subscription: caller.subscription,
        plan: Arc::clone(&caller.plan_name),
    })
}

/// What the guest may report, per object that the route declares.
pub(super) fn allowances(call: &Call) -> Vec<(ObjectName, Units)> {
    let needs = &call.route().needs;
    needs.iter().filter(|need| !need.object.is_built_in()).map(|need| (need.object.clone(), need.units)).collect()
}

/// The answer of a run, and everything else of it.
pub(super) fn split<T>(mut ran: Ran<T>) -> (Option<T>, Ran<()>) {
    let answer = ran.answer.take();
    let facts = Ran {
        outcome: ran.outcome,
        answer: None,
        failure: ran.failure,
        detail: ran.detail,
        spent: ran.spent,
        reported: ran.reported,
        logs: ran.logs,
        logs_dropped: ran.logs_dropped,
    };
    (answer, facts)
}

/// What a run comes to.
pub(super) fn conclude(call: &Call, answer: Option<Answer>, facts: Ran<()>) -> Invoked {
    let outcome = facts.outcome;
    let mut invoked = match (outcome, answer) {
        (Outcome::Ok, Some(answer)) => Invoked::answered(answer),
        (Outcome::Ok, None) => Invoked::failed(Outcome::InvalidResponse, None),
        (Outcome::GuestError, _) => by_guest(call, facts.failure),
        (outcome, _) => {
            let code = refusal::code_of(outcome).unwrap_or(Code::ComponentFailed);
            let refusal = facts.detail.clone().map(|detail| Refusal::caused_by(code, detail));
            Invoked::failed(outcome, refusal)
        }
    };
    invoked.spent = facts.spent;
    invoked.reported = facts.reported;
    keep_logs(call, outcome, facts.detail, (facts.logs, facts.logs_dropped));
    invoked
}

/// Fields of a request that a failure may name; what goes beyond is left out.
const FIELDS_MAX: usize = 32;
/// Bytes of a failure's `detail` that are read; a longer one says nothing.
const DETAIL_MAX: usize = 64 * 1024;

/// What the host reads of a failure's `detail`. Anything else in it is the component's own.
#[derive(Debug, Default, serde::Deserialize)]
struct Detail {
    status: Option<u16>,
    #[serde(default)]
    errors: Vec<FieldError>,
}

impl Detail {
    fn read(json: Option<&[u8]>) -> Self {
        let json = json.filter(|json| json.len() <= DETAIL_MAX);
        let mut detail: Self = json.and_then(|json| serde_json::from_slice(json).ok()).unwrap_or_default();
        detail.status = detail.status.filter(|status| (400..=599).contains(status));
        detail.errors.truncate(FIELDS_MAX);
        detail
    }
}

/// What a guest's own failure comes to: the status that its release gives to the name, or that it gives itself, or what
/// the kind implies.
pub(super) fn by_guest(call: &Call, failure: Option<GuestFailure>) -> Invoked {
    let Some(failure) = failure else { return Invoked::failed(Outcome::GuestError, None) };
    let mapped = call.target.served.release.errors.get(&failure.code).copied();
    let detail = Detail::read(failure.detail.as_deref());
    let status = mapped.or(detail.status).or_else(|| (failure.kind == FailureKind::Rejected).then_some(400));
    let refusal = match (failure.kind, status) {
        (FailureKind::QuotaExceeded, _) => Refusal::new(Code::QuotaExceeded).detail(failure.message),
        (_, Some(status)) => {
            let name = PublicCode::of_component(&failure.code).unwrap_or_else(|| Code::ComponentFailed.into());
            Refusal::by_guest(status, name, failure.message).fields(detail.errors)
        }
        // A name that its release does not map: the provider finds it in the log.
        (_, None) => Refusal::caused_by(Code::ComponentFailed, format!("{}: {}", failure.code, failure.message)),
    };
    let refusal = match failure.retry_after_ms {
        Some(wait_ms) => refusal.retry_after(Duration::from_millis(wait_ms)),
        None => refusal,
    };
    Invoked::failed(Outcome::GuestError, Some(refusal))
}

/// Keeps what the guest wrote, and for its provider how it failed.
pub(super) fn keep_logs(call: &Call, outcome: Outcome, detail: Option<String>, logs: (Vec<sandbox::LogLine>, u32)) {
    let told = detail.map(|detail| format!("{outcome}: {detail}"));
    keep_lines(&call.premises, (call.asked.call, call.target.api.id), told, logs);
}

/// Keeps what a component wrote, and what the host has to say of it.
pub(crate) fn keep_lines(
    premises: &Premises,
    (call, api): (CallId, ApiId),
    told: Option<String>,
    (lines, dropped): (Vec<sandbox::LogLine>, u32),
) {
    if lines.is_empty() && dropped == 0 && told.is_none() {
        return;
    }
    let mut kept: Vec<(Stream, String)> = lines.into_iter().map(|line| (stream_of(line.stream), line.text)).collect();
    kept.extend(told.map(|told| (Stream::Host, told)));
    premises.house.traces.keep_logs(call, api, kept, dropped);
}

fn stream_of(stream: sandbox::LogStream) -> Stream {
    match stream {
        sandbox::LogStream::Stdout => Stream::Stdout,
        sandbox::LogStream::Stderr => Stream::Stderr,
        sandbox::LogStream::Log => Stream::Log,
    }
}
