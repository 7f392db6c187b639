//! Signatures as Standard Webhooks has them: HMAC-SHA-256 over id, time and body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use types::{SecretValue, random_bytes};

/// How every secret begins.
const PREFIX: &str = "whsec_";
/// Bytes of a secret: the least that the specification takes, which is 192 bits.
const BYTES: usize = 24;

/// Draws a secret.
pub(crate) fn new_secret() -> SecretValue {
    SecretValue::new(format!("{PREFIX}{}", STANDARD.encode(random_bytes::<BYTES>())))
}

/// The signature of a message, such as `v1,K5oZ…=`. `None`: `secret` is none.
pub fn signature(secret: &SecretValue, id: &str, seconds: i64, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.reveal().strip_prefix(PREFIX)?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_the_specifications_libraries_comes_out() {
        let secret = SecretValue::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let made = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(made.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        assert_eq!(signature(&SecretValue::new("MfKQ9r8G".to_owned()), "msg_1", 1, b""), None);
    }

    #[test]
    fn a_new_secret_signs_and_is_never_drawn_twice() {
        let (one, two) = (new_secret(), new_secret());
        assert!(one.reveal().starts_with("whsec_") && one.reveal().len() == 38 && one.reveal() != two.reveal());
        assert_ne!(signature(&one, "msg_1", 1, b"x"), signature(&two, "msg_1", 1, b"x"));
    }
}
