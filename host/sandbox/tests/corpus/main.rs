//! Hostile components, and what becomes of them. Each is a few lines of text, made into a component on the spot.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says where it fails")]

mod children;
mod cli;
mod entries;
mod grants;
mod guests;
mod outbound;
mod responses;
mod stops;
mod streams;
mod uploads;
