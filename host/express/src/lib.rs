//! Express workflows: runs in memory, at most once, at most five minutes, of which nothing is kept.
//!
//! [`run`] drives the interpreter of `asl` and asks for work through one trait, [`Tasks`]. `gateway` runs the envelope and
//! the machines of releases with it, `workflows` the executions of express machines. It knows no component, no file, no HTTP
//! and no bill.

mod definition;
mod run;
mod task;

pub use definition::{parse, parse_kept};
pub use run::{RUN_MAX, run};
pub use task::{Task, TaskFailed, Tasks};
