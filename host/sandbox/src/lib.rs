//! Untrusted components: checked, compiled apart, bounded, called.
//!
//! An upload is checked structurally, compiled and probed in a child process, and kept under its digest; a call gets
//! a fresh instance from a pool, with limits on fuel, time, memory, handles and sizes, and ends in one of the
//! outcomes of [`types::Outcome`]. This room knows no plan, no quota and no price. Nothing here opens a socket: what a
//! guest sends goes to `egress`.

mod artefact;
mod cache;
mod call;
pub mod child;
mod compile;
mod component;
mod config;
mod engine;
mod logging;
mod logs;
mod meter;
mod outbound;
mod outcome;
mod places;
mod run;
mod settings;
mod state;
mod structure;
mod threads;
mod upload;
mod wasi;
mod world;

pub use call::{BodyError, Broken, CallContext, Caller, HttpRequest, RequestBody, ResponseBody, Step, WasiCall};
pub use component::{Component, LoadError};
pub use engine::FUEL_SCHEDULE;
pub use logs::{LogLine, LogStream};
pub use outbound::Outbound;
pub use outcome::{FailureKind, GuestFailure};
pub use run::{Ran, Spent};
pub use settings::{Limits, Settings, StartError};
pub use threads::Priority;
pub use upload::{Inspected, Sandbox, UPLOAD_MAX, UploadError, World};
