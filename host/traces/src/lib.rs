//! What calls left behind to read: log lines, bounded by bytes, the oldest dropped.
//!
//! It keeps `traces.db`, and talks to `store` alone. Nothing here is billed, audited or waited for: a line that finds
//! no room is dropped and counted, and the last second may be lost with the power.

mod lines;
mod sql;
mod traces;

pub use lines::{LogLine, Stream};
pub use store::OpenError;
pub use traces::{Traces, TracesError, TracesStats};
