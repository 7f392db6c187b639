//! `weir secrets`: what requests of components carry, and nobody reads.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use types::{SecretName, SecretValue};

use crate::cli::Session;
use crate::client::{Client, Made};
use crate::command::whose::Whose;

/// The largest value, and the end of its line.
const READ_MAX: u64 = SecretValue::BYTES_MAX as u64 + 2;

/// The commands of `weir secrets`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Secrets {
    /// Set a secret: its value comes on standard input, or is typed unseen. Never on the command line
    Set(Named),
    /// List secrets, without their values
    #[command(name = "list")]
    All(Whose),
    /// Remove a secret: requests that would carry it are denied from then on
    #[command(name = "rm")]
    Remove(Named),
}

/// One secret.
#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// Its name, such as stripe-key
    name: SecretName,
    #[command(flatten)]
    whose: Whose,
}

impl Secrets {
    /// Runs one of them.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let client = session.client()?;
        match self {
            Self::Set(named) => set(session, &client, named),
            Self::All(whose) => list(session, &client, whose),
            Self::Remove(named) => remove(session, &client, named),
        }
    }
}

fn set(session: &Session, client: &Client, named: &Named) -> anyhow::Result<ExitCode> {
    let value = read_value(&named.name)?;
    let new = api::NewSecret { value: value.reveal().to_owned(), organisation: named.whose.organisation.clone() };
    let (made, secret): (Made, api::Secret) = client.put(&format!("/v1/secrets/{}", named.name), &new)?;
    let word = if made == Made::Now { "set" } else { "set anew" };
    session.output.document(&secret)?;
    session.output.line(format_args!("secret        {}: {word}, version {}", secret.name, secret.version))?;
    Ok(ExitCode::SUCCESS)
}

fn list(session: &Session, client: &Client, whose: &Whose) -> anyhow::Result<ExitCode> {
    let all: api::Page<api::Secret> = client.get_with("/v1/secrets", &whose.query())?;
    session.output.document(&all)?;
    let row = |secret: &api::Secret| {
        let version = secret.version.to_string();
        vec![secret.name.to_string(), secret.organisation.to_string(), version, secret.updated_at.to_string()]
    };
    let rows: Vec<_> = all.items.iter().map(row).collect();
    session.output.table(&["NAME", "ORGANISATION", "VERSION", "SET AT"], &rows)?;
    Ok(ExitCode::SUCCESS)
}

fn remove(session: &Session, client: &Client, named: &Named) -> anyhow::Result<ExitCode> {
    let removed: api::Secret = client.delete_with(&format!("/v1/secrets/{}", named.name), &named.whose.query())?;
    session.output.document(&removed)?;
    session.output.line(format_args!("secret        {}: removed", removed.name))?;
    Ok(ExitCode::SUCCESS)
}

/// The value: typed without an echo on a terminal, else all of standard input without the end of its last line.
fn read_value(name: &SecretName) -> anyhow::Result<SecretValue> {
    if std::io::stdin().is_terminal() {
        return ask_unseen(name).context("the value could not be read from the terminal");
    }
    let mut text = String::new();
    std::io::stdin().take(READ_MAX).read_to_string(&mut text).context("the value on standard input is not text")?;
    let value = text.strip_suffix('\n').map_or(&*text, |line| line.strip_suffix('\r').unwrap_or(line));
    if value.is_empty() {
        bail!("standard input is empty: pipe the value in, such as `weir secrets set {name} < file`");
    }
    Ok(SecretValue::new(value.to_owned()))
}

/// Reads a line from the terminal, which does not show it.
fn ask_unseen(name: &SecretName) -> anyhow::Result<SecretValue> {
    write!(std::io::stderr(), "value of {name} (not shown): ")?;
    show_typing("-echo")?;
    let mut line = String::new();
    let read = std::io::stdin().lock().take(READ_MAX).read_line(&mut line);
    show_typing("echo")?;
    writeln!(std::io::stderr())?;
    read?;
    Ok(SecretValue::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Tells the terminal whether to show what is typed. `stty` is on every system that has a terminal.
fn show_typing(mode: &str) -> anyhow::Result<()> {
    let status = Command::new("stty").arg(mode).status().context("could not run stty; pipe the value in instead")?;
    if status.success() { Ok(()) } else { bail!("stty failed; pipe the value in instead") }
}
