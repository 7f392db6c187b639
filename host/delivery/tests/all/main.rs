//! What the host sends, from outside: real receivers on real sockets, and a clock that the test moves.
//!
//! Loopback is opened by the operator's switch for development; nothing here is reached by a way that the host does not
//! have.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says where it fails")]

mod approvals;
mod endpoints;
mod house;
mod mails;
mod receiver;
mod smtp;
mod webhooks;
