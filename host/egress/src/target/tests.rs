use proptest::prelude::*;

use super::*;

fn refused(text: &str) -> TargetError {
    match Target::parse(text) {
        Err(error) => error,
        Ok(target) => panic!("{text} was read as {target:?}"),
    }
}

#[test]
fn a_plain_url_is_read_into_its_parts() {
    let target = Target::parse("https://API.Example.com.:8443/v1/a%20b?x=/..").unwrap();
    assert_eq!(target.to_string(), "https://api.example.com:8443/v1/a%20b");
    assert_eq!(target.path_and_query(), "/v1/a%20b?x=/..");
    assert_eq!(Target::parse("https://a.example").unwrap().path, "/");
    assert_eq!(Target::parse("http://a.example:80/").unwrap().authority(), "a.example");
}

#[test]
fn only_canonical_addresses_are_addresses() {
    assert!(matches!(Target::parse("https://192.0.2.1/").unwrap().host, Host::Address(IpAddr::V4(_))));
    assert!(matches!(Target::parse("https://[2600::1]/").unwrap().host, Host::Address(IpAddr::V6(_))));
    for text in [
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.1.",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "[::0001]",
        "[0:0:0:0:0:0:0:1]",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
        "[::1",
        "::1",
        "[127.0.0.1]",
        "[::127.0.0.1]x",
        "1e3",
    ] {
        let found = Target::parse(&format!("http://{text}/"));
        assert!(
            matches!(found, Err(TargetError::Host | TargetError::Malformed | TargetError::Port)),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn an_address_within_an_address_is_read_as_what_it_is() {
    // Canonical in the form that the standard library prints: the address rules refuse it by its range.
    let target = Target::parse("http://[::ffff:169.254.169.254]/").unwrap();
    assert!(matches!(target.host, Host::Address(IpAddr::V6(_))));
}

#[test]
fn a_user_before_the_host_is_refused() {
    assert_eq!(refused("https://api.example.com@evil.example/"), TargetError::UserInfo);
    assert_eq!(refused("https://user:pw@api.example.com/"), TargetError::UserInfo);
}

#[test]
fn schemes_other_than_https_and_http_are_refused() {
    for text in ["ftp://a.example/", "file:///etc/passwd", "gopher://a.example/", "/v1", "a.example:443"] {
        assert!(Target::parse(text).is_err(), "{text}");
    }
}

#[test]
fn ports_are_plain_numbers() {
    for port in ["0", "00", "080", "+80", "65536", "99999", "8 0", "-1", "0x50"] {
        assert!(Target::parse(&format!("https://a.example:{port}/")).is_err(), "{port}");
    }
    assert_eq!(refused("https://a.example:/"), TargetError::Port);
    assert_eq!(Target::parse("https://a.example:65535/").unwrap().port, 65_535);
}

#[test]
fn what_is_not_ascii_or_is_a_control_character_is_refused() {
    for text in
        ["https://bücher.example/", "https://a.example/ü", "https://a.example/a\r\nb: c", "https://a.example/a b"]
    {
        assert_eq!(refused(text), TargetError::Malformed);
    }
    assert!(Target::parse("https://xn--bcher-kva.example/").is_ok());
    assert_eq!(refused("https://a.example/#x"), TargetError::Fragment);
}

#[test]
fn a_path_that_leads_upwards_is_refused_however_it_is_written() {
    for path in [
        "/v1/../admin",
        "/v1/%2e%2e/admin",
        "/v1/%2E./admin",
        "/v1/%252e%252e/admin",
        "/v1/..%2fadmin",
        "/v1/..%5cadmin",
        "/./v1",
        "/v1/..;x/admin",
        "/v1/..",
        "/%00",
    ] {
        assert_eq!(refused(&format!("https://a.example{path}")), TargetError::Path, "{path}");
    }
    assert!(Target::parse("https://a.example/v1/..a/b.c/...").is_ok());
    assert_eq!(refused(&format!("https://a.example/{}", "a".repeat(9_000))), TargetError::Path);
}

#[test]
fn a_path_in_absolute_form_is_refused() {
    // As a guest gives it: the parts are put together without a look at each other.
    let uri =
        http::Uri::builder().scheme("https").authority("a.example").path_and_query("http://evil.example/").build();
    assert!(uri.is_err() || Target::of(&uri.unwrap()).is_err());
    assert!(Target::of(&http::Uri::from_static("*")).is_err());
    assert!(Target::of(&http::Uri::from_static("a.example:443")).is_err());
}

proptest! {
    #[test]
    fn no_text_panics_and_what_is_read_reads_alike_again(text in "(https?://)?[a-z0-9.:@%\\[\\]/?#\\\\ -]{0,60}") {
        if let Ok(target) = Target::parse(&text) {
            let written = format!("{}://{}{}", target.scheme.as_str(), target.authority(), target.path_and_query());
            prop_assert_eq!(Target::parse(&written).unwrap(), target);
        }
    }
}
