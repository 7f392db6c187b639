//! The rate-limit headers: the standard's two, and those that clients of older marketplaces read, with the same numbers.
//!
//! Source: draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4.

use std::time::Duration;

use bytes::BytesMut;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use ledger::{Policies, PolicyName, PolicyState};
use types::ObjectName;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const X_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const X_REQUESTS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-requests-limit"),
    HeaderName::from_static("x-ratelimit-requests-remaining"),
    HeaderName::from_static("x-ratelimit-requests-reset"),
];

/// Those that each answer gets: of the limits together, and the call's id.
const HEADERS: usize = 6;

/// `passed` in whole seconds, rounded up: what was promised must be true then.
pub(crate) fn whole_seconds(passed: Duration) -> u64 {
    passed.as_secs().saturating_add(u64::from(passed.subsec_nanos() > 0))
}

/// Adds the headers of `policies`; nothing for a plan without limits.
pub(crate) fn add(headers: &mut HeaderMap, policies: &Policies) {
    let all = || policies.rate.iter().chain(&policies.quotas);
    let Some(tightest) = all().min_by_key(|policy| policy.remaining) else { return };
    // At once, with room for the call's id: growing step by step would sort the map anew each time.
    headers.reserve(HEADERS.saturating_add(policies.quotas.len().saturating_mul(3)));
    let mut promised = Line::default();
    let mut standing = Line::default();
    for policy in all() {
        add_item(&mut promised, &mut standing, policy);
    }
    promised.insert_into(headers, POLICY);
    standing.insert_into(headers, LIMIT);
    headers.insert(X_LIMIT, HeaderValue::from(tightest.limit));
    headers.insert(X_REMAINING, HeaderValue::from(tightest.remaining));
    headers.insert(X_RESET, HeaderValue::from(whole_seconds(tightest.reset)));
    for policy in &policies.quotas {
        if let Some([limit, remaining, reset]) = object_headers(policy) {
            headers.insert(limit, HeaderValue::from(policy.limit));
            headers.insert(remaining, HeaderValue::from(policy.remaining));
            headers.insert(reset, HeaderValue::from(whole_seconds(policy.reset)));
        }
    }
}

fn add_item(promised: &mut Line, standing: &mut Line, policy: &PolicyState) {
    let name = policy.name.as_str();
    promised.item(name).number(";q=", policy.limit).number(";w=", whole_seconds(policy.window).max(1));
    if let PolicyName::Object(object) = &policy.name
        && !object.is_built_in()
    {
        promised.text(";weir-unit=\"").text(name).text("\"");
    }
    standing.item(name).number(";r=", policy.remaining).number(";t=", whole_seconds(policy.reset));
}

/// A header's value in the making. Written by hand: each call has two, and formatting costs more than all the rest here.
#[derive(Default)]
struct Line(BytesMut);

impl Line {
    fn item(&mut self, name: &str) -> &mut Self {
        if self.0.is_empty() {
            self.0.reserve(96);
        } else {
            self.text(", ");
        }
        self.text("\"").text(name).text("\"")
    }

    fn number(&mut self, before: &str, number: u64) -> &mut Self {
        self.text(before).text(itoa::Buffer::new().format(number))
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn insert_into(self, headers: &mut HeaderMap, name: HeaderName) {
        // Names of objects are letters, digits, spaces, `_` and `-`: always a header's value.
        if let Ok(value) = HeaderValue::from_maybe_shared(self.0.freeze()) {
            headers.insert(name, value);
        }
    }
}

fn object_headers(policy: &PolicyState) -> Option<[HeaderName; 3]> {
    let PolicyName::Object(object) = &policy.name else { return None };
    if object.as_str() == ObjectName::REQUESTS {
        return Some(X_REQUESTS);
    }
    let name = object.as_str().replace(' ', "-");
    let header = |end: &str| HeaderName::from_bytes(format!("x-ratelimit-{name}-{end}").as_bytes()).ok();
    Some([header("limit")?, header("remaining")?, header("reset")?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::RateWindow;

    #[test]
    fn both_families_show_the_same_numbers() {
        let policies = Policies {
            rate: Some(PolicyState {
                name: PolicyName::Rate(RateWindow::Second),
                limit: 5,
                remaining: 4,
                window: Duration::from_secs(1),
                reset: Duration::from_millis(200),
            }),
            quotas: vec![
                PolicyState {
                    name: PolicyName::Object(ObjectName::requests()),
                    limit: 10_000,
                    remaining: 7_655,
                    window: Duration::from_hours(720),
                    reset: Duration::from_secs(864_213),
                },
                PolicyState {
                    name: PolicyName::Object("Big Pages".parse().unwrap()),
                    limit: 100,
                    remaining: 3,
                    window: Duration::from_hours(24),
                    reset: Duration::from_mins(1),
                },
            ],
        };
        let mut headers = HeaderMap::new();
        add(&mut headers, &policies);
        let shown: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        ratelimit-policy: "rps";q=5;w=1, "Requests";q=10000;w=2592000, "Big Pages";q=100;w=86400;weir-unit="Big Pages"
        ratelimit: "rps";r=4;t=1, "Requests";r=7655;t=864213, "Big Pages";r=3;t=60
        x-ratelimit-limit: 100
        x-ratelimit-remaining: 3
        x-ratelimit-reset: 60
        x-ratelimit-requests-limit: 10000
        x-ratelimit-requests-remaining: 7655
        x-ratelimit-requests-reset: 864213
        x-ratelimit-big-pages-limit: 100
        x-ratelimit-big-pages-remaining: 3
        x-ratelimit-big-pages-reset: 60
        "#);
    }

    #[test]
    fn a_plan_without_limits_adds_nothing() {
        let mut headers = HeaderMap::new();
        add(&mut headers, &Policies::default());
        assert!(headers.is_empty());
    }
}
