//! Fields that are the connection's or the host's: a guest's are refused, a server's are taken out.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::fault::Denied;

/// The most fields of a request.
const COUNT_MAX: usize = 100;
/// The most bytes of their names and values together.
const BYTES_MAX: usize = 32 * 1024;
/// How often a request may come through this host: the gateway refuses it beyond.
const DEPTH_MAX: u8 = 4;
/// How often a request has come through this host.
const DEPTH: HeaderName = HeaderName::from_static("weir-depth");

/// Whether a guest may not send it, as a header or a trailer.
pub(crate) fn is_denied(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "transfer-encoding"
            | "upgrade"
            | "http2-settings"
            | "te"
            | "trailer"
            | "host"
            | "expect"
    ) || name.starts_with("proxy-")
        || name.starts_with("weir-")
}

/// Refuses what a guest may not send, as headers or as trailers.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Denied> {
    check_size(headers)?;
    if let Some(name) = headers.keys().find(|name| is_denied(name)) {
        return Err(Denied::Header(name.clone()));
    }
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let plain = |value: &HeaderValue| !value.is_empty() && value.as_bytes().iter().all(u8::is_ascii_digit);
    match (lengths.next(), lengths.next()) {
        (None, _) => Ok(()),
        (Some(value), None) if plain(value) => Ok(()),
        _ => Err(Denied::Header(header::CONTENT_LENGTH)),
    }
}

/// Refuses too many fields, or too long ones.
pub(crate) fn check_size(headers: &HeaderMap) -> Result<(), Denied> {
    if headers.len() > COUNT_MAX || size(headers) > BYTES_MAX { Err(Denied::HeadTooLarge) } else { Ok(()) }
}

/// Bytes of names and values.
pub(crate) fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len())).sum()
}

/// Sets what the host alone sets.
pub(crate) fn set_own(headers: &mut HeaderMap, authority: &str, depth: u8) -> Result<(), Denied> {
    let deeper = depth.checked_add(1).filter(|depth| *depth <= DEPTH_MAX).ok_or(Denied::Loop)?;
    let host = HeaderValue::from_str(authority).map_err(|_| crate::target::TargetError::Host)?;
    headers.insert(header::HOST, host);
    headers.insert(DEPTH, HeaderValue::from(u16::from(deeper)));
    Ok(())
}

/// Takes out of a response what belonged to its connection.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let of_connection: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let hop = |name: &HeaderName| is_denied(name) && name != header::HOST;
    let found: Vec<HeaderName> = headers.keys().filter(|name| hop(name)).cloned().chain(of_connection).collect();
    for name in found {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_guest_sets_nothing_of_the_connection_and_nothing_of_the_host() {
        for name in [
            "connection",
            "keep-alive",
            "proxy-authorization",
            "proxy-connection",
            "proxy-x",
            "transfer-encoding",
            "upgrade",
            "http2-settings",
            "te",
            "trailer",
            "host",
            "expect",
            "weir-depth",
            "weir-call",
        ] {
            assert!(matches!(check(&map(&[(name, "x")])), Err(Denied::Header(_))), "{name}");
        }
        assert_eq!(check(&map(&[("authorization", "x"), ("x-proxy-like", "y")])), Ok(()));
    }

    #[test]
    fn a_length_that_two_could_read_differently_is_refused() {
        for value in ["+5", "5,5", "", "0x5", "-1"] {
            assert!(check(&map(&[("content-length", value)])).is_err(), "{value}");
        }
        let mut two = map(&[("content-length", "5")]);
        two.append(header::CONTENT_LENGTH, HeaderValue::from_static("5"));
        assert!(check(&two).is_err());
    }

    #[test]
    fn a_head_has_at_most_100_fields_and_32_kib() {
        let many = (0..101).map(|n| (format!("x-{n}").parse().unwrap(), HeaderValue::from_static("")));
        let many: HeaderMap = many.collect();
        assert_eq!(check(&many), Err(Denied::HeadTooLarge));
        let long = HeaderValue::from_bytes(&vec![b'a'; 33 * 1024]).unwrap();
        assert_eq!(check(&HeaderMap::from_iter([(header::COOKIE, long)])), Err(Denied::HeadTooLarge));
    }

    #[test]
    fn a_request_that_goes_round_ends() {
        let mut headers = HeaderMap::new();
        assert_eq!(set_own(&mut headers, "a.example", 3), Ok(()));
        assert_eq!(headers["weir-depth"], "4");
        assert_eq!(set_own(&mut headers, "a.example", 4), Err(Denied::Loop));
        assert_eq!(set_own(&mut headers, "a.example", u8::MAX), Err(Denied::Loop));
    }

    #[test]
    fn what_a_connection_header_names_is_taken_out_too() {
        let mut headers =
            map(&[("connection", "close, X-Secret"), ("x-secret", "1"), ("x-kept", "2"), ("te", "trailers")]);
        strip(&mut headers);
        assert_eq!(headers, map(&[("x-kept", "2")]));
    }
}
