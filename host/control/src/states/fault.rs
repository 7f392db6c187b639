//! Errors as clients of AWS read them. Of this protocol only this file turns a room's error into an answer.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};
use sigv4::SignatureError;
use stepfunctions::OperationError;

use super::JSON;

/// An error by AWS's name.
#[derive(Debug)]
pub(super) struct Fault {
    name: &'static str,
    message: String,
    members: Map<String, Value>,
}

/// The name of the error that a response holds, for the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FaultName(pub(crate) &'static str);

impl Fault {
    /// There is no such operation.
    pub(super) fn unknown_operation() -> Self {
        Self::new("UnknownOperationException", "The operation is not known: see the header X-Amz-Target.")
    }

    /// The body, or what the headers say of it, is not what this protocol has.
    pub(super) fn unreadable(why: impl Into<String>) -> Self {
        Self::new("SerializationException", why)
    }

    /// The body is larger than any operation takes.
    pub(super) fn too_large() -> Self {
        Self::new("RequestEntityTooLargeException", "A request has at most 1 MiB.")
    }

    /// The body did not come in time.
    pub(super) fn too_slow() -> Self {
        Self::new("RequestTimeoutException", "The body did not come within 10 s.")
    }

    /// Too many at once. SDKs wait and try again.
    pub(super) fn throttled() -> Self {
        Self::new("ThrottlingException", "Rate exceeded")
    }

    /// It took too long, and what it has done so far is not known.
    pub(super) fn unfinished() -> Self {
        Self::new("ServiceUnavailable", "The host did not finish in time.")
    }

    /// The host failed; the cause is in the log.
    pub(super) fn internal() -> Self {
        Self::new("InternalFailure", "The host failed.")
    }

    fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, message: message.into(), members: Map::new() }
    }

    fn status(&self) -> StatusCode {
        match self.name {
            "InternalFailure" => StatusCode::INTERNAL_SERVER_ERROR,
            "ServiceUnavailable" => StatusCode::SERVICE_UNAVAILABLE,
            "RequestEntityTooLargeException" => StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTimeoutException" => StatusCode::REQUEST_TIMEOUT,
            // Step Functions has no other, whatever the error.
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The whole response.
    pub(super) fn render(self) -> Response {
        let status = self.status();
        let mut document = self.members;
        document.insert("__type".to_owned(), self.name.into());
        document.insert("message".to_owned(), self.message.into());
        let mut response = (status, Value::Object(document).to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        headers.insert("x-amzn-errortype", HeaderValue::from_static(self.name));
        response.extensions_mut().insert(FaultName(self.name));
        response
    }
}

impl From<SignatureError> for Fault {
    fn from(error: SignatureError) -> Self {
        Self::new(error.name(), error.to_string())
    }
}

impl From<OperationError> for Fault {
    fn from(error: OperationError) -> Self {
        Self { name: error.name, message: error.message, members: error.members }
    }
}
