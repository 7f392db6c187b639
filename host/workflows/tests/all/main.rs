//! Durable executions through the operations of Step Functions, over a real file.

#![expect(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test says where it fails")]

mod activities;
mod acts;
mod begun;
mod callbacks;
mod crashes;
mod ended;
mod executions;
mod faults;
mod former;
mod histories;
mod house;
mod jobs;
mod machines;
mod map_runs;
mod nested;
mod redrives;
mod resume;
mod schedules;
mod search;
mod service;
mod upkeep;
mod usage;
