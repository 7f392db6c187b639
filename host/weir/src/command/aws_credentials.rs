//! `weir aws-credentials`: what the CLI and the SDKs of AWS sign with.

use std::process::ExitCode;

use types::AccessKeyId;

use crate::cli::Session;
use crate::client::{Client, Made};
use crate::command::whose::Whose;

/// The commands of `weir aws-credentials`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum AwsCredentials {
    /// Make a credential and show, this once, what clients need of it
    Create(Create),
    /// List credentials, without their secrets
    #[command(name = "list")]
    All(Whose),
    /// Delete a credential: what it signs is refused from then on
    Delete(One),
}

/// A new credential.
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// What people call it, such as ci
    name: String,
    #[command(flatten)]
    whose: Whose,
}

/// One credential.
#[derive(Debug, clap::Args)]
pub(crate) struct One {
    /// Its access key id, which begins with WEIR
    #[arg(value_name = "ACCESS_KEY_ID")]
    id: AccessKeyId,
}

impl AwsCredentials {
    /// Runs one of them.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let client = session.client()?;
        match self {
            Self::Create(new) => create(session, &client, new),
            Self::All(whose) => list(session, &client, whose),
            Self::Delete(one) => delete(session, &client, one),
        }
    }
}

fn create(session: &Session, client: &Client, new: &Create) -> anyhow::Result<ExitCode> {
    let asked = api::NewAwsCredential { name: new.name.clone(), organisation: new.whose.organisation.clone() };
    let (_, made): (Made, api::AwsCredential) = client.post("/v1/aws-credentials", &asked)?;
    session.output.document(&made)?;
    let api::AwsCredential { access_key_id, secret_access_key, name, account, .. } = &made;
    let output = &session.output;
    output.line(format_args!("credential    {name}: {access_key_id}, account {account}"))?;
    output.line(format_args!("the secret is shown this once. For ~/.aws/credentials:\n"))?;
    output.line(format_args!("[weir]"))?;
    output.line(format_args!("aws_access_key_id = {access_key_id}"))?;
    output.line(format_args!("aws_secret_access_key = {secret_access_key}\n"))?;
    output.line(format_args!("for the environment of clients (the region may be any; ARNs have it):\n"))?;
    output.line(format_args!("export AWS_PROFILE=weir"))?;
    output.line(format_args!("export AWS_REGION=us-east-1"))?;
    output.line(format_args!("export AWS_ENDPOINT_URL_SFN={}", client.base()))?;
    Ok(ExitCode::SUCCESS)
}

fn list(session: &Session, client: &Client, whose: &Whose) -> anyhow::Result<ExitCode> {
    let all: api::Page<api::AwsCredentialEntry> = client.get_with("/v1/aws-credentials", &whose.query())?;
    session.output.document(&all)?;
    let row = |one: &api::AwsCredentialEntry| {
        vec![one.access_key_id.to_string(), one.name.clone(), one.organisation.to_string(), one.created_at.to_string()]
    };
    let rows: Vec<_> = all.items.iter().map(row).collect();
    session.output.table(&["ACCESS KEY ID", "NAME", "ORGANISATION", "MADE AT"], &rows)?;
    Ok(ExitCode::SUCCESS)
}

fn delete(session: &Session, client: &Client, one: &One) -> anyhow::Result<ExitCode> {
    let gone: api::AwsCredentialEntry = client.delete_with(&format!("/v1/aws-credentials/{}", one.id), &[])?;
    session.output.document(&gone)?;
    session.output.line(format_args!("credential    {}: {} deleted", gone.name, gone.access_key_id))?;
    Ok(ExitCode::SUCCESS)
}
