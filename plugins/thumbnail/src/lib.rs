//! Image thumbnails, as an API: PNG, JPEG or WebP in, a thumbnail out; billed by the started megapixel of the input.
//!
//! The size of an image is read from its head and checked before a pixel is decoded, so that a small file that claims to
//! be a huge image costs nothing. Nothing is reported to the meter unless there is a thumbnail.

mod geometry;
mod parameters;
mod picture;
mod source;

use serde::Serialize;
use weir_sdk::http::{Failure, Request, Response};
use weir_sdk::{Context, meter};

use crate::parameters::Parameters;
use crate::source::Source;

/// The billed object: millions of pixels of the input, a started one counting whole.
pub const MEGAPIXELS: &str = "megapixels";

weir_sdk::export_http!(handle);

/// What `POST /v1/info` says of an image.
#[derive(Serialize)]
struct Info {
    format: &'static str,
    width: u32,
    height: u32,
    megapixels: u64,
    bytes: usize,
}

/// Answers one request, by the route that the host has matched.
///
/// # Errors
///
/// [`Failure::Rejected`] with one of the codes in `weir.toml`'s `[errors]`; [`Failure::QuotaExceeded`] for an image with
/// more megapixels than the call may report.
pub fn handle(_context: &Context, request: &Request) -> Result<Response, Failure> {
    match (request.method.as_str(), request.route.as_str()) {
        ("POST", "/v1/thumbnails") => thumbnail(request),
        ("POST", "/v1/info") => info(request),
        (method, route) => Err(Failure::permanent("unrouted", format!("nothing answers {method} {route}"))),
    }
}

fn thumbnail(request: &Request) -> Result<Response, Failure> {
    let parameters = Parameters::read(request)?;
    let source = Source::open(&request.body)?;
    let megapixels = source.megapixels();
    if meter::remaining(MEGAPIXELS)? < megapixels {
        return Err(Failure::QuotaExceeded(MEGAPIXELS.to_owned()));
    }
    let input = format!("{}x{}", source.width(), source.height());
    let format = parameters.output.unwrap_or(source.format());
    let (bytes, size) = picture::thumbnail(source, &parameters, format)?;
    meter::add(MEGAPIXELS, megapixels)?;
    let response = Response::new(200, format.media_type(), bytes);
    let response = response.with_header("x-image-size", format!("{}x{}", size.width, size.height));
    Ok(response.with_header("x-input-size", input).with_header("x-megapixels", megapixels.to_string()))
}

fn info(request: &Request) -> Result<Response, Failure> {
    let source = Source::open(&request.body)?;
    let info = Info {
        format: source.format().name(),
        width: source.width(),
        height: source.height(),
        megapixels: source.megapixels(),
        bytes: request.body.len(),
    };
    Response::json(200, &info)
}

#[cfg(test)]
mod tests;
