//! What calls left behind to read: log lines, and answers that may be asked for again; bounded by bytes, the oldest
//! dropped.
//!
//! It keeps `traces.db`, and talks to `store` alone. Nothing here is billed or audited. Log lines are not waited for: one
//! that finds no room is dropped and counted. The last second may be lost with the power.

mod lines;
mod response;
mod sql;
mod traces;

pub use lines::{LogLine, Stream};
pub use response::{RESPONSE_MAX, StoredResponse};
pub use store::OpenError;
pub use traces::{Traces, TracesError, TracesStats};
