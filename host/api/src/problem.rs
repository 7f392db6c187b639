//! What is said when something is refused: `application/problem+json` (RFC 9457).

use std::borrow::Cow;

use types::{CallId, Code, Timestamp};

use crate::At;

/// The media type of a [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";

/// One field of a request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct FieldError {
    /// A JSON pointer to the field, such as `/plans/0/rate`; empty for the whole document.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

/// A problem document. `message` repeats `detail`, for clients that were written for other marketplaces and clouds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Problem {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    pub type_uri: Cow<'static, str>,
    /// The same for every problem of this kind.
    pub title: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// The public code, which has a page of its own.
    pub code: Cow<'static, str>,
    /// What is wrong this time, and what to do.
    pub detail: Cow<'static, str>,
    /// The same as `detail`.
    pub message: Cow<'static, str>,
    /// `urn:weir:` and the id of the call or request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The policies that were violated, by the names that the `RateLimit` headers use.
    #[serde(rename = "violated-policies", default, skip_serializing_if = "Vec::is_empty")]
    pub violated_policies: Vec<String>,
    /// What the quota includes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// What of it is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
    /// When the quota begins anew.
    #[serde(rename = "resetAt", skip_serializing_if = "Option::is_none")]
    pub reset_at: Option<At>,
    /// Where a larger plan is to be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<String>,
    /// The fields that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// The problem that `code` names, its detail being its title until [`Self::detail`] says more.
    ///
    /// A disabled key reads as an unknown one: the two are told apart inside only.
    pub fn new(code: Code) -> Self {
        let code = if code == Code::KeyDisabled { Code::InvalidKey } else { code };
        Self {
            type_uri: type_uri(code),
            title: Cow::Borrowed(code.title()),
            status: code.status(),
            code: Cow::Borrowed(code.as_str()),
            detail: Cow::Borrowed(code.title()),
            message: Cow::Borrowed(code.title()),
            instance: None,
            violated_policies: Vec::new(),
            limit: None,
            used: None,
            reset_at: None,
            upgrade: None,
            errors: Vec::new(),
        }
    }

    /// Says what is wrong this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self.message.clone_from(&self.detail);
        self
    }

    /// Names the call that met the problem.
    #[must_use]
    pub fn call(self, call: CallId) -> Self {
        self.instance(&call.to_string())
    }

    /// Names the request that met the problem, by its id.
    #[must_use]
    pub fn instance(mut self, id: &str) -> Self {
        self.instance = Some(format!("urn:weir:{id}"));
        self
    }

    /// Adds the name of a policy that was violated.
    #[must_use]
    pub fn violated(mut self, policy: impl Into<String>) -> Self {
        self.violated_policies.push(policy.into());
        self
    }

    /// Gives the numbers of the quota or limit.
    #[must_use]
    pub fn counted(mut self, limit: u64, used: u64) -> Self {
        self.limit = Some(limit);
        self.used = Some(used);
        self
    }

    /// Says when the quota begins anew.
    #[must_use]
    pub fn reset_at(mut self, at: Timestamp) -> Self {
        self.reset_at = Some(At(at));
        self
    }

    /// Says where a larger plan is to be had.
    #[must_use]
    pub fn upgrade(mut self, url: impl Into<String>) -> Self {
        self.upgrade = Some(url.into());
        self
    }

    /// Adds a field that is wrong.
    #[must_use]
    pub fn field(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// The document, as it goes out.
    pub fn to_json_bytes(&self) -> Vec<u8> {
        // Strings, numbers and lists of them: there is nothing in it that JSON cannot hold.
        serde_json::to_vec(self).unwrap_or_else(|_| b"{}".to_vec())
    }
}

fn type_uri(code: Code) -> Cow<'static, str> {
    match code {
        Code::QuotaExceeded | Code::RateLimited | Code::ConcurrencyExceeded => {
            Cow::Borrowed("https://iana.org/assignments/http-problem-types#quota-exceeded")
        }
        Code::Overloaded => Cow::Borrowed("https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"),
        _ => Cow::Owned(format!("urn:weir:error:{code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_quota_reads_as_the_reference_shows_it() {
        let detail = "You have exceeded the MONTHLY quota for Requests on your current plan, BASIC.";
        let problem = Problem::new(Code::QuotaExceeded)
            .detail(detail)
            .violated("Requests")
            .counted(200, 200)
            .reset_at(Timestamp::from_micros(1_796_083_200_000_000));
        let json: serde_json::Value = serde_json::from_slice(&problem.to_json_bytes()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
                "title": "Request cannot be satisfied as assigned quota has been exceeded",
                "status": 429, "code": "quota-exceeded", "detail": detail, "message": detail,
                "violated-policies": ["Requests"], "limit": 200, "used": 200, "resetAt": "2026-12-01T00:00:00Z",
            })
        );
    }

    #[test]
    fn a_problem_reads_back_what_it_writes() {
        for code in Code::ALL {
            let problem = Problem::new(code).field("/slug", "too long").instance("req_1");
            assert_eq!(serde_json::from_slice::<Problem>(&problem.to_json_bytes()).unwrap(), problem);
        }
    }

    #[test]
    fn a_disabled_key_and_an_unknown_one_read_alike() {
        assert_eq!(Problem::new(Code::KeyDisabled), Problem::new(Code::InvalidKey));
    }
}
