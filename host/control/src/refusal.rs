//! What an operator or provider is told when a request is refused.
//!
//! Only this file of the control plane turns a room's error into a problem document. The cause goes to the log, not to
//! the wire.

use std::error::Error;

use api::{PROBLEM_JSON, Problem};
use axum::response::{IntoResponse, Response};
use catalog::CatalogError;
use delivery::DeliveryError;
use http::{HeaderValue, StatusCode, header};
use objects::ObjectError;
use sandbox::UploadError;
use types::Code;

/// Seconds after which a refusal that passes by itself is worth another try.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// A problem on its way out, and beside it the cause, for the log alone.
#[derive(Debug, Clone)]
pub(crate) struct Refusal(Box<Problem>);

impl Refusal {
    /// A refusal that says no more than its code does.
    pub(crate) fn new(code: Code) -> Self {
        Self(Box::new(Problem::new(code)))
    }

    /// A refusal that says what is wrong, and what to do.
    pub(crate) fn because(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(code).detail(detail.into())))
    }

    /// A request with a field that the document does not allow.
    pub(crate) fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::at(Code::RequestInvalid, pointer.into(), detail.into())
    }

    /// A request that is what the document says, with a field that does not go with what is there, with the time, or with
    /// another field.
    pub(crate) fn unfit(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::at(Code::Unprocessable, pointer.into(), detail.into())
    }

    fn at(code: Code, pointer: String, detail: String) -> Self {
        let whole = format!("{}: {detail}", pointer.trim_start_matches('/'));
        Self(Box::new(Problem::new(code).detail(whole).field(pointer, detail)))
    }

    /// A request that cannot be carried out, for what stands in several places.
    pub(crate) fn unfit_fields(detail: String, wrong: impl Iterator<Item = (&'static str, String)>) -> Self {
        let problem = Problem::new(Code::Unprocessable).detail(detail);
        Self(Box::new(wrong.fold(problem, |problem, (pointer, detail)| problem.field(pointer, detail))))
    }

    /// There is no `what` called `name`, or it is not for this caller: the two read alike.
    pub(crate) fn missing(what: &str, name: impl std::fmt::Display) -> Self {
        Self::because(Code::NotFound, format!("there is no {what} {name}, or it is not yours"))
    }

    /// A failure of the host, logged here, once.
    pub(crate) fn failed(code: Code, step: &'static str, cause: &(dyn Error + 'static)) -> Self {
        tracing::error!(step, code = code.as_str(), cause = chain(cause), "a control request failed");
        Self::new(code)
    }

    /// usage.db could not be read; logged here, once.
    pub(crate) fn unread(cause: &(dyn Error + 'static)) -> Self {
        Self::failed(Code::MeteringUnavailable, "read usage.db", cause)
    }

    /// workflows.db could not be read; logged here, once.
    pub(crate) fn unread_executions(cause: &(dyn Error + 'static)) -> Self {
        Self::failed(Code::Internal, "read workflows.db", cause)
    }

    /// The public code.
    pub(crate) fn code(&self) -> &str {
        &self.0.code
    }

    /// The whole response, for the request with this id.
    pub(crate) fn render(self, id: &str) -> Response {
        let problem = self.0.instance(id);
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, problem.to_json_bytes()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"weir\""));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }
}

impl From<ObjectError> for Refusal {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Bucket(_) | ObjectError::Key(_) => Self::because(Code::Unprocessable, error.to_string()),
            ObjectError::Missing(name) => Self::missing("object", name),
            ObjectError::TooLarge(_) => Self::because(Code::PayloadTooLarge, error.to_string()),
            ObjectError::NoFile(_) | ObjectError::TooMany | ObjectError::NoRoom(_) | ObjectError::NoPlace(_) => {
                Self::because(Code::Conflict, error.to_string())
            }
            ObjectError::File { .. } => Self::failed(Code::Internal, "use an object", &error),
        }
    }
}

impl From<CatalogError> for Refusal {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::NotFound { .. } => Self::because(Code::NotFound, error.to_string()),
            CatalogError::Exists { .. } => Self::because(Code::Conflict, error.to_string()),
            CatalogError::Invalid { field, why } => Self::field(format!("/{field}"), why),
            CatalogError::Unfit { field, why } => Self::unfit(format!("/{field}"), why),
            CatalogError::TooManyKeys { app } => {
                Self::because(Code::Conflict, format!("{app} has two keys of this kind already: disable one first"))
            }
            CatalogError::NotInvited => {
                Self::because(Code::Forbidden, "the invitation is mistyped, unknown, used or revoked, or has expired")
            }
            CatalogError::Changed => Self::because(
                Code::PreconditionFailed,
                "it was changed since its ETag was read: read it again, then decide",
            ),
            CatalogError::Repeated { made } => Self::because(
                Code::IdempotencyConflict,
                format!("the same request has made {made}; its secret was shown then, and is kept nowhere"),
            ),
            CatalogError::OtherRequest { made } => Self::because(
                Code::IdempotencyMismatch,
                format!("another request with this idempotency key has made {made}: use a new key"),
            ),
            CatalogError::HeldByOperator { what } => Self::because(
                Code::Forbidden,
                format!("an operator of the host has suspended this {what}: only an operator resumes it"),
            ),
            CatalogError::NotYetVisible => Self::because(
                Code::MeteringUnavailable,
                "the change is made and will take effect, but the ledger has not confirmed it: do not repeat it",
            ),
            CatalogError::Uncertain => Self::because(
                Code::MeteringUnavailable,
                "it is not known whether the change was made: look before repeating it",
            ),
            CatalogError::Unavailable => {
                Self::because(Code::Overloaded, "the catalog takes no change at the moment: repeat it later")
            }
            CatalogError::Store { .. } => Self::failed(Code::Internal, "change the catalog", &error),
        }
    }
}

impl From<DeliveryError> for Refusal {
    fn from(error: DeliveryError) -> Self {
        match error {
            DeliveryError::NotFound { what, id } => Self::missing(what, id),
            DeliveryError::Invalid { field, why } => Self::field(format!("/{field}"), why),
            DeliveryError::Unfit { field, why } => Self::unfit(format!("/{field}"), why),
            DeliveryError::Changed => Self::because(
                Code::PreconditionFailed,
                "it was changed since its ETag was read: read it again, then decide",
            ),
            DeliveryError::Conflict(why) => Self::because(Code::Conflict, why),
            DeliveryError::NoMail => {
                Self::because(Code::Conflict, "this host sends no mail: its operator has named no server for it")
            }
            DeliveryError::Unavailable => {
                Self::because(Code::Overloaded, "the host takes no change at the moment: repeat it later")
            }
            DeliveryError::Uncertain => {
                Self::because(Code::Overloaded, "it is not known whether the change was made: look before repeating it")
            }
            DeliveryError::Sealed(_) | DeliveryError::Read(_) | DeliveryError::Write(_) => {
                Self::failed(Code::Internal, "use delivery.db", &error)
            }
        }
    }
}

impl From<UploadError> for Refusal {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Refused(why) => Self::because(Code::ComponentRefused, why),
            error @ (UploadError::Compiler(_) | UploadError::Io { .. }) => {
                Self::failed(Code::Internal, "take an upload", &error)
            }
        }
    }
}

impl From<traces::TracesError> for Refusal {
    fn from(error: traces::TracesError) -> Self {
        Self::failed(Code::Overloaded, "read traces.db", &error)
    }
}

impl IntoResponse for Refusal {
    /// An empty response that carries the refusal: the outermost layer knows the request's id, and renders it.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// An error and all its sources, one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
