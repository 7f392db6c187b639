//! Tasks and jobs of services, against a listener that proves every signature and answers as the services do.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says where it fails")]

mod house;
mod jobs;
mod services;
