//! The key that came with a request: taken out of its headers, so that it reaches no component, log or document.

use http::HeaderMap;
use http::header::{self, HeaderValue};
use types::{Digest, KeyKind, SecretError, SecretKey};

/// What a request shows to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential {
    /// Nothing.
    None,
    /// Something that cannot be a key: our prefix with a wrong checksum, or not a consumer's.
    Impossible,
    /// A key, by its digest.
    Key(Digest),
}

/// Longer ones are nobody's key.
const LENGTH_MAX: usize = 512;

impl Credential {
    /// Takes all headers that carry keys out of `headers`, and answers what the first of them says: `X-API-Key`, then
    /// `Authorization: Bearer`, then `X-RapidAPI-Key`.
    ///
    /// `Authorization` and `Cookie`-like secrets of other schemes are not ours; `Authorization` still goes no further.
    pub(crate) fn take(headers: &mut HeaderMap) -> Self {
        let own = headers.remove("x-api-key");
        let bearer = headers.remove(header::AUTHORIZATION);
        let rapid = headers.remove("x-rapidapi-key");
        let text = |value: &HeaderValue| value.to_str().ok().map(|text| text.trim().to_owned());
        let bearer = bearer.as_ref().and_then(text).and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
        });
        let given = own.as_ref().and_then(text).or(bearer).or_else(|| rapid.as_ref().and_then(text));
        given.map_or(Self::None, |given| Self::of(&given))
    }

    fn of(text: &str) -> Self {
        if text.is_empty() {
            return Self::None;
        }
        let possible = match SecretKey::check(text) {
            Ok(KeyKind::Live | KeyKind::Test) => true,
            // A control token opens no API.
            Ok(KeyKind::Control | KeyKind::Invitation | KeyKind::Approval) | Err(SecretError::Checksum) => false,
            Err(SecretError::Foreign) => text.len() <= LENGTH_MAX,
        };
        if possible { Self::Key(Digest::of(text.as_bytes())) } else { Self::Impossible }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(given: &[(&'static str, &str)]) -> (Credential, usize) {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, value.parse().unwrap());
        }
        (Credential::take(&mut headers), headers.len())
    }

    #[test]
    fn a_key_is_read_from_any_of_its_headers_and_taken_out_of_all() {
        let key = SecretKey::generate(KeyKind::Live);
        let (bearer, wanted) = (format!("bearer {}", key.reveal()), Credential::Key(key.digest()));
        assert_eq!(take(&[("x-api-key", key.reveal()), ("x-rapidapi-key", "other"), ("accept", "*/*")]), (wanted, 1));
        assert_eq!(take(&[("authorization", &bearer)]), (wanted, 0));
        assert_eq!(take(&[("x-rapidapi-key", key.reveal())]), (wanted, 0));
    }

    #[test]
    fn what_cannot_be_a_key_is_not_looked_up() {
        let mistyped = "weir_live_0123456789ABCDEFGHIJabcdefghij000000";
        assert_eq!(take(&[("x-api-key", mistyped)]).0, Credential::Impossible);
        let control = SecretKey::generate(KeyKind::Control);
        assert_eq!(take(&[("x-api-key", control.reveal())]).0, Credential::Impossible);
        assert_eq!(take(&[("authorization", "Basic dXNlcg==")]), (Credential::None, 0));
        assert_eq!(take(&[("x-api-key", "imported-key")]).0, Credential::Key(Digest::of(b"imported-key")));
    }
}
