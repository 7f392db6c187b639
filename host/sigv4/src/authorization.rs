//! The header `Authorization`, read strictly.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::scope::{Scope, TERMINATOR, is_part};
use crate::{SignatureError, canonical};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The most bytes of the header: 64 names of signed headers are far below it.
const HEADER_BYTES_MAX: usize = 4 * 1024;

/// What the header says. Nothing of it is checked yet but its form.
#[derive(Debug)]
pub(crate) struct Authorization {
    pub(crate) access_key_id: String,
    pub(crate) scope: Scope,
    /// In ascending order, each once, in lower case.
    pub(crate) signed_headers: Vec<String>,
    pub(crate) signature: [u8; 32],
}

impl Authorization {
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, SignatureError> {
        let mut all = headers.get_all(AUTHORIZATION).iter();
        let header = all.next().ok_or(SignatureError::Missing)?;
        if all.next().is_some() {
            return Err(SignatureError::incomplete("There is more than one Authorization header."));
        }
        let text = header.to_str().ok().filter(|text| text.len() <= HEADER_BYTES_MAX);
        let text = text.ok_or_else(|| {
            SignatureError::incomplete("The Authorization header is not ASCII text of at most 4 KiB.")
        })?;
        let (algorithm, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        if algorithm != ALGORITHM {
            // A bearer token or a password may stand here: it is not repeated.
            return Err(SignatureError::incomplete(format!(
                "Authorization header requires the algorithm {ALGORITHM}."
            )));
        }
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in rest.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| {
                SignatureError::incomplete(
                    "A part of the Authorization header is not a valid key=value pair (missing equal-sign).",
                )
            })?;
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(SignatureError::incomplete(format!("Authorization header has '{name}' more than once.")));
            }
        }
        let (access_key_id, scope) = read_credential(required(credential, "Credential")?)?;
        Ok(Self {
            access_key_id,
            scope,
            signed_headers: read_names(required(signed_headers, "SignedHeaders")?)?,
            signature: read_signature(required(signature, "Signature")?)?,
        })
    }
}

fn required<'a>(value: Option<&'a str>, name: &str) -> Result<&'a str, SignatureError> {
    value.ok_or_else(|| SignatureError::incomplete(format!("Authorization header requires '{name}' parameter.")))
}

/// Reads `<access key id>/<date>/<region>/<service>/aws4_request`.
fn read_credential(text: &str) -> Result<(String, Scope), SignatureError> {
    let parts: Vec<&str> = text.splitn(6, '/').collect();
    let &[id, date, region, service, terminator] = parts.as_slice() else {
        return Err(SignatureError::incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
        ));
    };
    let plain_id =
        (16..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !plain_id {
        // No credential can have this id. It reads like one that is not known, and is not repeated.
        return Err(SignatureError::UnknownCredential);
    }
    if terminator != TERMINATOR {
        return Err(SignatureError::Scope(format!(
            "Credential should be scoped with a valid terminator: '{TERMINATOR}'."
        )));
    }
    if date.len() != 8 || !date.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SignatureError::Scope("Date in Credential scope is not of the form YYYYMMDD.".to_owned()));
    }
    if !is_part(region) || !is_part(service) {
        return Err(SignatureError::Scope("Credential should be scoped to a valid region and service.".to_owned()));
    }
    let scope = Scope { date: date.to_owned(), region: region.to_owned(), service: service.to_owned() };
    Ok((id.to_owned(), scope))
}

/// Reads the names of signed headers: in lower case, in order, each once, `host` among them.
fn read_names(text: &str) -> Result<Vec<String>, SignatureError> {
    let names: Vec<String> = text.split(';').map(str::to_owned).collect();
    let ascending = names.is_sorted_by(|one, two| one < two);
    let lower = names.iter().all(|name| !name.is_empty() && !name.bytes().any(|byte| byte.is_ascii_uppercase()));
    if !ascending || !lower || names.len() > canonical::HEADERS_MAX {
        return Err(SignatureError::incomplete(format!(
            "'SignedHeaders' must be at most {} names of headers in lower case, in ascending order, each once.",
            canonical::HEADERS_MAX
        )));
    }
    Ok(names)
}

fn read_signature(text: &str) -> Result<[u8; 32], SignatureError> {
    // What is not 64 digits cannot be what was calculated.
    text.parse::<types::Digest>().map(|digest| *digest.as_bytes()).map_err(|_| SignatureError::Mismatch)
}
