//! A request that came in: what it claims, and whether that holds.

use std::time::Duration;

use hmac::Mac as _;
use http::HeaderMap;
use http::request::Parts;
use types::{Digest, SecretValue, Timestamp};

use crate::authorization::Authorization;
use crate::canonical::string_to_sign;
use crate::{Scope, SignatureError, date};

/// How far the clock of a client may be from ours, either way. As AWS has it.
pub const CLOCK_SKEW_MAX: Duration = Duration::from_mins(5);

const DATE: &str = "x-amz-date";
const PAYLOAD: &str = "x-amz-content-sha256";
const SESSION_TOKEN: &str = "x-amz-security-token";
/// Headers of AWS's own: each changes what a request means, so none may be there that is not signed.
const MEANINGFUL: &str = "x-amz-";

/// What a request claims: all of it is readable and of the right day and service, and none of it is proven.
#[derive(Debug)]
pub struct Presented {
    authorization: Authorization,
    signed_at: Timestamp,
}

impl Presented {
    /// Reads the claim, and refuses what no secret could make right: so a body is only waited for when it may matter.
    ///
    /// `service` is the one that answers here, such as `states`; `now` is when the request arrived.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] says what is missing or wrong, in words for the client.
    pub fn read(parts: &Parts, service: &str, now: Timestamp) -> Result<Self, SignatureError> {
        let authorization = Authorization::read(&parts.headers)?;
        if single(&parts.headers, SESSION_TOKEN)?.is_some() {
            return Err(SignatureError::SessionToken);
        }
        let written = single(&parts.headers, DATE)?.ok_or_else(|| {
            SignatureError::incomplete("Authorization header requires existence of a 'X-Amz-Date' header.")
        })?;
        let signed_at = date::parse(written).ok_or_else(|| {
            SignatureError::incomplete("The 'X-Amz-Date' header is not of the form YYYYMMDD'T'HHMMSS'Z'.")
        })?;
        check_clock(signed_at, now)?;
        let scope = &authorization.scope;
        if !written.starts_with(&scope.date) {
            return Err(SignatureError::Scope(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}', from '{written}'.",
                scope.date
            )));
        }
        if scope.service != service {
            return Err(SignatureError::Scope(format!("Credential should be scoped to correct service: '{service}'.")));
        }
        check_covered(&parts.headers, &authorization.signed_headers)?;
        Ok(Self { authorization, signed_at })
    }

    /// The id of the credential that signed, as the client says.
    pub fn access_key_id(&self) -> &str {
        &self.authorization.access_key_id
    }

    /// What it was signed for.
    pub const fn scope(&self) -> &Scope {
        &self.authorization.scope
    }

    /// Proves the claim: whoever sent these headers and this body knows `secret`.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Payload`] or [`SignatureError::Mismatch`]; [`SignatureError::Incomplete`] when a signed header is not
    /// there or too long.
    pub fn verify(&self, parts: &Parts, body: &[u8], secret: &SecretValue) -> Result<(), SignatureError> {
        let payload = Digest::of(body);
        if let Some(claimed) = single(&parts.headers, PAYLOAD)?
            && claimed.parse::<Digest>().ok() != Some(payload)
        {
            return Err(SignatureError::Payload);
        }
        let Authorization { scope, signed_headers, signature, .. } = &self.authorization;
        let text = string_to_sign(parts, scope, self.signed_at, signed_headers, &payload)?;
        // Compares in constant time: how much of a guess is right must not show.
        scope.mac(secret, text.as_bytes()).verify_slice(signature).map_err(|_| SignatureError::Mismatch)
    }
}

/// The value of a header that may stand once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, SignatureError> {
    let mut all = headers.get_all(name).iter();
    let Some(value) = all.next() else { return Ok(None) };
    match (value.to_str(), all.next()) {
        (Ok(value), None) => Ok(Some(value.trim())),
        _ => Err(SignatureError::incomplete(format!("The header '{name}' is there more than once, or is not ASCII."))),
    }
}

fn check_clock(signed_at: Timestamp, now: Timestamp) -> Result<(), SignatureError> {
    let skew = i64::try_from(CLOCK_SKEW_MAX.as_micros()).unwrap_or(i64::MAX);
    let earliest = Timestamp::from_micros(now.as_micros().saturating_sub(skew));
    let latest = now.after(CLOCK_SKEW_MAX);
    let (signed, now) = (date::compact(signed_at), date::compact(now));
    if signed_at < earliest {
        return Err(SignatureError::Expired { signed, earliest: date::compact(earliest), now });
    }
    if signed_at > latest {
        return Err(SignatureError::NotYetCurrent { signed, latest: date::compact(latest), now });
    }
    Ok(())
}

/// `host` and every header of AWS's own have to be signed.
fn check_covered(headers: &HeaderMap, signed: &[String]) -> Result<(), SignatureError> {
    let own = headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with(MEANINGFUL));
    for name in own.chain(["host"]) {
        if !signed.iter().any(|signed| signed == name) {
            return Err(SignatureError::NotSigned(name.to_owned()));
        }
    }
    Ok(())
}
