//! Runs state machines: express ones in memory, standard ones durably, and speaks of them as Step Functions does.
//!
//! It drives the interpreter of `asl` and asks for work through one trait for each kind: [`Tasks`] for a run that somebody
//! waits for, [`Work`] for executions that are kept. It knows no component, no HTTP and no bill.

mod arn;
mod ended;
pub mod express;
mod history;
mod integration;
mod operations;
mod sql;
mod standard;
mod start;
mod task;
mod work;

pub use ended::Ended;
pub use operations::{Caller, OperationError};
pub use standard::{Settings, Workflows};
pub use task::{Task, TaskFailed, Tasks};
pub use work::{Job, Owner, Performed, Performing, Work};
