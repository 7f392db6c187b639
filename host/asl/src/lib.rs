//! Amazon States Language as a pure library: parse, validate, step.
//!
//! [`StateMachine::parse`] checks a definition and answers with every diagnostic. An [`Execution`] is a deterministic
//! machine of frames: it asks for [`Effect`]s and is told [`Event`]s. Express and standard workflows are this one
//! interpreter, and a test of it needs no runtime.
//!
//! It does no I/O, reads no clock and draws no random number: the time comes with each event, the seed with the
//! [`Context`]. No definition, document or event makes it panic.
//!
//! ```
//! use std::sync::Arc;
//! use asl::{Context, Effect, Event, Outcome, StateMachine};
//! use types::Timestamp;
//!
//! let text = r#"{"StartAt": "Greet", "States": {"Greet": {"Type": "Task", "Resource": "greet", "End": true}}}"#;
//! let machine = Arc::new(StateMachine::parse(text).expect("the definition is correct"));
//! let now = Timestamp::from_micros(0);
//! let mut run = machine.start(Arc::new(serde_json::json!({"name": "Ada"})), Context::default(), now);
//! while let Some(effect) = run.next_effect() {
//!     match effect {
//!         Effect::Invoke { task, input, .. } => {
//!             run.apply(Event::Succeeded { task, output: input }, now).expect("the task is live");
//!         }
//!         Effect::MapRun { .. } => unreachable!("there is no distributed Map"),
//!         Effect::WaitUntil(moment) => run.apply(Event::Woke, moment).expect("the run is live"),
//!         Effect::Finished(outcome) => assert!(matches!(outcome, Outcome::Succeeded(_))),
//!     }
//! }
//! ```

mod blob;
mod choice;
mod context;
mod data;
mod diagnostic;
mod execution;
mod failure;
mod fields;
mod formula;
mod frame;
mod kind;
mod language;
mod machine;
mod parse;
mod print;
mod query;
mod reads;
mod recovery;
mod state;
mod template;
mod timestamp;
mod trail;
mod variables;
mod world;

pub use blob::DecodeError;
pub use context::Context;
pub use diagnostic::{Diagnostic, DiagnosticCode, Severity};
pub use execution::{ApplyError, Around, Effect, Event, Execution, ItemFailed, Left, MapItem, Outcome, Stages, Visit};
pub use failure::Failure;
pub use frame::TaskId;
pub use kind::MachineKind;
pub use language::QueryLanguage;
pub use machine::{StateMachine, StateView};
pub use state::{StateKind, StateName};
pub use trail::{Change, Step, Watch};
