//! What a consumer is told when a call is refused or has failed.
//!
//! A [`Code`] is public for ever and has a page in `docs/errors/`; a [`Problem`] is the document (RFC 9457). Only this
//! file of the data plane turns a room's error into one. The cause goes to the log, never to the wire.

use std::error::Error;
use std::time::Duration;

use api::{FieldError, PROBLEM_JSON, Problem};
use bytes::Bytes;
use catalog::Suspension;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use ledger::{AdmitError, Policies, RepeatError, SettleError};
use types::{CallId, Code, Outcome, PublicCode, RateWindow};

use crate::arrival::BodyFault;
use crate::permit::PermitError;
use crate::policy_headers;
use crate::reply::{Reply, ReplyBody};

/// When to come back after an outage of the host: long enough for a commit to succeed again.
const RETRY_SOON: Duration = Duration::from_secs(1);
/// When to come back while the host stops: until its successor has started.
const RETRY_AFTER_DRAIN: Duration = Duration::from_secs(5);
/// The scheme that keys come by, for `WWW-Authenticate`.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"weir\"");

/// A problem on its way out, and beside it the cause, for the log alone.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: Code,
    /// A component's own name for its failure, which is shown instead.
    named: Option<PublicCode>,
    problem: Box<Problem>,
    retry_after: Option<Duration>,
    allow: Option<HeaderValue>,
    policies: Option<Box<Policies>>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Refusal {
    /// The refusal that `code` names.
    pub(crate) fn new(code: Code) -> Self {
        let retry_after = match code {
            Code::Overloaded | Code::MeteringUnavailable => Some(RETRY_SOON),
            Code::Draining | Code::Aborted => Some(RETRY_AFTER_DRAIN),
            _ => None,
        };
        let problem = Box::new(Problem::new(code));
        Self { code, named: None, problem, retry_after, allow: None, policies: None, cause: None }
    }

    /// A refusal whose cause the operator should see.
    pub(crate) fn caused_by(code: Code, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(code) }
    }

    /// Something that the call needs stands still; its reason is for the one who calls.
    pub(crate) fn suspended(code: Code, suspension: &Suspension) -> Self {
        let reason = suspension.reason.trim_end_matches('.');
        Self::new(code).detail(format!("{}: {reason}.", code.title()))
    }

    /// Says what is wrong this time.
    pub(crate) fn detail(mut self, detail: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        *self.problem = self.problem.detail(detail);
        self
    }

    /// Says when to come back.
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Says nothing of coming back: it would be of no use.
    pub(crate) fn without_retry(mut self) -> Self {
        self.retry_after = None;
        self
    }

    /// The path exists for these methods.
    pub(crate) fn other_methods(allow: HeaderValue) -> Self {
        Self { allow: Some(allow), ..Self::new(Code::MethodNotAllowed) }
    }

    /// What a guest said of its own failure, under its own code, with the status that its release gives it.
    pub(crate) fn by_guest(status: u16, name: PublicCode, message: String) -> Self {
        let mut refusal = Self::new(Code::ComponentFailed).detail(message);
        refusal.problem.type_uri = "about:blank".into();
        refusal.problem.title = "The API refused the request".into();
        refusal.problem.status = status;
        refusal.problem.code = name.as_str().to_owned().into();
        refusal.named = Some(name);
        refusal
    }

    /// Names the fields of the request that are wrong.
    pub(crate) fn fields(mut self, errors: Vec<FieldError>) -> Self {
        self.problem.errors = errors;
        self
    }

    /// The host's code. Of a guest's own failure it is that of a failed component.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// The code that the client reads.
    pub(crate) fn public_code(&self) -> PublicCode {
        self.named.clone().unwrap_or_else(|| self.code.into())
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.problem.status
    }

    /// The length of the document as it leaves.
    pub(crate) fn body(&self, call: CallId) -> Bytes {
        let mut problem = Problem::clone(&self.problem);
        problem.instance = Some(format!("urn:weir:{call}"));
        Bytes::from(problem.to_json_bytes())
    }

    /// What the operator should know: the cause and what lies behind it, on one line.
    pub(crate) fn cause(&self) -> Option<String> {
        let cause = self.cause.as_deref()?;
        let mut line = cause.to_string();
        let mut behind = cause.source();
        while let Some(next) = behind {
            line.push_str(": ");
            line.push_str(&next.to_string());
            behind = next.source();
        }
        Some(line)
    }

    /// The whole answer. `X-Request-Id` is added by the one who sends it.
    pub(crate) fn to_reply(&self, call: CallId) -> Reply {
        let mut reply = Response::new(ReplyBody::whole(self.body(call)));
        *reply.status_mut() = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.add_headers(reply.headers_mut());
        reply
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(policies) = &self.policies {
            policy_headers::add(headers, policies);
        }
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(policy_headers::whole_seconds(wait)));
        }
        if let Some(allow) = &self.allow {
            headers.insert(header::ALLOW, allow.clone());
        }
        if self.status() == 401 {
            headers.insert(header::WWW_AUTHENTICATE, CHALLENGE);
        }
    }

    /// The whole answer as HTTP/1.1 text that ends the connection, for a request that never became one.
    pub(crate) fn to_wire(&self, call: CallId) -> Vec<u8> {
        let body = self.body(call);
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let reason = status.canonical_reason().unwrap_or_default();
        let head = format!(
            "HTTP/1.1 {} {reason}\r\ncontent-type: {PROBLEM_JSON}\r\ncontent-length: {}\r\nx-request-id: {call}\r\n\
             connection: close\r\n\r\n",
            status.as_u16(),
            body.len()
        );
        let mut answer = head.into_bytes();
        answer.extend_from_slice(&body);
        answer
    }
}

impl From<AdmitError> for Refusal {
    fn from(error: AdmitError) -> Self {
        match error {
            AdmitError::Rate { rate, policies, retry_after } => {
                let mut refusal = Self::new(Code::RateLimited)
                    .retry_after(retry_after)
                    .detail(format!("You have exceeded the rate limit per {} for your plan.", rate.window.as_str()));
                let name = policies.rate.as_ref().map_or(rate_name(rate.window), |policy| policy.name.as_str());
                *refusal.problem = refusal.problem.violated(name);
                refusal.policies = Some(policies);
                refusal
            }
            AdmitError::Quota { quota, used, period, policies } => {
                let wait = policies.quotas.iter().find(|policy| policy.name.as_str() == quota.object.title());
                let mut refusal = Self::new(Code::QuotaExceeded);
                refusal.retry_after = wait.map(|policy| policy.reset);
                *refusal.problem = refusal
                    .problem
                    .detail(format!(
                        "You have exceeded the {} quota for {} on your current plan.",
                        quota.per.adjective(),
                        quota.object.title()
                    ))
                    .violated(quota.object.title())
                    .counted(quota.amount.get(), used.get())
                    .reset_at(period.end);
                refusal.policies = Some(policies);
                refusal
            }
            AdmitError::SpendCap { period, retry_after, policies, .. } => {
                let text = "The overage of this billing period has reached the spend cap of your subscription.";
                let mut refusal = Self::new(Code::SpendCapReached).retry_after(retry_after).detail(text);
                *refusal.problem = refusal.problem.reset_at(period.end);
                refusal.policies = Some(policies);
                refusal
            }
            AdmitError::Repeat(error) => error.into(),
            error @ AdmitError::Unavailable { .. } => Self::caused_by(Code::MeteringUnavailable, error),
        }
    }
}

impl From<RepeatError> for Refusal {
    fn from(error: RepeatError) -> Self {
        match error {
            RepeatError::Running(first) => Self::new(Code::IdempotencyConflict)
                .detail(format!("The first call with this idempotency key, {first}, still runs.")),
            RepeatError::OtherRequest(first) => Self::new(Code::IdempotencyMismatch)
                .detail(format!("The idempotency key came with another request before, that of {first}.")),
            RepeatError::Lost(first) => Self::new(Code::Aborted)
                .detail(format!(
                    "The call {first} with this idempotency key was cut off, and its result is lost. It does not run \
                     again: find out what it did, then use a new key."
                ))
                .without_retry(),
        }
    }
}

impl Refusal {
    /// Names the plan in the text of a spent limit, as clients of other marketplaces match on it.
    pub(crate) fn on_plan(mut self, plan: &str) -> Self {
        if matches!(self.code, Code::QuotaExceeded | Code::RateLimited)
            && let Some(text) = self.problem.detail.strip_suffix(" plan.")
        {
            let text = format!("{text} plan, {plan}.");
            *self.problem = self.problem.detail(text);
        }
        self
    }
}

fn rate_name(window: RateWindow) -> &'static str {
    match window {
        RateWindow::Second => "rps",
        RateWindow::Minute => "rpm",
        RateWindow::Hour => "rph",
    }
}

impl From<SettleError> for Refusal {
    fn from(error: SettleError) -> Self {
        Self::caused_by(Code::MeteringUnavailable, error)
    }
}

impl From<BodyFault> for Refusal {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge(limit) => {
                Self::new(Code::PayloadTooLarge).detail(format!("The request body may have {limit} bytes at most."))
            }
            BodyFault::TooSlow => Self::new(Code::RequestTimeout).detail("The request body came too slowly."),
            BodyFault::Broken => {
                Self::new(Code::RequestInvalid).detail("The request body broke off, or its framing is not valid.")
            }
        }
    }
}

impl From<PermitError> for Refusal {
    fn from(error: PermitError) -> Self {
        Self::caused_by(Code::Overloaded, error)
    }
}

/// The code that an invocation's outcome is answered with. `None`: the guest's own answer stands.
pub(crate) fn code_of(outcome: Outcome) -> Option<Code> {
    Some(match outcome {
        Outcome::Ok | Outcome::Replayed => return None,
        Outcome::GuestError
        | Outcome::StackOverflow
        | Outcome::InvalidResponse
        | Outcome::GuestExit
        | Outcome::Trap
        | Outcome::InstantiateFailed => Code::ComponentFailed,
        Outcome::OutOfFuel
        | Outcome::MemoryLimit
        | Outcome::HandleLimit
        | Outcome::HostCallLimit
        | Outcome::OutputTooLarge => Code::ComponentLimit,
        Outcome::Deadline => Code::ExecutionTimeout,
        Outcome::HostError => Code::Internal,
        Outcome::Overloaded => Code::Overloaded,
        Outcome::Aborted | Outcome::Interrupted => Code::Aborted,
        Outcome::Refused => Code::RequestInvalid,
    })
}

#[cfg(test)]
mod tests;
