//! Log lines, as they are kept and read.

use types::{ApiId, CallId, Timestamp};

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// The component's standard output.
    Stdout,
    /// The component's standard error.
    Stderr,
    /// The component's log interface.
    Log,
    /// The host itself: why a call failed, how many lines were dropped.
    Host,
}

impl Stream {
    const ALL: [Self; 4] = [Self::Stdout, Self::Stderr, Self::Log, Self::Host];

    /// The word as it stands in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Log => "log",
            Self::Host => "host",
        }
    }

    /// Reads what [`Stream::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stream| stream.as_str() == text)
    }
}

/// One line that was kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LogLine {
    /// Its place among all lines: a reader asks for what came after the last one that it has seen.
    pub seq: i64,
    /// The call that wrote it.
    pub call: CallId,
    /// The API that was called.
    pub api: ApiId,
    /// When the call's lines were handed over.
    pub at: Timestamp,
    /// Where it came from.
    pub stream: Stream,
    /// The line, without its end.
    pub text: String,
}

/// A line on its way to the file.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) call: CallId,
    pub(crate) api: ApiId,
    pub(crate) at: Timestamp,
    pub(crate) stream: Stream,
    pub(crate) text: String,
}
