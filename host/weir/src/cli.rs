//! The command line: what can be typed, and which command it is.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::client::Client;
use crate::command;
use crate::config::Environment;
use crate::folder::Folder;
use crate::output::Output;

/// Hosts APIs sold to the public: components behind keys, plans and a ledger.
#[derive(Debug, Parser)]
#[command(name = "weir", version, propagate_version = true, arg_required_else_help = true)]
struct Line {
    #[command(flatten)]
    everywhere: Everywhere,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
struct Everywhere {
    /// The host's data folder [env: WEIR_DATA; else the user's folder for data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The control plane's URL [env: WEIR_CONTROL; else that of the host on the data folder]
    #[arg(long, global = true, value_name = "URL")]
    control: Option<String>,
    /// A token of the control plane [env: WEIR_TOKEN; else the operator's in the data folder]
    #[arg(long, global = true, value_name = "TOKEN")]
    token: Option<String>,
    /// Print one JSON document
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the host; the first start makes the data folder and prints the operator's token
    Serve,
    /// Build the component of the project in a folder
    Build(command::Build),
    /// Publish the project in a folder: its component, release and plans. Repeating it changes nothing
    Publish(command::Publish),
    /// Let a release serve an API, alone or with a share of its calls
    Promote(command::Promote),
    /// Let an earlier release serve an API, alone
    Rollback(command::Rollback),
    /// Give an app a subscription, and print a key for it once
    Subscribe(command::Subscribe),
    /// Set, list and remove the secrets that components' requests carry
    #[command(subcommand)]
    Secrets(command::Secrets),
    /// Call a hosted API as a consumer does
    Call(command::Call),
    /// Show what subscriptions used
    Usage(command::Usage),
    /// List recorded calls, the newest first
    Calls(command::Calls),
    /// Show what the component wrote during a call
    Logs(command::Logs),
    /// Check this machine, and with --reconcile the books
    Doctor(command::Doctor),
    /// Check the audit chain
    #[command(subcommand)]
    Audit(Audit),
}

#[derive(Debug, Subcommand)]
enum Audit {
    /// Check every link of the chain against the rows that it covers
    Verify,
}

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Session {
    /// The environment.
    pub(crate) environment: Environment,
    /// The data folder.
    pub(crate) folder: Folder,
    /// Where the answer goes.
    pub(crate) output: Output,
    control: Option<String>,
    token: Option<String>,
}

impl Session {
    /// A client of the control plane.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        let control = self.control.clone().or_else(|| self.environment.control.clone());
        let token = self.token.clone().or_else(|| self.environment.token.clone());
        Client::of_control(&self.folder, control, token)
    }
}

/// Runs the command that `arguments` name, the first of them being the program's own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // The child that compiles uploads starts here, before anything is read or set up.
    if arguments.get(1).is_some_and(|argument| argument == sandbox::child::ARGUMENT) {
        return command::compile_child();
    }
    match Line::try_parse_from(arguments) {
        Ok(line) => finish(execute(line)),
        Err(error) => refuse_line(&error),
    }
}

fn execute(line: Line) -> anyhow::Result<ExitCode> {
    let environment = Environment::read();
    let folder = Folder::at(line.everywhere.data.unwrap_or_else(|| environment.data_folder()));
    let output = if line.everywhere.json { Output::Json } else { Output::Lines };
    let session =
        Session { environment, folder, output, control: line.everywhere.control, token: line.everywhere.token };
    match line.command {
        Command::Serve => crate::serve::run(&session),
        Command::Build(build) => build.run(&session),
        Command::Publish(publish) => publish.run(&session),
        Command::Promote(promote) => promote.run(&session),
        Command::Rollback(rollback) => rollback.run(&session),
        Command::Subscribe(subscribe) => subscribe.run(&session),
        Command::Secrets(secrets) => secrets.run(&session),
        Command::Call(call) => call.run(&session),
        Command::Usage(usage) => usage.run(&session),
        Command::Calls(calls) => calls.run(&session),
        Command::Logs(logs) => logs.run(&session),
        Command::Doctor(doctor) => doctor.run(&session),
        Command::Audit(Audit::Verify) => command::verify_audit(&session),
    }
}

/// One line with the whole chain of causes; 1 is what the command line has always said for a failure.
fn finish(done: anyhow::Result<ExitCode>) -> ExitCode {
    done.unwrap_or_else(|error| {
        crate::output::complain(format_args!("weir: {error:#}"));
        ExitCode::FAILURE
    })
}

fn refuse_line(error: &clap::Error) -> ExitCode {
    // Help and version are errors to the parser, with the exit code 0.
    let printed = error.print();
    match (error.exit_code(), printed) {
        (0, Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::from(2),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Line::command().debug_assert();
    }
}
