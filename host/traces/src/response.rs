//! Answers that are kept to be sent again.

use types::ByteCount;

/// How large an answer may be, with its headers, to be kept.
pub const RESPONSE_MAX: ByteCount = ByteCount::kib(64);

/// An answer as it left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// Its status.
    pub status: u16,
    /// Its headers, in the form that the one who keeps them reads again.
    pub headers: Vec<u8>,
    /// Its body.
    pub body: Vec<u8>,
}

impl StoredResponse {
    /// Headers and body.
    pub(crate) fn size(&self) -> ByteCount {
        ByteCount::of(self.headers.len()).saturating_add(ByteCount::of(self.body.len()))
    }
}
