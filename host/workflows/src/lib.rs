//! Runs state machines that are kept: executions, step by step, and the operations of Step Functions on them.
//!
//! It drives the interpreter of `asl`, asks for work through one trait, [`Work`], and keeps what has happened in
//! workflows.db. Runs that somebody waits for are those of `express`, the words of the operations those of `stepfunctions`,
//! the events of a history those of `history`, and what is started when is in `schedules`. It knows no component, no HTTP
//! and no bill.

mod acts;
mod begin;
mod ended;
mod map_runs;
mod operations;
mod rate;
mod schedule;
mod search;
mod sql;
mod standard;
mod start;
mod tally;
mod work;

pub use begin::{Begin, BeginError, Begun, REGION};
pub use ended::Ended;
pub use operations::Caller;
pub use rate::StartRate;
pub use search::{Counts, Detail, Search, Summary};
pub use standard::{Settings, Workflows};
pub use tally::{EndCounts, StartCounts};
pub use work::{Asking, CutOff, Job, Owner, Performed, Performing, Standing, Stopping, Submitted, Work};
