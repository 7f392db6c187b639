//! The `http` world: a typed request in, a typed response or a typed failure out.

mod answer;
mod extract;
mod failure;
mod fields;
pub(crate) mod pointer;
mod query;
mod route;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use answer::Answer;
pub use extract::{Extract, Json, Path, Query};
pub use failure::{Failure, FieldError, Problem};
pub use route::Route;
#[doc(hidden)]
pub use route::{Entry, dispatch};
pub use weir_sdk_macros::Failure;

/// A header: its lower-case name and its bytes.
pub type Field = (String, Vec<u8>);

/// A request, as the host's router has matched it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The path below the API's own.
    pub path: String,
    /// What follows `?`, still encoded.
    pub query: Option<String>,
    /// The matched template, such as `/v1/rates/{country}`.
    pub route: String,
    /// What the template's names stand for.
    pub path_params: Vec<(String, String)>,
    /// The headers, without those that carry the caller's key.
    pub headers: Vec<Field>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Request {
    /// A `GET` of `path`, for tests; what follows `?` becomes the query.
    pub fn get(path: &str) -> Self {
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (path, None),
        };
        Self { method: "GET".into(), path: path.into(), query, route: path.into(), ..Self::default() }
    }

    /// A `POST` of `body` to `path`, for tests.
    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { method: "POST".into(), body: body.into(), ..Self::get(path) }
    }

    /// The same request, matched by `route`.
    #[must_use]
    pub fn with_route(mut self, route: &str) -> Self {
        route.clone_into(&mut self.route);
        self
    }

    /// The same request with one more path parameter.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: &str) -> Self {
        self.path_params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What the name `name` of the route's template stands for.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.path_params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of `name` in the query, decoded.
    pub fn query_value(&self, name: &str) -> Option<String> {
        self.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The query's pairs, decoded, in their order.
    pub fn query_pairs(&self) -> impl Iterator<Item = (String, String)> {
        query::pairs(self.query.as_deref().unwrap_or_default())
    }

    /// The first value of the header `name` (lower case), if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key == name)?;
        std::str::from_utf8(value).ok()
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    ///
    /// [`Failure::invalid`] at the place in the body where reading stopped.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let fault = |(pointer, detail): (String, String)| Failure::invalid(pointer, detail);
        pointer::read(&self.body).map_err(fault)
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<Field>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer of `body`, whose media type is `content_type`.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type".into(), content_type.into())], body: body.into() }
    }

    /// Plain text in UTF-8.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body.into())
    }

    /// `value` as JSON.
    ///
    /// # Errors
    ///
    /// [`Failure::Permanent`] with the code `not-json` when `value` has no JSON form, such as a map with keys
    /// that are not texts.
    pub fn json<T: Serialize + ?Sized>(status: u16, value: &T) -> Result<Self, Failure> {
        let body = serde_json::to_vec(value).map_err(|error| Failure::permanent("not-json", error.to_string()))?;
        Ok(Self::new(status, "application/json", body))
    }

    /// The same answer with one more header; `name` in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The first value of the header `name` (lower case), if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key == name)?;
        std::str::from_utf8(value).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_by_name() {
        let request = Request::get("/v1/rates/DE?date=2020-07-01&kind=standard%20rate");
        assert_eq!(request.path, "/v1/rates/DE");
        assert_eq!(request.query_value("kind").as_deref(), Some("standard rate"));
        assert_eq!(request.query_value("Date"), None);
    }
}
