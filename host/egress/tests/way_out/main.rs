//! The way out, from outside: real sockets on loopback, a name server that lies, certificates of the tests' own.
//!
//! Loopback is opened by the operator's switch for development, as an operator would open it; nothing here is reached by
//! a way that the host does not have.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says where it fails")]

mod answers;
mod cut;
mod house;
mod http_task;
mod names;
mod server;
mod tls;
mod use_again;
