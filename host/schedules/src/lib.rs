//! Schedules: when executions are to be started, of which machine and with what input.
//!
//! `workflows` opens the file that they are in, gives its connection to every function here, and starts what is due. The
//! table is this room's alone. It knows no execution, starts nothing and reads no clock.

mod put;
mod recurrence;
mod schedule;
mod sql;

pub use put::{Refused, Written, put};
pub use schedule::{NewSchedule, Schedule, ScheduleError};
pub use sql::{Kept, SCHEMA, delete, due, find, list, next_due, turned};
