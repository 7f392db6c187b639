//! What a request insists on: the thing as its author saw it (`If-Match`), and no second one (`Idempotency-Key`).

use axum::extract::FromRequestParts;
use catalog::{Condition, Snapshot};
use http::request::Parts;
use http::{HeaderMap, header};
use types::Code;

use crate::house::Desk;
use crate::refusal::Refusal;

/// Tags in one `If-Match`.
const TAGS_MAX: usize = 16;
/// Bytes of an idempotency key.
const KEY_MAX: usize = 255;

/// `If-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// It did not come.
    Absent,
    /// `*`: the thing as it is, whatever that may be.
    Any,
    /// One of these revisions. What is no tag of ours matches nothing.
    Revisions(Vec<u64>),
}

impl FromRequestParts<Desk> for IfMatch {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Desk) -> Result<Self, Refusal> {
        let mut read = Self::Absent;
        for value in parts.headers.get_all(header::IF_MATCH) {
            let text = value.to_str().map_err(|_| malformed())?;
            // A list of no tags matches nothing.
            if text.trim().is_empty() && read == Self::Absent {
                read = Self::Revisions(Vec::new());
                continue;
            }
            for tag in text.split(',').map(str::trim) {
                read = match (read, tag) {
                    (Self::Absent, "*") => Self::Any,
                    (Self::Absent, tag) => Self::Revisions(revision(tag)?.into_iter().collect()),
                    (Self::Revisions(mut known), tag) if known.len() < TAGS_MAX => {
                        known.extend(revision(tag)?);
                        Self::Revisions(known)
                    }
                    _ => return Err(malformed()),
                };
            }
        }
        Ok(read)
    }
}

/// The revision that a tag names; `None` for a tag that is not of this host, or a weak one: those match nothing.
fn revision(tag: &str) -> Result<Option<u64>, Refusal> {
    let strong = tag.strip_prefix("W/").unwrap_or(tag);
    let inner = strong.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(malformed)?;
    Ok(inner.parse().ok().filter(|_| !tag.starts_with("W/")))
}

/// What is no tag matches nothing either.
fn malformed() -> Refusal {
    Refusal::because(Code::PreconditionFailed, "If-Match is `*`, or at most 16 tags such as \"3\", as ETag gave them")
}

impl IfMatch {
    /// The condition on the thing with this id.
    pub(crate) fn on(&self, subject: &impl ToString) -> Option<Condition> {
        match self {
            Self::Absent | Self::Any => None,
            Self::Revisions(revisions) => {
                Some(Condition { subject: subject.to_string(), revisions: revisions.clone() })
            }
        }
    }

    /// The revisions of which a thing that is not the catalog's must have one. `None`: any.
    pub(crate) fn revisions(&self) -> Option<Vec<u64>> {
        match self {
            Self::Absent | Self::Any => None,
            Self::Revisions(revisions) => Some(revisions.clone()),
        }
    }

    /// The condition on a thing that nobody may change without saying how he saw it.
    pub(crate) fn required_on(&self, subject: &impl ToString) -> Result<Option<Condition>, Refusal> {
        if *self == Self::Absent {
            let why = "send If-Match with the ETag that GET gave, or `If-Match: *` to change it however it is now";
            return Err(Refusal::because(Code::PreconditionRequired, why));
        }
        Ok(self.on(subject))
    }
}

/// The tag of a thing as a snapshot shows it.
pub(crate) fn tag(snapshot: &Snapshot, subject: &impl ToString) -> u64 {
    snapshot.revision(&subject.to_string())
}

/// `Idempotency-Key`, bare or in quotes.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if text.is_empty() || text.len() > KEY_MAX || !printable {
        let why = format!("an Idempotency-Key has 1 to {KEY_MAX} printable ASCII characters");
        return Err(Refusal::because(Code::RequestInvalid, why));
    }
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Ok(Some(inner.filter(|inner| !inner.is_empty()).unwrap_or(text).to_owned()))
}
