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
/// nobody has: a request whose route is its own path is matched here. A route for `GET` answers `HEAD` too, unless there
/// is one for `HEAD`; the host leaves out the body.
#[doc(hidden)]
pub fn dispatch(context: &Context, request: &Request, routes: &[Entry]) -> Result<Response, Failure> {
    let serving = || routes.iter().filter_map(|route| Some((preference(route.0, &request.method)?, route)));
    let named = serving().filter(|(_, (_, path, _))| *path == request.route);
    if let Some((_, (_, _, answer))) = named.min_by_key(|(preference, _)| *preference) {
        return answer(context, request);
    }
    #[cfg(not(target_family = "wasm"))]
    {
        let fitting =
            serving().filter_map(|(preference, route)| Some((matched(route.1, &request.path)?, preference, route)));
        let best = fitting.min_by(|one, other| (&one.0.segments, one.1).cmp(&(&other.0.segments, other.1)));
        if let Some((Matched { path_params, .. }, _, (_, path, answer))) = best {
            return answer(context, &Request { route: (*path).to_owned(), path_params, ..request.clone() });
        }
    }
    let message = format!("no function answers {} {}", request.method, request.route);
    Err(Failure::permanent("unrouted", message))
}

/// Whether a route's method serves `asked`; the least is the best, in the host's order.
fn preference(method: &str, asked: &str) -> Option<u8> {
    match (method, asked) {
        _ if method == asked => Some(0),
        ("GET", "HEAD") => Some(1),
        ("*", _) => Some(2),
        _ => None,
    }
}

/// What a segment of a template is, the best first, as the host prefers them.
#[cfg(not(target_family = "wasm"))]
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal,
    Parameter,
    Rest,
}

/// A template that fits a path.
#[cfg(not(target_family = "wasm"))]
#[derive(Debug, Default)]
struct Matched {
    segments: Vec<Segment>,
    /// What its names stand for.
    path_params: Vec<(String, String)>,
}

/// How `template` fits `path`, if it does.
#[cfg(not(target_family = "wasm"))]
fn matched(template: &str, path: &str) -> Option<Matched> {
    let (mut names, mut parts) = (template.split('/'), path.split('/'));
    let mut found = Matched::default();
    loop {
        let Some(name) = names.next() else { return parts.next().is_none().then_some(found) };
        let part = parts.next()?;
        let (segment, name, value) = match name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => match name.strip_prefix('*') {
                Some(name) => {
                    let rest: Vec<_> = std::iter::once(part).chain(parts.by_ref()).collect();
                    (Segment::Rest, name, rest.join("/"))
                }
                None if part.is_empty() => return None,
                None => (Segment::Parameter, name, part.to_owned()),
            },
            None if name == part => {
                found.segments.push(Segment::Literal);
                continue;
            }
            None => return None,
        };
        found.segments.push(segment);
        found.path_params.push((name.to_owned(), super::query::unescaped(&value)));
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
        let of = |template, path| matched(template, path).map(|found| found.path_params.into_iter());
        let of = |template, path| of(template, path).map(|params| params.map(|(_, value)| value));
        let values = |template, path| of(template, path).map(Iterator::collect::<Vec<_>>);
        assert_eq!(values("/v1/rates/{country}", "/v1/rates/DE").unwrap(), ["DE"]);
        assert_eq!(values("/{a}/x/{b}", "/1/x/a%20b").unwrap(), ["1", "a b"]);
        assert_eq!(values("/files/{*rest}", "/files/a/b").unwrap(), ["a/b"]);
        assert_eq!(values("/files/{*rest}", "/files/").unwrap(), [""]);
        assert_eq!(values("/files/{*rest}", "/files"), None);
        assert_eq!(values("/v1/rates/{country}", "/v1/rates/"), None);
        assert_eq!(values("/v1/rates", "/v1/rates/DE"), None);
        assert_eq!(values("/v1/rates/DE", "/v1/rates"), None);
    }

    /// Answers with the route that was taken, by way of its status.
    fn taken(method: &str, path: &str, routes: &[Entry]) -> Option<u16> {
        let request = Request { method: method.to_owned(), ..Request::get(path) };
        dispatch(&Context::default(), &request, routes).ok().map(|response| response.status)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the shape of a route")]
    fn first(_: &Context, _: &Request) -> Result<Response, Failure> {
        Ok(Response::text(201, ""))
    }

    #[expect(clippy::unnecessary_wraps, reason = "the shape of a route")]
    fn second(_: &Context, _: &Request) -> Result<Response, Failure> {
        Ok(Response::text(202, ""))
    }

    #[test]
    fn a_route_for_get_answers_head_unless_head_has_its_own() {
        let (get, any): (Entry, Entry) = (("GET", "/a/{b}", first), ("*", "/a/{b}", second));
        assert_eq!(taken("HEAD", "/a/1", &[get]), Some(201));
        assert_eq!(taken("HEAD", "/a/{b}", &[any, get]), Some(201), "matched by the host");
        assert_eq!(taken("HEAD", "/a/1", &[any, get]), Some(201));
        assert_eq!(taken("POST", "/a/1", &[get, any]), Some(202));
        assert_eq!(taken("HEAD", "/a/1", &[get, ("HEAD", "/a/{b}", second)]), Some(202));
        assert_eq!(taken("GET", "/a/1", &[("HEAD", "/a/{b}", second)]), None);
    }

    #[test]
    fn a_literal_comes_before_a_parameter_and_a_parameter_before_a_rest() {
        for (better, worse) in [("/a/b/{c}", "/a/{b}/c"), ("/a/{b}/c", "/a/{*rest}"), ("/{a}/b/c", "/{*rest}")] {
            let routes: [Entry; 2] = [("GET", worse, second), ("*", better, first)];
            assert_eq!(taken("GET", "/a/b/c", &routes), Some(201), "{better} before {worse}");
        }
        // What a better template does not serve, another may.
        assert_eq!(taken("GET", "/a/b", &[("POST", "/a/{b}", first), ("GET", "/{*rest}", second)]), Some(202));
    }
}
