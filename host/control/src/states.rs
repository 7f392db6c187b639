//! The wire protocol of Step Functions: JSON 1.0 at `POST /`, signed by credentials of this host.
//!
//! It reads a request, proves who sent it, hands the operation to `workflows`, and renders what comes back as AWS does.
//! Which operations there are, and what they do, is theirs. Whatever fails here, a panic included, is answered in AWS's
//! form: SDKs read no other.

mod fault;
mod perform;
mod places;
mod request;

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::{HeaderName, HeaderValue, StatusCode, header};

use self::fault::Fault;
pub(crate) use self::fault::FaultName;
pub(crate) use self::places::Places;
use crate::house::Desk;
use crate::router::RequestId;

/// What bodies are, in both directions.
const JSON: &str = "application/x-amz-json-1.0";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// `POST /`.
pub(crate) async fn answer(State(desk): State<Desk>, request: Request) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let performed = AssertUnwindSafe(perform::perform(&desk, request)).catch_unwind().await;
    let performed = performed.unwrap_or_else(|_| {
        tracing::error!("an operation of Step Functions panicked");
        Err(Fault::internal())
    });
    let mut response = match performed {
        Ok(document) => {
            let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(JSON))];
            (StatusCode::OK, kind, document.to_string()).into_response()
        }
        Err(fault) => fault.render(),
    };
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(&id.0).ok()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
