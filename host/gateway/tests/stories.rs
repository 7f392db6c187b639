//! Stories of the data plane: a real listener, real SQLite files, real components.
#![expect(clippy::unwrap_used, clippy::panic, clippy::format_collect, reason = "a test says where it fails")]

#[path = "stories/host.rs"]
mod host;

#[path = "stories/refusals.rs"]
mod refusals;

#[path = "stories/calls.rs"]
mod calls;

#[path = "stories/clients.rs"]
mod clients;
