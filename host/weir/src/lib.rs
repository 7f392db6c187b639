//! One binary that hosts APIs sold to the public.
//!
//! The command line, the configuration and the wiring. The only crate that knows all the others. It decides nothing
//! that a room decides: it opens them, plugs one into the other, and speaks HTTP to them from the command line.

pub mod build;

mod backup;
mod cli;
mod client;
mod command;
mod config;
mod folder;
mod output;
mod profile;
mod progress;
mod project;
mod serve;
mod terminal;

pub use cli::run;
