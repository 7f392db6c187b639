//! Runs state machines: express ones in memory.
//!
//! It drives the interpreter of `asl` and asks for work through one trait, [`Tasks`]; whoever runs a machine says what
//! its tasks are. It knows no component, no HTTP and no bill.

pub mod express;
mod task;

pub use task::{Task, TaskFailed, Tasks};
