//! What has happened in an execution, as the events of Step Functions.
//!
//! `workflows` puts the steps of the interpreter into a [`History`] and writes the events that come of them. It is a
//! projection for people and APIs: no execution goes on from it. It knows no file, does no I/O and reads no clock.

mod history;
mod shown;

pub use history::{Attempt, Cursor, History, Inquiry, Request, start_details, started};
pub use shown::{show, strip};
