//! The project's own commands: `cargo xtask bench | check | contract | demo | fuzz | test`.
//!
//! It runs cargo and the binary `weir`, and reads what they print and answer. It links no room of the house, so that
//! whatever it shows went through a public face.
#![expect(clippy::print_stdout, reason = "a command line answers on standard output")]

mod bench;
mod check;
mod contract;
mod demo;
mod fuzz;
mod guests;
mod host;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures what the host costs, as ratios against the floor, and writes target/bench/latest.json
    Bench {
        /// Measure this alone
        #[arg(long, value_enum, default_value = "all")]
        part: bench::Part,
    },
    /// Checks what no compiler checks: edges between crates, sizes of files, names, links in documents
    Check,
    /// Holds the control plane against its own document, by schemathesis from PyPI
    Contract(contract::Contract),
    /// Fuzzes a part of the language, guided by coverage; what was found is written to target/fuzz/found
    Fuzz {
        /// What is fuzzed
        #[arg(value_enum)]
        target: fuzz::Target,
        /// For how long
        #[arg(long, default_value_t = 600)]
        seconds: u32,
    },
    /// Builds what tests need, then runs every test
    Test,
    /// Starts a host on an empty folder, publishes the plugins, subscribes, calls, and shows what was recorded
    Demo {
        /// Do the tour, check every answer, and stop
        #[arg(long)]
        once: bool,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    match Line::parse().command {
        Command::Bench { part } => bench::run(&workspace, part),
        Command::Check => check::run(&workspace),
        Command::Contract(contract) => contract.run(&workspace),
        Command::Fuzz { target, seconds } => fuzz::run(&workspace, target, seconds),
        Command::Test => test::run(&workspace),
        Command::Demo { once: true } => demo::once(&workspace),
        Command::Demo { once: false } => demo::serve(&workspace),
    }
}
