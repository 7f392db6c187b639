//! What is refused, and by which name.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]

use std::time::Duration;

use http::request::Parts;
use http::{HeaderValue, Method, Request};
use proptest::prelude::*;
use sigv4::{Presented, SignatureError, Signer};
use types::{SecretValue, Timestamp};

const ID: &str = "AKIAWEIR234567ABCDEF";
const BODY: &[u8] = br#"{"maxResults":1}"#;

fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T10:00:00Z").unwrap()
}

fn secret() -> SecretValue {
    SecretValue::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned())
}

fn signed(parts: &mut Parts, body: &[u8]) {
    let secret = secret();
    let signer =
        Signer { access_key_id: ID, secret: &secret, session_token: None, region: "eu-central-1", service: "states" };
    signer.sign(parts, body, now()).unwrap();
}

/// A request as an SDK sends it.
fn request() -> Parts {
    let request = Request::post("/?a=1&b=2")
        .header("host", "127.0.0.1:8081")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", "AWSStepFunctions.ListStateMachines")
        .header("user-agent", "a tool");
    let mut parts = request.body(()).unwrap().into_parts().0;
    signed(&mut parts, BODY);
    parts
}

fn check(parts: &Parts, body: &[u8]) -> Result<(), SignatureError> {
    Presented::read(parts, "states", now())?.verify(parts, body, &secret())
}

/// The name of the refusal after `change`.
fn refused(change: impl FnOnce(&mut Parts)) -> &'static str {
    let mut parts = request();
    change(&mut parts);
    check(&parts, BODY).unwrap_err().name()
}

fn put(parts: &mut Parts, name: &'static str, value: &str) {
    parts.headers.insert(name, HeaderValue::from_str(value).unwrap());
}

/// Puts `to` in place of `from` in the header `Authorization`.
fn rewrite(parts: &mut Parts, from: &str, to: &str) {
    let header = parts.headers["authorization"].to_str().unwrap().to_owned();
    assert!(header.contains(from), "{header}");
    put(parts, "authorization", &header.replace(from, to));
}

#[test]
fn a_request_that_was_signed_says_who_signed_it_and_for_where() {
    let parts = request();
    let claim = Presented::read(&parts, "states", now()).unwrap();
    assert_eq!((claim.access_key_id(), claim.scope().region.as_str()), (ID, "eu-central-1"));
    assert_eq!(claim.verify(&parts, BODY, &secret()), Ok(()));
    assert_eq!(claim.verify(&parts, BODY, &SecretValue::new("other".to_owned())), Err(SignatureError::Mismatch));
}

#[test]
fn a_change_of_anything_that_is_signed_is_refused() {
    const NAME: &str = "InvalidSignatureException";
    assert_eq!(refused(|parts| parts.method = Method::PUT), NAME);
    assert_eq!(refused(|parts| parts.uri = "/x?a=1&b=2".parse().unwrap()), NAME);
    assert_eq!(refused(|parts| parts.uri = "/?a=1&b=3".parse().unwrap()), NAME);
    assert_eq!(refused(|parts| parts.uri = "/?a=1".parse().unwrap()), NAME);
    assert_eq!(refused(|parts| put(parts, "host", "sync-127.0.0.1:8081")), NAME);
    assert_eq!(refused(|parts| put(parts, "content-type", "text/plain")), NAME);
    assert_eq!(refused(|parts| put(parts, "x-amz-target", "AWSStepFunctions.DeleteStateMachine")), NAME);
    assert_eq!(refused(|parts| put(parts, "x-amz-date", "20261122T100001Z")), NAME);
    assert_eq!(refused(|parts| rewrite(parts, "eu-central-1", "eu-central-2")), NAME);
    assert_eq!(refused(|parts| rewrite(parts, "Signature=", "Signature=0")), NAME);
    assert_eq!(check(&request(), b"{}"), Err(SignatureError::Payload));
    let other_body = |parts: &mut Parts| {
        put(parts, "x-amz-content-sha256", &types::Digest::of(b"{}").to_string());
    };
    let mut parts = request();
    other_body(&mut parts);
    assert_eq!(check(&parts, b"{}"), Err(SignatureError::Mismatch));
}

#[test]
fn a_change_of_what_is_not_signed_is_none() {
    let mut parts = request();
    put(&mut parts, "user-agent", "a tool behind a proxy");
    put(&mut parts, "x-forwarded-for", "192.0.2.1");
    assert_eq!(check(&parts, BODY), Ok(()));
}

#[test]
fn every_digit_of_the_signature_counts() {
    let header = request().headers["authorization"].to_str().unwrap().to_owned();
    let begin = header.len() - 64;
    for position in begin..header.len() {
        let mut changed = header.clone();
        let digit = if &header[position..=position] == "0" { "1" } else { "0" };
        changed.replace_range(position..=position, digit);
        let mut parts = request();
        put(&mut parts, "authorization", &changed);
        assert_eq!(check(&parts, BODY), Err(SignatureError::Mismatch), "{position}");
    }
}

#[test]
fn a_header_of_awss_own_that_is_not_signed_is_refused() {
    let added = refused(|parts| put(parts, "x-amz-added", "1"));
    assert_eq!(added, "InvalidSignatureException");
    let mut parts = request();
    rewrite(&mut parts, ";x-amz-target", "");
    assert_eq!(check(&parts, BODY), Err(SignatureError::NotSigned("x-amz-target".to_owned())));
    let mut parts = request();
    rewrite(&mut parts, ";host", "");
    assert_eq!(check(&parts, BODY), Err(SignatureError::NotSigned("host".to_owned())));
}

#[test]
fn what_is_missing_or_unreadable_has_a_name() {
    const NAME: &str = "IncompleteSignatureException";
    let none = |parts: &mut Parts| drop(parts.headers.remove("authorization"));
    assert_eq!(refused(none), "MissingAuthenticationTokenException");
    assert_eq!(refused(|parts| put(parts, "authorization", "Bearer weir_ctrl_1")), NAME);
    assert_eq!(refused(|parts| put(parts, "authorization", "AWS4-HMAC-SHA256")), NAME);
    for member in ["Credential=", "SignedHeaders=", "Signature="] {
        assert_eq!(refused(|parts| rewrite(parts, member, "Other=")), NAME, "{member}");
    }
    assert_eq!(refused(|parts| rewrite(parts, "/aws4_request", "")), NAME);
    assert_eq!(refused(|parts| rewrite(parts, "host;", "host;host;")), NAME);
    assert_eq!(refused(|parts| rewrite(parts, "host;", "Host;")), NAME);
    assert_eq!(refused(|parts| rewrite(parts, "host;", "host;missing;")), NAME);
    assert_eq!(refused(|parts| rewrite(parts, ", Signature=", ", Signature=1, Signature=")), NAME);
    assert_eq!(refused(|parts| drop(parts.headers.remove("x-amz-date"))), NAME);
    assert_eq!(refused(|parts| put(parts, "x-amz-date", "2026-11-22T10:00:00Z")), NAME);
    let twice = |name: &'static str, value: &'static str| {
        refused(|parts| assert!(parts.headers.append(name, HeaderValue::from_static(value))))
    };
    assert_eq!(twice("x-amz-date", "20261122T100000Z"), NAME);
    assert_eq!(twice("authorization", "Basic x"), NAME);
}

#[test]
fn what_is_too_long_is_refused() {
    const NAME: &str = "IncompleteSignatureException";
    assert_eq!(refused(|parts| rewrite(parts, "Signature=", &format!("Signature={}", "0".repeat(4096)))), NAME);
    let names: Vec<String> = (0..65).map(|number| format!("a{number:02}")).collect();
    assert_eq!(refused(|parts| rewrite(parts, "content-type;", &format!("{};content-type;", names.join(";")))), NAME);
    assert_eq!(refused(|parts| put(parts, "content-type", &"a".repeat(17_000))), NAME);
    assert_eq!(refused(|parts| parts.uri = format!("/{}", "a".repeat(17_000)).parse().unwrap()), NAME);
}

#[test]
fn the_scope_has_to_fit() {
    const NAME: &str = "InvalidSignatureException";
    assert_eq!(refused(|parts| rewrite(parts, "/states/", "/lambda/")), NAME);
    assert_eq!(refused(|parts| rewrite(parts, "aws4_request", "aws5_request")), NAME);
    assert_eq!(refused(|parts| rewrite(parts, "/20261122/", "/20261121/")), NAME);
    assert_eq!(refused(|parts| rewrite(parts, "/eu-central-1/", "/EU:central/")), NAME);
    assert_eq!(refused(|parts| rewrite(parts, ID, "short")), "UnrecognizedClientException");
}

#[test]
fn a_session_token_was_never_issued() {
    assert_eq!(refused(|parts| put(parts, "x-amz-security-token", "x")), "UnrecognizedClientException");
}

#[test]
fn payloads_that_are_not_signed_or_signed_in_chunks_are_not_offered() {
    for claimed in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"] {
        let mut parts = request();
        put(&mut parts, "x-amz-content-sha256", claimed);
        assert_eq!(check(&parts, BODY), Err(SignatureError::Payload));
    }
}

#[test]
fn a_clock_may_be_five_minutes_off_and_not_a_second_more() {
    let parts = request();
    let at = |moment: Timestamp| Presented::read(&parts, "states", moment).map(|_| ());
    let skew = Duration::from_mins(5);
    let before =
        |passed: Duration| Timestamp::from_micros(now().as_micros() - i64::try_from(passed.as_micros()).unwrap());
    assert_eq!(at(now().after(skew)), Ok(()));
    assert_eq!(at(before(skew)), Ok(()));
    assert_eq!(
        at(now().after(skew + Duration::from_secs(1))).unwrap_err().to_string(),
        "Signature expired: 20261122T100000Z is now earlier than 20261122T100001Z (20261122T100501Z - 5 min.)"
    );
    assert_eq!(
        at(before(skew + Duration::from_secs(1))).unwrap_err().to_string(),
        "Signature not yet current: 20261122T100000Z is still later than 20261122T095959Z (20261122T095459Z + 5 min.)"
    );
}

proptest! {
    /// What is signed verifies, whatever the request, and with no other body.
    #[test]
    fn what_is_signed_verifies(
        path in "(/[a-zA-Z0-9._~%$ä:@-]{0,8}){1,4}",
        query in "([a-z]{1,3}=[a-zA-Z0-9%+~/.]{0,6}&?){0,4}",
        value in "[ -~]{0,30}",
        body in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let request = Request::post(format!("https://states.example.test{path}?{query}"));
        let mut parts = request.header("x-amz-value", value).body(()).unwrap().into_parts().0;
        signed(&mut parts, &body);
        prop_assert_eq!(check(&parts, &body), Ok(()));
        prop_assert_eq!(check(&parts, &[&body[..], b"x"].concat()), Err(SignatureError::Payload));
        parts.headers.remove("x-amz-content-sha256");
        prop_assert!(check(&parts, &body).is_err());
    }
}
