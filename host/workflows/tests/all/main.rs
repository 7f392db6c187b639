//! Durable executions through the operations of Step Functions, over a real file.

#![expect(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test says where it fails")]

mod activities;
mod callbacks;
mod crashes;
mod ended;
mod executions;
mod histories;
mod house;
mod machines;
mod nested;
mod resume;
