//! The smallest component worth calling: answers a request with its own body.

use weir_sdk::http::{Failure, Request, Response};

/// Answers the body that came.
///
/// # Errors
///
/// None.
pub fn handle(_context: &weir_sdk::Context, request: &Request) -> Result<Response, Failure> {
    Ok(Response::new(200, "text/plain", request.body.clone()))
}

weir_sdk::export_http!(handle);
