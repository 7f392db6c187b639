//! The `http` world: a typed request in, a typed response or a typed failure out.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::meter::MeterError;
use crate::query;

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
    /// [`Failure::Rejected`] with the code `invalid-json`, and where and why reading stopped.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| Failure::rejected("invalid-json", error.to_string()))
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

/// Why there is no answer. The kind says who is at fault, and whether trying again can help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The caller's fault: a 4xx, never retried. The release's `[errors]` map its code to a status.
    Rejected(Problem),
    /// Trying again may help.
    Retryable(Problem),
    /// Trying again does not help.
    Permanent(Problem),
    /// The call would use more of this object than it may.
    QuotaExceeded(String),
}

/// What a failure says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    /// A stable word for programs, such as `unknown-country`.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// More for programs: JSON, by agreement with the caller.
    pub detail: Option<Vec<u8>>,
    /// After how many milliseconds trying again makes sense.
    pub retry_after_ms: Option<u64>,
}

impl Problem {
    /// A problem with a code and a message.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), ..Self::default() }
    }
}

impl Failure {
    /// The caller's fault.
    pub fn rejected(code: &str, message: impl Into<String>) -> Self {
        Self::Rejected(Problem::new(code, message))
    }

    /// A fault that may pass.
    pub fn retryable(code: &str, message: impl Into<String>) -> Self {
        Self::Retryable(Problem::new(code, message))
    }

    /// A fault that will not pass.
    pub fn permanent(code: &str, message: impl Into<String>) -> Self {
        Self::Permanent(Problem::new(code, message))
    }

    /// The code of its problem; `quota-exceeded` for a spent object.
    pub fn code(&self) -> &str {
        match self {
            Self::Rejected(problem) | Self::Retryable(problem) | Self::Permanent(problem) => &problem.code,
            Self::QuotaExceeded(_) => "quota-exceeded",
        }
    }
}

impl From<MeterError> for Failure {
    /// A limit that is reached is a spent quota; the other two are mistakes of the component.
    fn from(error: MeterError) -> Self {
        match error {
            MeterError::LimitReached { object, .. } => Self::QuotaExceeded(object),
            MeterError::UnknownObject { .. } | MeterError::TooManyObjects => {
                Self::permanent("meter", error.to_string())
            }
        }
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

    #[test]
    fn a_body_that_is_not_json_is_the_callers_fault() {
        let refused = Request::post("/", "{").json::<serde_json::Value>().unwrap_err();
        assert!(matches!(refused, Failure::Rejected(ref problem) if problem.code == "invalid-json"), "{refused:?}");
    }

    #[test]
    fn a_spent_object_is_a_quota_failure() {
        let spent = MeterError::LimitReached { object: "pages".into(), left: 2 };
        assert_eq!(Failure::from(spent), Failure::QuotaExceeded("pages".into()));
        assert_eq!(Failure::from(MeterError::TooManyObjects).code(), "meter");
    }
}
