//! What a credential is used for: a day, a region and a service.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use types::SecretValue;

/// The end of every scope.
pub(crate) const TERMINATOR: &str = "aws4_request";
/// The most characters of a region or service. AWS's longest region has 16; this is a guess with room.
const PART_CHARACTERS_MAX: usize = 64;

/// Where a signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The day in UTC, as `20150830`.
    pub date: String,
    /// The region, as the client calls it: lower-case letters, digits and hyphens.
    pub region: String,
    /// The service, by its name in signatures, such as `states`.
    pub service: String,
}

impl Scope {
    /// As it stands in the string to sign.
    pub(crate) fn text(&self) -> String {
        format!("{}/{}/{}/{TERMINATOR}", self.date, self.region, self.service)
    }

    /// The MAC of `message` under the key that follows from `secret` for this scope alone.
    pub(crate) fn mac(&self, secret: &SecretValue, message: &[u8]) -> Hmac<Sha256> {
        let seed = SecretValue::new(format!("AWS4{}", secret.reveal()));
        let mut mac = keyed(seed.reveal().as_bytes());
        for part in [&self.date, &self.region, &self.service, TERMINATOR] {
            mac.update(part.as_bytes());
            mac = keyed(&mac.finalize().into_bytes());
        }
        mac.update(message);
        mac
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    Hmac::new_from_slice(key).expect("a key of any length")
}

/// Whether `text` can be a region or a service.
pub(crate) fn is_part(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=PART_CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(plain)
}
