//! The bytes that the audit chain is made over.
//!
//! `sha256 = H(previous sha256 ‖ kind ‖ canonical rows)`. A row is written field by field in a fixed order: numbers as
//! eight bytes, ids and digests as their own bytes, texts behind their length, absent values as one zero byte. Ids are
//! the public ones, so a changed dimension row breaks the chain as a changed call does; names are never in it. The
//! format never changes: a second one would be a second kind of link.

use sha2::{Digest as _, Sha256};
use types::Act;

/// What a link covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkKind {
    /// The calls of one commit group, in the order of their numbers.
    Calls,
    /// One stream that was completed.
    Stream,
    /// One management act.
    Act,
    /// One attempt at a task of an execution.
    Task,
}

impl LinkKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Stream => "stream",
            Self::Act => "act",
            Self::Task => "task",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Calls, Self::Stream, Self::Act, Self::Task].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The hash of a link.
pub(crate) type LinkHash = [u8; 32];

/// What the first link of all has before it.
pub(crate) const GENESIS: LinkHash = [0; 32];

/// The next link's hash.
pub(crate) fn link(previous: &LinkHash, kind: LinkKind, rows: &[u8]) -> LinkHash {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(kind.as_str());
    hash.update(rows);
    hash.finalize().into()
}

/// One completed call, ready to be written out.
#[derive(Debug)]
pub(crate) struct CanonicalCall<'a> {
    /// The call, subscription, app, key, API, route, release and plan. An attempt at a task has its organisation for the
    /// subscription, and 0 for what it has not.
    pub(crate) ids: [u128; 8],
    /// All zero for an attempt that no component made.
    pub(crate) component: &'a [u8; 32],
    /// The client's request id, for an attempt at a task its resource; the execution, the invocation, the outcome and the
    /// error code.
    pub(crate) texts: [Option<&'a str>; 5],
    /// All numbers, in the order of the columns; an absent attempt is −1.
    pub(crate) numbers: [i64; 18],
    /// Object, start of the period, units, billed units: ordered by the object's name.
    pub(crate) usage: &'a [(&'a str, i64, i64, i64)],
}

impl CanonicalCall<'_> {
    /// Appends the row to `bytes`.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        for id in self.ids {
            bytes.extend_from_slice(&id.to_be_bytes());
        }
        bytes.extend_from_slice(self.component);
        for text in self.texts {
            write_text(bytes, text);
        }
        for number in self.numbers {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        write_length(bytes, self.usage.len());
        for (object, period_start, units, billed) in self.usage {
            write_text(bytes, Some(object));
            for number in [period_start, units, billed] {
                bytes.extend_from_slice(&number.to_be_bytes());
            }
        }
    }
}

/// The bytes of a management act.
pub(crate) fn act_bytes(act: &Act) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(&act.at.as_micros().to_be_bytes());
    let texts = [Some(act.actor.as_str()), Some(&act.action), Some(&act.subject), act.before.as_deref()];
    for text in texts.into_iter().chain([act.after.as_deref()]) {
        write_text(&mut bytes, text);
    }
    bytes
}

fn write_text(bytes: &mut Vec<u8>, text: Option<&str>) {
    match text {
        None => bytes.push(0),
        Some(text) => {
            bytes.push(1);
            write_length(bytes, text.len());
            bytes.extend_from_slice(text.as_bytes());
        }
    }
}

fn write_length(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend_from_slice(&u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(texts: [Option<&'static str>; 5]) -> Vec<u8> {
        let mut bytes = Vec::new();
        CanonicalCall { ids: [7; 8], component: &[1; 32], texts, numbers: [5; 18], usage: &[] }.write(&mut bytes);
        bytes
    }

    #[test]
    fn texts_cannot_flow_into_one_another() {
        assert_ne!(row([Some("ab"), Some("c"), None, None, None]), row([Some("a"), Some("bc"), None, None, None]));
        assert_ne!(row([Some(""), None, None, None, None]), row([None, Some(""), None, None, None]));
    }

    #[test]
    fn the_format_is_pinned() {
        let rows = row([None, Some("x"), None, Some("ok"), None]);
        let hash = link(&GENESIS, LinkKind::Calls, &rows);
        insta::assert_snapshot!(types::Digest::from_bytes(hash), @"69a29bb4a4e135d411a9d3fb14ea2ca661150da525bab9dd3f6424a4e53f45ac");
    }
}
