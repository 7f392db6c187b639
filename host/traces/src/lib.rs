//! What calls left behind to read: log lines, what the states of workflows went through, and answers that may be asked
//! for again; bounded by bytes, the oldest dropped.
//!
//! It keeps `traces.db`, and talks to `store` alone. Nothing here is billed or audited. Lines and states are not waited
//! for: what finds no room is dropped and counted. The last second may be lost with the power.

mod lines;
mod response;
mod run;
mod sql;
mod traces;

pub use lines::{LogLine, Stream};
pub use response::{RESPONSE_MAX, StoredResponse};
pub use run::{KeptRun, NewRun, RunSummary, StateTrace};
pub use store::OpenError;
pub use traces::{Traces, TracesError, TracesStats};
