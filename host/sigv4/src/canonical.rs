//! The canonical form of a request: what both sides hash, whatever happened to it on the way.
//!
//! Source: "Create a signed AWS API request", step 1.

use http::header::HOST;
use http::request::Parts;
use types::{Digest, Timestamp};

use crate::scope::Scope;
use crate::{SignatureError, date};

/// The most headers that a signature covers, and the most parameters of a query.
pub(crate) const HEADERS_MAX: usize = 64;
/// The most bytes of the values of signed headers together, and of path and query.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// S3 alone takes paths as they are: its keys may contain `//` and `..`.
const PATH_AS_SENT: &str = "s3";

/// What is signed: the algorithm, the moment, the scope, and the digest of the canonical request.
pub(crate) fn string_to_sign(
    parts: &Parts,
    scope: &Scope,
    at: Timestamp,
    signed: &[String],
    payload: &Digest,
) -> Result<String, SignatureError> {
    let request = request(parts, &scope.service, signed, payload)?;
    let digest = Digest::of(request.as_bytes());
    Ok(format!("AWS4-HMAC-SHA256\n{}\n{}\n{digest}", date::compact(at), scope.text()))
}

fn request(parts: &Parts, service: &str, signed: &[String], payload: &Digest) -> Result<String, SignatureError> {
    let (sent_path, sent_query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    if sent_path.len() + sent_query.len() > TEXT_BYTES_MAX {
        return Err(SignatureError::incomplete("Path and query are longer than 16 KiB."));
    }
    let mut text = format!("{}\n{}\n{}\n", parts.method, path(service, sent_path), query(sent_query)?);
    let mut values_bytes = 0;
    for name in signed {
        let value = header(parts, name)?;
        values_bytes += value.len();
        if values_bytes > TEXT_BYTES_MAX {
            return Err(SignatureError::incomplete("The signed headers are longer than 16 KiB."));
        }
        text.extend([name, ":", &value, "\n"]);
    }
    text.extend(["\n", &signed.join(";"), "\n", &payload.to_string()]);
    Ok(text)
}

/// The path: without dots and doubled slashes and encoded once more, but for S3.
fn path(service: &str, sent: &str) -> String {
    if service == PATH_AS_SENT {
        return encode(&decode(sent), b"/");
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in sent.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let folder = matches!(sent.rsplit('/').next(), Some("" | "." | "..")) && !segments.is_empty();
    format!("/{}{}", encode(segments.join("/").as_bytes(), b"/"), if folder { "/" } else { "" })
}

/// The parameters, encoded in one way, in the order of names and then of values.
fn query(sent: &str) -> Result<String, SignatureError> {
    let parameters = sent.split('&').filter(|parameter| !parameter.is_empty());
    let mut parameters: Vec<(String, String)> = parameters
        .take(HEADERS_MAX + 1)
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
        .map(|(name, value)| (encode(&decode(name), b""), encode(&decode(value), b"")))
        .collect();
    if parameters.len() > HEADERS_MAX {
        return Err(SignatureError::incomplete("The query has more than 64 parameters."));
    }
    parameters.sort_unstable();
    let parameters: Vec<String> = parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(parameters.join("&"))
}

/// The values of a header: trimmed, with single blanks, joined by commas.
fn header(parts: &Parts, name: &str) -> Result<String, SignatureError> {
    let mut values = Vec::new();
    for value in parts.headers.get_all(name) {
        let value = std::str::from_utf8(value.as_bytes())
            .map_err(|_| SignatureError::incomplete(format!("The signed header '{name}' is not text.")))?;
        values.push(value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "));
    }
    // HTTP/2 has the host in the target alone.
    if values.is_empty() && name == HOST.as_str() {
        values.extend(parts.uri.authority().map(ToString::to_string));
    }
    if values.is_empty() {
        return Err(SignatureError::incomplete(format!("The signed header '{name}' is not in the request.")));
    }
    Ok(values.join(","))
}

/// Percent-encodes all but the unreserved characters of RFC 3986 and those in `kept`.
fn encode(bytes: &[u8], kept: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.contains(&byte) {
            text.push(char::from(byte));
        } else {
            let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
            text.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    text
}

/// Undoes percent-encoding. A `%` that begins no triple stands for itself.
fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digit = |index: usize| after.get(index).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'%'));
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_normalised_and_encoded_again_but_for_s3() {
        for (sent, expected) in [
            ("/", "/"),
            ("//", "/"),
            ("/a/./b/../c", "/a/c"),
            ("/a//b/", "/a/b/"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("/../..", "/"),
            ("/a%20b", "/a%2520b"),
        ] {
            assert_eq!(path("states", sent), expected, "{sent}");
        }
        assert_eq!(path("s3", "/a//../b%20c$"), "/a//../b%20c%24");
    }

    #[test]
    fn a_query_is_sorted_and_encoded_in_one_way() {
        assert_eq!(query("b=2&a=%7e&a=1&c").unwrap(), "a=1&a=~&b=2&c=");
        assert_eq!(query("a=x+y&%C3%A4=%zz").unwrap(), "%C3%A4=%25zz&a=x%2By");
        assert!(query(&"a&".repeat(65)).is_err());
    }
}
