//! Runs state machines: express ones in memory, standard ones durably, and speaks of them as Step Functions does.
//!
//! It drives the interpreter of `asl` and asks for work through one trait for each kind: [`Tasks`] for a run that somebody
//! waits for, [`Work`] for executions that are kept. It knows no component, no HTTP and no bill.

mod acts;
mod arn;
mod begin;
mod ended;
pub mod express;
mod history;
mod integration;
mod map_runs;
mod operations;
mod rate;
mod recurrence;
mod schedule;
mod search;
mod sql;
mod standard;
mod start;
mod tally;
mod task;
mod work;

pub use begin::{Begin, BeginError, Begun, REGION};
pub use ended::Ended;
pub use operations::{Caller, OperationError};
pub use rate::StartRate;
pub use schedule::{NewSchedule, Schedule, ScheduleError};
pub use search::{Counts, Detail, Search, Summary};
pub use standard::{Settings, Workflows};
pub use tally::{EndCounts, StartCounts};
pub use task::{Task, TaskFailed, Tasks};
pub use work::{CutOff, Job, Owner, Performed, Performing, Work};
