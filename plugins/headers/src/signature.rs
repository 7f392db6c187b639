//! Signatures over webhook bodies, checked while the body passes by.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

use crate::inspection::Head;

/// The header in which a caller gives the secret to check with. It is used and forgotten, and never shown.
pub(crate) const SECRET: &str = "x-webhook-secret";

/// Signatures that are tried, of as many as came.
const SIGNATURES_MAX: usize = 8;

/// What can be said of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is that of the body, with this secret.
    Valid,
    /// It is not.
    Invalid,
    /// No secret came to check with.
    NoSecret,
    /// The secret or the signature is not written as the scheme says.
    Unreadable,
}

/// A way of signing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scheme {
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,<base64>`.
    StandardWebhooks,
    /// `x-hub-signature-256: sha256=<hex>`.
    HubSignature256,
}

/// A check that waits for the body.
pub(crate) struct Check {
    pub(crate) scheme: Scheme,
    state: State,
}

enum State {
    Decided(Verdict),
    Running { mac: Hmac<Sha256>, expected: Vec<Vec<u8>> },
}

impl Check {
    /// Looks for a signature in the head; `None` when there is none.
    pub(crate) fn begin(head: &Head) -> Option<Self> {
        if let Some(signature) = head.text("x-hub-signature-256") {
            let state = hub(head, signature);
            return Some(Self { scheme: Scheme::HubSignature256, state });
        }
        let signatures = head.text("webhook-signature")?;
        let state = standard(head, signatures);
        Some(Self { scheme: Scheme::StandardWebhooks, state })
    }

    /// Takes the next piece of the body.
    pub(crate) fn update(&mut self, chunk: &[u8]) {
        if let State::Running { mac, .. } = &mut self.state {
            mac.update(chunk);
        }
    }

    /// Says whether the signature holds.
    pub(crate) fn finish(self) -> Verdict {
        match self.state {
            State::Decided(verdict) => verdict,
            State::Running { mac, expected } => {
                let holds = expected.iter().any(|expected| mac.clone().verify_slice(expected).is_ok());
                if holds { Verdict::Valid } else { Verdict::Invalid }
            }
        }
    }
}

fn hub(head: &Head, signature: &str) -> State {
    let Some(secret) = head.text(SECRET) else { return State::Decided(Verdict::NoSecret) };
    let expected = signature.trim().strip_prefix("sha256=").and_then(unhex);
    match (Hmac::new_from_slice(secret.as_bytes()), expected) {
        (Ok(mac), Some(expected)) => State::Running { mac, expected: vec![expected] },
        _ => State::Decided(Verdict::Unreadable),
    }
}

fn standard(head: &Head, signatures: &str) -> State {
    let Some(secret) = head.text(SECRET) else { return State::Decided(Verdict::NoSecret) };
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret));
    let (Ok(key), Some(id), Some(at)) = (key, head.text("webhook-id"), head.text("webhook-timestamp")) else {
        return State::Decided(Verdict::Unreadable);
    };
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(&key) else { return State::Decided(Verdict::Unreadable) };
    let expected: Vec<_> = signatures
        .split(' ')
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
        .take(SIGNATURES_MAX)
        .collect();
    if expected.is_empty() {
        return State::Decided(Verdict::Unreadable);
    }
    State::Running { mac: mac.chain_update(format!("{id}.{at}.")), expected }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
