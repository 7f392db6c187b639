//! Why there is no answer.

use std::borrow::Cow;

use crate::meter::MeterError;

/// The code of a request that cannot be read, the same as the host's own.
const INVALID: &str = "request-invalid";

/// Characters of a pointer or of what is wrong there; what goes beyond is cut off.
const TEXT_MAX: usize = 200;
/// Parts of a request that are named, as many as the host shows.
#[cfg(any(test, target_family = "wasm"))]
const ERRORS_MAX: usize = 32;

/// Why there is no answer. The kind says who is at fault, and whether trying again can help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The caller's fault: a 4xx, never retried.
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
    /// The HTTP status, from 400 to 599. The release's `[errors]` come before it; without either, a rejected request is
    /// answered with 400, and any other failure with 502.
    pub status: Option<u16>,
    /// What is wrong with the request, field by field: the first 32 go to the host, with 200 characters of each text.
    pub errors: Vec<FieldError>,
    /// After how many milliseconds trying again makes sense.
    pub retry_after_ms: Option<u64>,
}

/// One part of a request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// Where: a JSON pointer into the body, such as `/lines/0/net`; `/query/NAME` or `/path/NAME` for a parameter.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Problem {
    /// A problem with a code and a message.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), ..Self::default() }
    }

    /// What it says beyond its code and message, as JSON for the host.
    ///
    /// The host reads 64 KiB of it. No character of a cut text takes more than four bytes, so the rest is always less.
    #[cfg(any(test, target_family = "wasm"))]
    pub(crate) fn detail(&self) -> serde_json::Result<Option<Vec<u8>>> {
        #[derive(serde::Serialize)]
        struct Detail {
            #[serde(skip_serializing_if = "Option::is_none")]
            status: Option<u16>,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            errors: Vec<FieldError>,
        }

        let errors: Vec<_> = self.errors.iter().take(ERRORS_MAX).map(FieldError::brief).collect();
        let says_more = self.status.is_some() || !errors.is_empty();
        says_more.then(|| serde_json::to_vec(&Detail { status: self.status, errors })).transpose()
    }
}

impl FieldError {
    #[cfg(any(test, target_family = "wasm"))]
    fn brief(&self) -> Self {
        Self { pointer: brief(&self.pointer), detail: brief(&self.detail) }
    }
}

/// The beginning of a text. Controls become spaces: JSON would write six bytes for each.
fn brief(text: &str) -> String {
    let mut letters = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut brief: String = letters.by_ref().take(TEXT_MAX - 1).collect();
    // One more fits; when there are two, the last place says so.
    if let Some(last) = letters.next() {
        brief.push(if letters.next().is_some() { '…' } else { last });
    }
    brief
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

    /// A request with something wrong at `pointer`: 400 `request-invalid`, with one of `errors`. Of each text 200
    /// characters are kept.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let (pointer, detail) = (brief(&pointer.into()), brief(&detail.into()));
        let place = if pointer.is_empty() { "the body" } else { &pointer };
        let message = format!("{place}: {detail}");
        let errors = vec![FieldError { pointer, detail }];
        Self::Rejected(Problem { status: Some(400), errors, ..Problem::new(INVALID, message) })
    }

    /// The failure that a status implies: below 500 the caller's fault; with a time to wait, one that may pass.
    pub fn with_status(status: u16, code: &str, message: impl Into<String>, retry_after_ms: Option<u64>) -> Self {
        let problem = Problem { status: Some(status), retry_after_ms, ..Problem::new(code, message) };
        match (status, retry_after_ms) {
            (..500, _) => Self::Rejected(problem),
            (_, Some(_)) => Self::Retryable(problem),
            (_, None) => Self::Permanent(problem),
        }
    }

    /// The code of its problem; `quota-exceeded` for a spent object.
    pub fn code(&self) -> &str {
        self.problem().map_or("quota-exceeded", |problem| &problem.code)
    }

    /// The status that it gives itself, and that the consumer gets unless the release's `[errors]` say otherwise.
    pub fn status(&self) -> u16 {
        let given = self.problem().and_then(|problem| problem.status);
        given.unwrap_or(match self {
            Self::Rejected(_) => 400,
            Self::QuotaExceeded(_) => 429,
            Self::Retryable(_) | Self::Permanent(_) => 502,
        })
    }

    /// What it says of the request's fields.
    pub fn errors(&self) -> &[FieldError] {
        self.problem().map_or(&[], |problem| &problem.errors)
    }

    fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Rejected(problem) | Self::Retryable(problem) | Self::Permanent(problem) => Some(problem),
            Self::QuotaExceeded(_) => None,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let message = match self {
            Self::QuotaExceeded(object) => Cow::Owned(format!("the call may use no more {object}")),
            _ => Cow::Borrowed(self.problem().map_or("", |problem| problem.message.as_str())),
        };
        write!(f, "{}: {message}", self.code())
    }
}

impl std::error::Error for Failure {}

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
    fn a_spent_object_is_a_quota_failure() {
        let spent = MeterError::LimitReached { object: "pages".into(), left: 2 };
        assert_eq!(Failure::from(spent), Failure::QuotaExceeded("pages".into()));
        assert_eq!(Failure::from(MeterError::TooManyObjects).code(), "meter");
    }

    #[test]
    fn a_status_says_whose_fault_it_is_and_whether_to_come_back() {
        let failure = |status, wait| Failure::with_status(status, "x", "y", wait);
        assert!(matches!(failure(404, None), Failure::Rejected(_)));
        assert!(matches!(failure(503, Some(10)), Failure::Retryable(_)));
        assert!(matches!(failure(500, None), Failure::Permanent(_)));
        assert_eq!(failure(409, None).status(), 409);
        assert_eq!(Failure::rejected("x", "y").status(), 400);
        assert_eq!(Failure::permanent("x", "y").status(), 502);
    }

    #[test]
    fn a_long_text_is_cut_and_stays_within_what_the_host_reads() {
        let failure = Failure::invalid("/".to_owned() + &"é".repeat(300), "x".repeat(200));
        let [error] = failure.errors() else { panic!("{failure:?}") };
        assert_eq!((error.pointer.chars().count(), error.pointer.ends_with("é…")), (200, true));
        assert_eq!(error.detail, "x".repeat(200));
        assert!(failure.to_string().chars().count() < 450);

        for letter in ["\u{1}", "\"", "🚲", "\\"] {
            let error = FieldError { pointer: letter.repeat(40_000), detail: letter.repeat(40_000) };
            let problem = Problem { status: Some(422), errors: vec![error; 100], ..Problem::default() };
            let detail = problem.detail().unwrap().unwrap();
            assert!(detail.len() <= 64 * 1024, "{} bytes of {letter:?}", detail.len());
            let detail: serde_json::Value = serde_json::from_slice(&detail).unwrap();
            assert_eq!((detail["errors"].as_array().unwrap().len(), &detail["status"]), (32, &422.into()));
        }
        assert_eq!(Problem::new("x", "y").detail().unwrap(), None);
    }
}
