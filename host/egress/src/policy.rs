//! Whether a request may go out: one line of the release's list, and one of the operator's.

use std::net::IpAddr;

use http::Method;
use types::{EgressRule, HostPattern};

use crate::fault::Denied;
use crate::target::{Host, Target};

/// Names that mean this machine, this network or a cloud's metadata, whatever a resolver says.
const DENIED_NAMES: [&str; 5] = ["localhost", "local", "internal", "home.arpa", "localdomain"];

/// The longest method: as long as the longest that a list may name.
pub(crate) const METHOD_MAX: usize = 32;

/// Decides by what is known before a name is resolved.
pub(crate) fn check(
    method: &Method,
    target: &Target,
    release: &[EgressRule],
    operator: &[EgressRule],
) -> Result<(), Denied> {
    // One asks to be connected through, the other to be shown what proxies added.
    if *method == Method::CONNECT || *method == Method::TRACE {
        return Err(Denied::Method(method.clone()));
    }
    if method.as_str().len() > METHOD_MAX {
        return Err(Denied::MethodTooLong);
    }
    if let Host::Name(name) = &target.host
        && is_denied_name(name)
    {
        return Err(Denied::Name);
    }
    if !release.iter().any(|rule| fits(rule, method, target)) {
        return Err(Denied::NotInRelease);
    }
    if !operator.iter().any(|rule| fits(rule, method, target)) {
        return Err(Denied::NotOnHost);
    }
    Ok(())
}

fn is_denied_name(name: &str) -> bool {
    let below = |denied: &str| name.strip_suffix(denied).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    !name.contains('.') || DENIED_NAMES.iter().any(|denied| below(denied))
}

fn fits(rule: &EgressRule, method: &Method, target: &Target) -> bool {
    let methods = rule.methods();
    rule.scheme() == target.scheme
        && rule.port() == target.port
        && (methods.is_empty() || methods.iter().any(|allowed| allowed == method.as_str()))
        && is_host(rule.host(), &target.host)
        && is_at_or_below(rule.path(), &target.path)
}

fn is_host(pattern: &HostPattern, host: &Host) -> bool {
    match (pattern, host) {
        (HostPattern::Any, Host::Name(_)) => true,
        (HostPattern::Name(allowed), Host::Name(name)) => allowed == name,
        (HostPattern::Below(above), Host::Name(name)) => {
            name.strip_suffix(above.as_str()).is_some_and(|labels| labels.len() > 1 && labels.ends_with('.'))
        }
        (HostPattern::V4(allowed), Host::Address(address)) => IpAddr::V4(*allowed) == *address,
        (HostPattern::V6(allowed), Host::Address(address)) => IpAddr::V6(*allowed) == *address,
        _ => false,
    }
}

/// Whole segments: `/v1` is at or above `/v1` and `/v1/x`, not `/v10`.
fn is_at_or_below(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| prefix.ends_with('/') || rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(json: serde_json::Value) -> Vec<EgressRule> {
        serde_json::from_value(json).unwrap()
    }

    fn decide(release: serde_json::Value, operator: serde_json::Value, method: &str, url: &str) -> Result<(), Denied> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        check(&method, &Target::parse(url).unwrap(), &rules(release), &rules(operator))
    }

    #[test]
    fn both_lists_have_to_allow_it() {
        let (some, any, none) =
            (serde_json::json!([{"host": "a.example.com"}]), serde_json::json!([{"host": "*"}]), serde_json::json!([]));
        let url = "https://a.example.com/";
        assert_eq!(decide(some.clone(), any.clone(), "GET", url), Ok(()));
        assert_eq!(decide(none.clone(), any.clone(), "GET", url), Err(Denied::NotInRelease));
        assert_eq!(decide(some.clone(), none, "GET", url), Err(Denied::NotOnHost));
        assert_eq!(decide(some.clone(), any, "GET", "https://b.example.com/"), Err(Denied::NotInRelease));
    }

    #[test]
    fn every_part_of_a_line_has_to_fit() {
        let list = serde_json::json!([{"host": "a.example.com", "methods": ["GET"], "port": 8443, "path": "/v1"}]);
        let decide = |method, url| decide(list.clone(), list.clone(), method, url);
        for url in ["https://a.example.com:8443/v1", "https://A.example.com.:8443/v1/x?y"] {
            assert_eq!(decide("GET", url), Ok(()), "{url}");
        }
        for (method, url) in [
            ("POST", "https://a.example.com:8443/v1"),
            ("GET", "http://a.example.com:8443/v1"),
            ("GET", "https://a.example.com/v1"),
            ("GET", "https://a.example.com:8443/v10"),
            ("GET", "https://a.example.com:8443/"),
            ("GET", "https://b.a.example.com:8443/v1"),
            ("GET", "https://a.example.com.evil.example:8443/v1"),
        ] {
            assert_eq!(decide(method, url), Err(Denied::NotInRelease), "{method} {url}");
        }
    }

    #[test]
    fn a_star_is_whole_labels_and_not_the_name_itself() {
        let list = serde_json::json!([{"host": "*.example.com"}]);
        let decide = |url| decide(list.clone(), list.clone(), "GET", url);
        assert_eq!(decide("https://a.example.com/"), Ok(()));
        assert_eq!(decide("https://a.b.example.com/"), Ok(()));
        for url in ["https://example.com/", "https://badexample.com/", "https://a.example.com.evil.example/"] {
            assert_eq!(decide(url), Err(Denied::NotInRelease), "{url}");
        }
    }

    #[test]
    fn any_name_is_no_address() {
        let list = serde_json::json!([{"host": "*"}]);
        assert_eq!(decide(list.clone(), list, "GET", "https://8.8.8.8/"), Err(Denied::NotInRelease));
    }

    #[test]
    fn names_of_this_machine_and_of_metadata_are_denied_on_any_list() {
        let list = serde_json::json!([{"host": "*"}, {"host": "metadata.google.internal"}]);
        for name in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "printer.local",
            "db.internal",
            "metadata.google.internal",
            "router",
            "nas.home.arpa",
            "localhost.localdomain",
        ] {
            assert_eq!(
                decide(list.clone(), list.clone(), "GET", &format!("https://{name}/")),
                Err(Denied::Name),
                "{name}"
            );
        }
        assert_eq!(decide(list.clone(), list, "GET", "https://notlocal.example/"), Ok(()));
    }

    #[test]
    fn tunnels_and_traces_are_denied() {
        let list = serde_json::json!([{"host": "*"}]);
        for method in ["CONNECT", "TRACE"] {
            let found = decide(list.clone(), list.clone(), method, "https://a.example.com/");
            assert!(matches!(found, Err(Denied::Method(_))), "{method}");
        }
    }

    #[test]
    fn a_method_has_at_most_32_bytes() {
        let list = serde_json::json!([{"host": "*"}]);
        let decided = |length| decide(list.clone(), list.clone(), &"M".repeat(length), "https://a.example.com/");
        assert_eq!((decided(32), decided(33)), (Ok(()), Err(Denied::MethodTooLong)));
    }
}
