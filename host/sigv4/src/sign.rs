//! A request that goes out.

use hmac::Mac as _;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use types::{Digest, SecretValue, Timestamp};

use crate::canonical::string_to_sign;
use crate::{Scope, SignatureError, date};

/// A credential, and what it is used for.
#[derive(Debug)]
pub struct Signer<'a> {
    /// The id of the credential.
    pub access_key_id: &'a str,
    /// Its secret access key.
    pub secret: &'a SecretValue,
    /// The token of a temporary credential.
    pub session_token: Option<&'a SecretValue>,
    /// The region of the endpoint.
    pub region: &'a str,
    /// The service, by its name in signatures.
    pub service: &'a str,
}

/// Why a request was not signed. Its headers may have been added to; it must not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The target of the request names no host, and no header does.
    #[error("the request has no host")]
    NoHost,
    /// The credential, region or service cannot stand in a header.
    #[error("the {0} cannot stand in a header")]
    NotAHeader(&'static str),
    /// The request has no canonical form.
    #[error("the request cannot be signed")]
    Request(#[source] SignatureError),
}

impl Signer<'_> {
    /// Adds the headers that sign a request with this body, as sent at `now`.
    ///
    /// Signed are the host, the kind of the content, and every `x-amz-` header: what proxies on the way leave alone.
    ///
    /// # Errors
    ///
    /// [`SignError`].
    pub fn sign(&self, parts: &mut Parts, body: &[u8], now: Timestamp) -> Result<(), SignError> {
        let payload = Digest::of(body);
        let at = date::compact(now);
        if !parts.headers.contains_key(HOST) {
            let authority = parts.uri.authority().ok_or(SignError::NoHost)?.as_str();
            let host = HeaderValue::from_str(authority).map_err(|_| SignError::NoHost)?;
            parts.headers.insert(HOST, host);
        }
        put(parts, "x-amz-date", &at, "moment")?;
        // S3 refuses a request without it, other services ignore it.
        put(parts, "x-amz-content-sha256", &payload.to_string(), "digest")?;
        if let Some(token) = self.session_token {
            put(parts, "x-amz-security-token", token.reveal(), "session token")?;
        }
        let scope =
            Scope { date: at[..8].to_owned(), region: self.region.to_owned(), service: self.service.to_owned() };
        let signed = signed_headers(parts);
        let text = string_to_sign(parts, &scope, now, &signed, &payload).map_err(SignError::Request)?;
        let signature = Digest::from_bytes(scope.mac(self.secret, text.as_bytes()).finalize().into_bytes().into());
        let header = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={signature}",
            self.access_key_id,
            scope.text(),
            signed.join(";")
        );
        let header = HeaderValue::try_from(header).map_err(|_| SignError::NotAHeader("credential"))?;
        parts.headers.insert(AUTHORIZATION, header);
        Ok(())
    }
}

fn put(parts: &mut Parts, name: &'static str, value: &str, what: &'static str) -> Result<(), SignError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| SignError::NotAHeader(what))?;
    value.set_sensitive(name == "x-amz-security-token");
    parts.headers.insert(HeaderName::from_static(name), value);
    Ok(())
}

fn signed_headers(parts: &Parts) -> Vec<String> {
    let stays = |name: &&str| *name == HOST.as_str() || *name == CONTENT_TYPE.as_str() || name.starts_with("x-amz-");
    let mut names: Vec<String> =
        parts.headers.keys().map(HeaderName::as_str).filter(stays).map(str::to_owned).collect();
    names.sort_unstable();
    names
}
