//! Credentials for the clients of AWS: an id that is public, and a secret that signs.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use crate::SecretValue;
use crate::secret::{fill_random, random_base62};

/// Our own prefix. Not AWS's `AKIA`, so that nobody who finds an id, and no scanner, takes it for one of AWS's.
const PREFIX: &[u8; 4] = b"WEIR";
/// Base 32 as in RFC 4648.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LENGTH: usize = 20;
/// As long as AWS's own: some tools look at the length.
const SECRET_CHARACTERS: usize = 40;

/// The public id of a credential: `WEIR` and 16 characters of base 32 (80 random bits), in the form that SDKs of AWS take.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKeyId([u8; LENGTH]);

/// A text is not the id of a credential of this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an access key id of this host is WEIR and 16 characters of A-Z and 2-7")]
pub struct AccessKeyIdError;

impl AccessKeyId {
    /// Draws a new one.
    pub fn generate() -> Self {
        let mut id = [0; LENGTH];
        fill_random(&mut id);
        for (place, byte) in id.iter_mut().enumerate() {
            *byte = match PREFIX.get(place) {
                Some(fixed) => *fixed,
                None => ALPHABET[usize::from(*byte % 32)],
            };
        }
        Self(id)
    }

    /// Its characters.
    pub const fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

impl SecretValue {
    /// Draws a secret access key: 40 characters of base 62, 238 random bits.
    pub fn generate_access_key() -> Self {
        let mut text = String::with_capacity(SECRET_CHARACTERS);
        random_base62(&mut text, SECRET_CHARACTERS);
        Self::new(text)
    }
}

impl FromStr for AccessKeyId {
    type Err = AccessKeyIdError;

    fn from_str(text: &str) -> Result<Self, AccessKeyIdError> {
        let id: [u8; LENGTH] = text.as_bytes().try_into().map_err(|_| AccessKeyIdError)?;
        let rest = id.strip_prefix(PREFIX).ok_or(AccessKeyIdError)?;
        if rest.iter().all(|byte| ALPHABET.contains(byte)) { Ok(Self(id)) } else { Err(AccessKeyIdError) }
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| f.write_char(char::from(*byte)))
    }
}

impl fmt::Debug for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for AccessKeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for AccessKeyId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_and_has_the_form_that_sdks_take() {
        let id = AccessKeyId::generate();
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.len(), 20);
        assert!(text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{text}");
        assert_ne!(AccessKeyId::generate(), id);
    }

    #[test]
    fn what_is_no_id_of_ours_is_not_read() {
        for text in [
            "",
            "WEIR",
            "AKIAIOSFODNN7EXAMPLE",
            "WEIRabcdefghijklmnop",
            "WEIRAAAAAAAAAAAAAAA1",
            "WEIRAAAAAAAAAAAAAAAAA",
        ] {
            assert_eq!(text.parse::<AccessKeyId>(), Err(AccessKeyIdError), "{text}");
        }
    }

    #[test]
    fn a_secret_access_key_has_forty_letters_and_digits() {
        let secret = SecretValue::generate_access_key();
        assert_eq!(secret.reveal().len(), 40);
        assert!(secret.reveal().bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(SecretValue::generate_access_key().reveal(), secret.reveal());
    }
}
