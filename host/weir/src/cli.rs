//! The command line: what can be typed, and which command it is.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::client::Client;
use crate::command;
use crate::config::Environment;
use crate::folder::Folder;
use crate::output::Output;
use crate::profile::{Profile, ProfileFile};
use crate::terminal::Terminal;

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
    #[arg(long, global = true, value_name = "DIR", overrides_with = "data")]
    data: Option<PathBuf>,
    /// The control plane's URL [env: WEIR_CONTROL; else that of the host on the data folder]
    #[arg(long, global = true, value_name = "URL")]
    control: Option<String>,
    /// A token of the control plane [env: WEIR_TOKEN; else the operator's in the data folder]
    #[arg(long, global = true, value_name = "TOKEN")]
    token: Option<String>,
    /// A host that `weir login` stored [env: WEIR_PROFILE; else the one that was last logged in to, unless --data or WEIR_DATA names a folder]
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// Print one JSON document
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the host; the first start makes the data folder and prints the operator's token
    Serve,
    /// Store a host on another machine and a token for it; without a URL, list those that are stored
    Login(command::Login),
    /// Forget a host that was stored
    Logout(command::Logout),
    /// Make a provider's project in a new folder, with all that it needs of Weir
    New(command::New),
    /// Build the component of the project in a folder
    Build(command::Build),
    /// Publish the project in a folder: its component, release and plans. Repeating it changes nothing
    Publish(command::Publish),
    /// Let a release serve an API, alone or with a share of its calls
    Promote(command::Promote),
    /// Let an earlier release serve an API, alone
    Rollback(command::Rollback),
    /// List the releases of an API, and which of them serve
    Releases(command::Releases),
    /// List apps
    Apps(command::Apps),
    /// List, make, rotate and disable the keys of an app
    #[command(subcommand)]
    Keys(command::Keys),
    /// List subscriptions
    Subscriptions(command::Subscriptions),
    /// Give an app a subscription, and print a key for it once
    Subscribe(command::Subscribe),
    /// Let an API, a release, a plan, an app, a key or a subscription stand still: its calls are refused with the reason
    #[command(subcommand)]
    Suspend(command::Suspend),
    /// Let what stands still go on
    #[command(subcommand)]
    Resume(command::Resume),
    /// List, rotate and revoke tokens of the control plane
    #[command(subcommand)]
    Tokens(command::Tokens),
    /// Set, list and remove the secrets that components' requests carry
    #[command(subcommand)]
    Secrets(command::Secrets),
    /// Make, list and delete the credentials that the CLI and the SDKs of AWS sign with
    #[command(subcommand)]
    AwsCredentials(command::AwsCredentials),
    /// Say where an organisation wants to be told of what happens
    #[command(subcommand)]
    Webhooks(command::Webhooks),
    /// List what the host has sent by itself, and send again what was not accepted
    #[command(subcommand)]
    Deliveries(command::Deliveries),
    /// Call a hosted API as a consumer does
    Call(command::Call),
    /// Show what subscriptions used
    Usage(command::Usage),
    /// List recorded calls, the newest first
    Calls(command::Calls),
    /// Show what the component wrote during a call, or follow what an API's writes
    Logs(command::Logs),
    /// Show what the states of a call's workflow went through, or list the runs that were kept
    Traces(command::Traces),
    /// Have the clock start executions: every so often, by a cron expression, or once
    Schedules(command::Schedules),
    /// Put, read, list and delete the files that distributed Maps read and write
    #[command(subcommand)]
    Objects(command::Objects),
    /// Search, look at and stop executions of state machines
    Executions(command::Executions),
    /// Check, run, test and draw workflows on this machine
    #[command(subcommand)]
    Workflow(command::Workflow),
    /// Check this machine, and with --reconcile the books
    Doctor(command::Doctor),
    /// Copy what a host keeps into a new folder, while it runs or while it does not
    Backup(command::Backup),
    /// Make a data folder from a backup, and check it
    Restore(command::Restore),
    /// List what was done, and check the audit chain
    #[command(subcommand)]
    Audit(command::Audit),
    /// Print the script that completes commands in a shell
    Completions(command::Completions),
    /// Print the manual page, or write one for each command
    Man(command::Man),
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
    /// What the terminal can show.
    pub(crate) terminal: Terminal,
    /// Hosts that this user has logged in to.
    pub(crate) profiles: ProfileFile,
    control: Option<String>,
    token: Option<String>,
    profile: Option<String>,
    /// Whether a flag or the environment names the data folder.
    folder_is_named: bool,
}

impl Session {
    /// A client of the control plane.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        let control = self.control.clone().or_else(|| self.environment.control.clone());
        let token = self.given_token();
        match self.profile_in_use()? {
            // A token goes to the host that it was stored for, and to no other.
            Some(profile) if control.as_ref().is_none_or(|url| url.trim_end_matches('/') == profile.control) => {
                let client = Client::of(profile.control, token.unwrap_or(profile.token));
                Ok(client.with_gateway(profile.gateway))
            }
            _ => match control {
                Some(url) => Client::of_control(&self.folder, &url, token),
                None => Client::of_folder(&self.folder, token),
            },
        }
    }

    /// The token that a flag or the environment gives.
    pub(crate) fn given_token(&self) -> Option<String> {
        self.token.clone().or_else(|| self.environment.token.clone())
    }

    /// The profile that a flag or the environment names.
    pub(crate) fn profile_name(&self) -> Option<&str> {
        self.profile.as_deref().or(self.environment.profile.as_deref())
    }

    /// The profile that is named, or else the one that was last logged in to, unless a data folder is named.
    pub(crate) fn profile_in_use(&self) -> anyhow::Result<Option<Profile>> {
        if let Some(name) = self.profile_name() {
            return self.profiles.read()?.get(name).cloned().map(Some);
        }
        if self.folder_is_named {
            return Ok(None);
        }
        let profiles = self.profiles.read()?;
        profiles.current.as_deref().map(|name| profiles.get(name).cloned()).transpose()
    }
}

/// The command line, for completions and manual pages.
pub(crate) fn line() -> clap::Command {
    Line::command()
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
    let folder_is_named = line.everywhere.data.is_some() || environment.data.is_some();
    let folder = Folder::at(line.everywhere.data.unwrap_or_else(|| environment.data_folder()));
    let output = if line.everywhere.json { Output::Json } else { Output::Lines };
    let session = Session {
        terminal: Terminal::of(&environment),
        profiles: environment.profiles(),
        environment,
        folder,
        output,
        control: line.everywhere.control,
        token: line.everywhere.token,
        profile: line.everywhere.profile,
        folder_is_named,
    };
    match line.command {
        Command::Serve => crate::serve::run(&session),
        Command::Login(login) => login.run(&session),
        Command::Logout(logout) => logout.run(&session),
        Command::New(new) => new.run(&session),
        Command::Build(build) => build.run(&session),
        Command::Publish(publish) => publish.run(&session),
        Command::Promote(promote) => promote.run(&session),
        Command::Rollback(rollback) => rollback.run(&session),
        Command::Releases(releases) => releases.run(&session),
        Command::Apps(apps) => apps.run(&session),
        Command::Keys(keys) => keys.run(&session),
        Command::Subscriptions(subscriptions) => subscriptions.run(&session),
        Command::Subscribe(subscribe) => subscribe.run(&session),
        Command::Suspend(suspend) => suspend.run(&session),
        Command::Resume(resume) => resume.run(&session),
        Command::Tokens(tokens) => tokens.run(&session),
        Command::Secrets(secrets) => secrets.run(&session),
        Command::AwsCredentials(credentials) => credentials.run(&session),
        Command::Webhooks(webhooks) => webhooks.run(&session),
        Command::Deliveries(deliveries) => deliveries.run(&session),
        Command::Call(call) => call.run(&session),
        Command::Usage(usage) => usage.run(&session),
        Command::Calls(calls) => calls.run(&session),
        Command::Logs(logs) => logs.run(&session),
        Command::Traces(traces) => traces.run(&session),
        Command::Schedules(schedules) => schedules.run(&session),
        Command::Objects(objects) => objects.run(&session),
        Command::Executions(executions) => executions.run(&session),
        Command::Workflow(workflow) => workflow.run(&session),
        Command::Doctor(doctor) => doctor.run(&session),
        Command::Backup(backup) => backup.run(&session),
        Command::Restore(restore) => restore.run(&session),
        Command::Audit(audit) => audit.run(&session),
        Command::Completions(completions) => completions.run(),
        Command::Man(man) => man.run(&session),
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
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Line::command().debug_assert();
    }
}
