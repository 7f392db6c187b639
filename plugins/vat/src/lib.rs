//! VAT numbers and rates of the European Union, as an API: rates by country, kind and day; numbers checked by format
//! and check digits; net and gross to the cent.
//!
//! Everything is a table or a formula in the component. It asks nobody: whether a number is *registered* is known to
//! the tax authorities only, and the answers say so.

mod amounts;
mod calculations;
mod country;
mod dates;
mod numbers;
mod rates;

use weir_sdk::Context;
use weir_sdk::http::{Failure, Request, Response};

weir_sdk::export_http!(handle);

/// Answers one request, by the route that the host has matched.
///
/// # Errors
///
/// [`Failure::Rejected`] with one of the codes in `weir.toml`'s `[errors]`, for what the caller can put right.
pub fn handle(_context: &Context, request: &Request) -> Result<Response, Failure> {
    match (request.method.as_str(), request.route.as_str()) {
        ("GET" | "HEAD", "/v1/rates") => rates::list(request),
        ("GET" | "HEAD", "/v1/rates/{country}") => rates::of_country(request),
        ("GET" | "HEAD", "/v1/rates/{country}/history") => rates::history(request),
        ("GET" | "HEAD", "/v1/numbers/{number}") => numbers::check_one(request),
        ("POST", "/v1/numbers") => numbers::check_batch(request),
        ("GET" | "HEAD", "/v1/calculations") => calculations::calculate_one(request),
        ("POST", "/v1/calculations") => calculations::calculate_batch(request),
        (method, route) => Err(Failure::permanent("unrouted", format!("nothing answers {method} {route}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_is_answered_as_get_is() {
        let head = |path| Request { method: "HEAD".to_owned(), ..Request::get(path) };
        assert_eq!(handle(&Context::default(), &head("/v1/rates")).unwrap().status, 200);
        let rates = head("/v1/rates/DE").with_route("/v1/rates/{country}").with_param("country", "DE");
        assert_eq!(handle(&Context::default(), &rates).unwrap().status, 200);
    }
}
