//! One task: a request, signed, sent and read.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use egress::{Egress, Grant, Limits, Line, Timeouts, Used};
use http::header::{HOST, HeaderName, HeaderValue};
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use serde_json::{Value, json};
use sigv4::Signer;
use types::{Clock, EgressRule, OrganisationId};

use crate::answer::{self, Answered};
use crate::service::{Asked, Protocol};
use crate::settings::Settings;
use crate::{json, query, rest};

/// How long a task may take.
const WITHIN: Duration = Duration::from_mins(1);
/// The most bytes of an answer: what a state may hold.
const BODY_MAX: usize = 256 * 1024;
/// Tells the other side that a request is another attempt of one that it may have seen.
const INVOCATION: HeaderName = HeaderName::from_static("amz-sdk-invocation-id");

/// A failed task, as Retry and Catch see it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {cause}")]
pub struct ServiceFault {
    /// The error's name, such as `DynamoDB.ConditionalCheckFailedException`.
    pub error: String,
    /// More of it, for people.
    pub cause: String,
    /// The status of the service's answer, where it is that which failed.
    pub(crate) status: Option<u16>,
}

/// Parts of the names of errors that go by, whatever their status.
const PASSING: [&str; 6] = ["Throttl", "TooManyRequests", "RequestLimitExceeded", "Unavailable", "Timeout", "Expired"];

impl ServiceFault {
    /// Whether the same may well succeed a while later.
    pub(crate) fn is_passing(&self) -> bool {
        let is_busy = self.status.is_some_and(|status| status == 429 || status >= 500);
        is_busy || self.error == "States.Http.Socket" || PASSING.iter().any(|part| self.error.contains(part))
    }

    pub(crate) fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { error: error.into(), cause: cause.into(), status: None }
    }

    pub(crate) fn runtime(cause: impl Into<String>) -> Self {
        Self::new("States.Runtime", cause)
    }
}

/// A request to be signed. Its headers are those that the protocol asks for.
pub(crate) struct Unsigned {
    pub(crate) method: http::Method,
    /// Path and query, as they are signed.
    pub(crate) path: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

/// The services that the operator has set up.
#[derive(Clone)]
pub struct Aws(Arc<Inner>);

struct Inner {
    settings: Settings,
    egress: Egress,
    clock: Clock,
}

impl std::fmt::Debug for Aws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Aws").field("endpoints", &self.0.settings.endpoints).finish_non_exhaustive()
    }
}

impl Aws {
    /// Reaches services through `egress`.
    pub fn new(settings: Settings, egress: Egress, clock: Clock) -> Self {
        Self(Arc::new(Inner { settings, egress, clock }))
    }

    /// What a service does for a task of an organisation, by id and name. `resource` is without the suffix that says when it
    /// counts as done. `None`: it names no service that is known and has an endpoint, or the organisation may use none.
    pub fn task<'a>(
        &'a self,
        (organisation, name): (OrganisationId, &str),
        resource: &'a str,
    ) -> Option<ServiceTask<'a>> {
        let asked = Asked::of(resource)?;
        let settings = &self.0.settings;
        let endpoint = settings.endpoints.of(asked.service.variable)?;
        let id = organisation.to_string();
        if !settings.organisations.iter().any(|allowed| *allowed == name || *allowed == id) {
            return None;
        }
        Some(ServiceTask { aws: &self.0, organisation, asked, endpoint, line: OnceLock::new() })
    }
}

/// A task that a service does.
pub struct ServiceTask<'a> {
    aws: &'a Inner,
    organisation: OrganisationId,
    asked: Asked<'a>,
    endpoint: &'a str,
    /// There as soon as something can be sent.
    line: OnceLock<Line>,
}

impl std::fmt::Debug for ServiceTask<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceTask")
            .field("asked", &self.asked)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl<'a> ServiceTask<'a> {
    /// Another task of the same service, for the same organisation.
    pub(crate) fn beside(&self, action: &'a str) -> Self {
        let Self { aws, organisation, endpoint, .. } = *self;
        Self { aws, organisation, asked: Asked { action, ..self.asked }, endpoint, line: OnceLock::new() }
    }

    /// Performs it, at most once. `invocation` is the same for all attempts of the task, and for no other. Dropping the
    /// future gives it up.
    ///
    /// # Errors
    ///
    /// [`ServiceFault`]: the service's own error by its name, `States.Permissions` for a place that the operator's policy
    /// does not let out, `States.Http.Socket` when no answer came within 60 s, `States.DataLimitExceeded` for more than
    /// 256 KiB, `States.Runtime` for parameters that make no request.
    pub async fn perform(&self, parameters: &Value, invocation: &str) -> Result<Value, ServiceFault> {
        let late = || ServiceFault::new("States.Http.Socket", "the service took longer than 60 s");
        let ask = Box::pin(self.ask(parameters, invocation));
        tokio::time::timeout(WITHIN, ask).await.unwrap_or_else(|_| Err(late()))
    }

    /// Breaks off what is still being sent, and tells what all of it came to.
    pub fn end(&self) -> Used {
        let Some(line) = self.line.get() else { return Used::default() };
        line.end();
        line.used()
    }

    async fn ask(&self, parameters: &Value, invocation: &str) -> Result<Value, ServiceFault> {
        let asked = &self.asked;
        let unsigned = match asked.service.protocol {
            Protocol::Json { target, version } => json::request(asked, (target, version), parameters)?,
            Protocol::Path { before } => json::on_path(asked, before, parameters),
            Protocol::Query { version } => query::request(asked, version, parameters)?,
            Protocol::S3 => rest::s3(asked, parameters)?,
            Protocol::Lambda => rest::lambda(asked, parameters)?,
        };
        let (request, line) = self.sign(invocation, unsigned)?;
        let response = line.send(request, Timeouts::default()).await.map_err(|error| unsent(&error))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, BODY_MAX).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                ServiceFault::new("States.DataLimitExceeded", "the answer is larger than 256 KiB")
            } else {
                ServiceFault::new("States.Http.Socket", error.to_string())
            }
        })?;
        answer::read(asked, &Answered { parts: &parts, body: &body.to_bytes() })
    }

    /// The request, and the line that lets it out.
    fn sign(&self, invocation: &str, unsigned: Unsigned) -> Result<(Request<egress::OutBody>, &Line), ServiceFault> {
        let Self { aws: Inner { settings, egress, clock }, organisation, asked, endpoint, line } = self;
        let wrong =
            |cause: String| ServiceFault::new("States.Permissions", format!("the endpoint {endpoint}: {cause}"));
        let uri: Uri = format!("{endpoint}{}", unsigned.path).parse().map_err(|error| wrong(format!("{error}")))?;
        let rule = rule_of(&uri).map_err(wrong)?;
        let mut request = Request::builder().method(unsigned.method).uri(uri);
        if let Some(headers) = request.headers_mut() {
            headers.extend(unsigned.headers);
            // Not signed: what goes on the way may change it.
            headers.extend(HeaderValue::try_from(invocation).ok().map(|id| (INVOCATION, id)));
        }
        let request = request.body(()).map_err(|error| ServiceFault::runtime(error.to_string()))?;
        let (mut parts, ()) = request.into_parts();
        let signer = Signer {
            access_key_id: &settings.access_key_id,
            secret: &settings.secret,
            session_token: settings.session_token.as_ref(),
            region: &settings.region,
            service: asked.service.signed,
        };
        signer
            .sign(&mut parts, &unsigned.body, clock.now())
            .map_err(|error| ServiceFault::runtime(error.to_string()))?;
        // The way out sets it, to the same.
        parts.headers.remove(HOST);
        let grant = Grant { api: "aws".into(), organisation: *organisation, rules: vec![rule], secrets: Vec::new() };
        let limits = Limits { requests: 1, first_byte: WITHIN, between_bytes: WITHIN, ..Limits::default() };
        let line = line.get_or_init(|| egress.line(Arc::new(grant), limits, 0));
        let body = Full::new(unsigned.body).map_err(|never| match never {}).boxed_unsync();
        Ok((Request::from_parts(parts, body), line))
    }
}

/// The one place that a request may go to.
fn rule_of(uri: &Uri) -> Result<EgressRule, String> {
    let host = uri.host().ok_or("it names no host")?;
    let mut rule = json!({ "host": host, "scheme": uri.scheme_str().unwrap_or_default() });
    if let Some(port) = uri.port_u16() {
        rule["port"] = json!(port);
    }
    serde_json::from_value(rule).map_err(|error| error.to_string())
}

fn unsent(error: &egress::SendError) -> ServiceFault {
    match error {
        egress::SendError::Denied(denied) => {
            let cause = format!("{denied}: the operator allows the endpoint's host in [egress] of host.toml");
            ServiceFault::new("States.Permissions", cause)
        }
        egress::SendError::RequestTooLarge(_) => ServiceFault::new("States.DataLimitExceeded", error.to_string()),
        error => ServiceFault::new("States.Http.Socket", error.to_string()),
    }
}
