//! `weir workflow roles`: what the HTTP tasks of machines that clients of AWS have made may reach outside.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use types::RoleName;

use crate::cli::Session;
use crate::client::{Client, Made};
use crate::command::whose::Whose;

/// The commands of `weir workflow roles`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Roles {
    /// Set what a role grants: the [[egress]] and [[secrets]] of a file in TOML, written as in weir.toml
    Set(Set),
    /// List roles, with what they grant
    #[command(name = "list")]
    All(Whose),
    /// Remove a role: requests of its state machines are denied from then on
    #[command(name = "rm")]
    Remove(Remove),
}

/// The arguments of `weir workflow roles set`.
#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    /// Its name: what the roleArn of a state machine ends with
    name: RoleName,
    /// The file
    file: PathBuf,
    #[command(flatten)]
    whose: Whose,
}

/// The arguments of `weir workflow roles rm`.
#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    /// Its name
    name: RoleName,
    #[command(flatten)]
    whose: Whose,
}

/// What the file of a role says.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    #[serde(default)]
    egress: Vec<types::EgressRule>,
    #[serde(default)]
    secrets: Vec<types::SecretGrant>,
}

impl Roles {
    /// Runs one of them.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let client = session.client()?;
        match self {
            Self::Set(set) => set.run(session, &client),
            Self::All(whose) => list(session, &client, whose),
            Self::Remove(remove) => remove.run(session, &client),
        }
    }
}

impl Set {
    fn run(&self, session: &Session, client: &Client) -> anyhow::Result<ExitCode> {
        let file = self.file.display();
        let text = std::fs::read_to_string(&self.file).with_context(|| format!("could not read {file}"))?;
        let grant: Grant = toml::from_str(&text).with_context(|| format!("{file} is no file of a role"))?;
        let organisation = self.whose.organisation.clone();
        let new = api::NewMachineRole { allow: grant.egress, secrets: grant.secrets, organisation };
        let (made, role): (Made, api::MachineRole) = client.put(&path(&self.name), &new)?;
        let word = if made == Made::Now { "set" } else { "set anew" };
        session.output.document(&role)?;
        session.output.line(format_args!("role          {}: {word}, version {}", role.name, role.version))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Remove {
    fn run(&self, session: &Session, client: &Client) -> anyhow::Result<ExitCode> {
        let removed: api::MachineRole = client.delete_with(&path(&self.name), &self.whose.query())?;
        session.output.document(&removed)?;
        session.output.line(format_args!("role          {}: removed", removed.name))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn list(session: &Session, client: &Client, whose: &Whose) -> anyhow::Result<ExitCode> {
    let all: api::Page<api::MachineRole> = client.get_with("/v1/machine-roles", &whose.query())?;
    session.output.document(&all)?;
    let rows: Vec<_> = all.items.iter().map(row).collect();
    session.output.table(&["NAME", "ORGANISATION", "MAY REACH", "WITH", "SET AT"], &rows)?;
    Ok(ExitCode::SUCCESS)
}

fn row(role: &api::MachineRole) -> Vec<String> {
    let places: Vec<String> = role.allow.iter().map(ToString::to_string).collect();
    let secrets: Vec<&str> = role.secrets.iter().map(|secret| secret.name.as_str()).collect();
    let at = role.updated_at.to_string();
    vec![role.name.to_string(), role.organisation.to_string(), places.join(", "), secrets.join(", "), at]
}

/// Names hold no character that a path would have to quote but `+`, `=`, `,` and `@`, which mean nothing in one.
fn path(name: &RoleName) -> String {
    format!("/v1/machine-roles/{name}")
}
