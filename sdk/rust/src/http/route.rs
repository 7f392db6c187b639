//! Routes: which function answers which request.

use super::{Failure, Request, Response};
use crate::Context;

/// A function that answers one route. Made by `#[weir_sdk::http("GET /path")]`.
pub trait Route {
    /// The method, or `*` for any.
    const METHOD: &'static str;
    /// The template of the path.
    const PATH: &'static str;

    /// Reads the request, calls the function, and writes what it returned.
    ///
    /// # Errors
    ///
    /// What does not fit of the request, or what the function fails with.
    fn answer(context: &Context, request: &Request) -> Result<Response, Failure>;
}

/// A route as a value: its method, its path, and who answers.
#[doc(hidden)]
pub type Entry = (&'static str, &'static str, fn(&Context, &Request) -> Result<Response, Failure>);

/// Lets the function of the matched route answer.
///
/// The host has matched the request against the release's routes, and `request.route` says which it is. In native code
/// nobody has: a request whose route is its own path is matched here.
#[doc(hidden)]
pub fn dispatch(context: &Context, request: &Request, routes: &[Entry]) -> Result<Response, Failure> {
    let serves = |method: &str| method == "*" || method == request.method;
    let mut found = routes.iter().filter(|(method, path, _)| serves(method) && *path == request.route);
    if let Some((_, _, answer)) = found.next() {
        return answer(context, request);
    }
    #[cfg(not(target_family = "wasm"))]
    for (_, path, answer) in routes.iter().filter(|(method, _, _)| serves(method)) {
        if let Some(path_params) = matched(path, &request.path) {
            return answer(context, &Request { route: (*path).to_owned(), path_params, ..request.clone() });
        }
    }
    let message = format!("no function answers {} {}", request.method, request.route);
    Err(Failure::permanent("unrouted", message))
}

/// What the names of `template` stand for in `path`, if it fits.
#[cfg(not(target_family = "wasm"))]
fn matched(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (mut names, mut parts) = (template.split('/'), path.split('/'));
    let mut found = Vec::new();
    loop {
        let Some(name) = names.next() else { return parts.next().is_none().then_some(found) };
        if let Some(name) = name.strip_prefix("{*").and_then(|name| name.strip_suffix('}')) {
            found.push((name.to_owned(), super::query::unescaped(&parts.collect::<Vec<_>>().join("/"))));
            return Some(found);
        }
        let part = parts.next()?;
        match name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !part.is_empty() => found.push((name.to_owned(), super::query::unescaped(part))),
            None if name == part => {}
            _ => return None,
        }
    }
}

/// Makes a component of its routes: `weir_sdk::routes!(word, words)`.
///
/// Each is a function with the attribute `#[weir_sdk::http("…")]`, in this module or by its path. It defines
/// `pub fn handle(&Context, &Request) -> Result<Response, Failure>`, which answers a request as the component does, and
/// exports it (world `weir:plugin/http`). Once per crate, at its root. In native code a request is matched against the
/// routes here, so that `handle(&Context::default(), &Request::get("/v1/words/ok"))` is a whole test.
#[macro_export]
macro_rules! routes {
    ($($route:path),+ $(,)?) => {
        /// Answers one request, by its route.
        ///
        /// # Errors
        ///
        /// What does not fit of the request, or what its function fails with.
        #[allow(unreachable_pub, clippy::allow_attributes, reason = "the crate's own choice of where it stands")]
        pub fn handle(
            context: &$crate::Context,
            request: &$crate::http::Request,
        ) -> ::core::result::Result<$crate::http::Response, $crate::http::Failure> {
            $crate::http::dispatch(
                context,
                request,
                &[$((
                    <$route as $crate::http::Route>::METHOD,
                    <$route as $crate::http::Route>::PATH,
                    <$route as $crate::http::Route>::answer,
                )),+],
            )
        }

        $crate::export_http!(handle);
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_matched_as_the_host_matches_it() {
        let of = |template, path| matched(template, path).map(|found| found.into_iter().map(|(_, value)| value));
        let values = |template, path| of(template, path).map(Iterator::collect::<Vec<_>>);
        assert_eq!(values("/v1/rates/{country}", "/v1/rates/DE").unwrap(), ["DE"]);
        assert_eq!(values("/{a}/x/{b}", "/1/x/a%20b").unwrap(), ["1", "a b"]);
        assert_eq!(values("/files/{*rest}", "/files/a/b").unwrap(), ["a/b"]);
        assert_eq!(values("/v1/rates/{country}", "/v1/rates/"), None);
        assert_eq!(values("/v1/rates", "/v1/rates/DE"), None);
        assert_eq!(values("/v1/rates/DE", "/v1/rates"), None);
    }
}
