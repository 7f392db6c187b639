//! `weir tokens`: who may use the control plane.

use std::process::ExitCode;

use anyhow::Context as _;
use types::TokenId;

use super::overlap::Overlap;
use crate::cli::Session;
use crate::client::Made;

/// The arguments of `weir tokens`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Tokens {
    /// List tokens, without their secrets
    #[command(name = "list")]
    All {
        /// Those that are revoked too
        #[arg(long)]
        revoked: bool,
    },
    /// Make a token's successor, and print it once; the old one goes on for a while
    ///
    /// The successor of the token that the command itself uses takes its place where this machine keeps it.
    Rotate {
        /// The token's id [default: the token that this command uses]
        // `token` is the flag of every command, by which one is given.
        #[arg(id = "rotated", value_name = "ID")]
        token: Option<TokenId>,
        #[command(flatten)]
        overlap: Overlap,
    },
    /// Revoke a token: refused from now on, for good
    Revoke {
        /// The token's id
        #[arg(id = "revoked", value_name = "ID")]
        token: TokenId,
        /// Why, for the record
        #[arg(long)]
        reason: String,
    },
}

impl Tokens {
    /// Does it.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let (client, output) = (session.client()?, session.output);
        match self {
            Self::All { revoked } => {
                let tokens: Vec<api::TokenEntry> =
                    client.all(if *revoked { "/v1/tokens?revoked=true" } else { "/v1/tokens" })?;
                output.document(&tokens)?;
                let headings = ["TOKEN", "BEGINS WITH", "ROLE", "ORGANISATION", "SCOPES", "MADE", "ENDS", "STATE"];
                output.table(&headings, &tokens.iter().map(row).collect::<Vec<_>>())?;
            }
            Self::Rotate { token, overlap } => {
                let own = client.get::<api::Who>("/v1/whoami")?.token;
                let token = token.unwrap_or(own);
                let (_, made): (Made, api::Token) =
                    client.post(&format!("/v1/tokens/{token}/rotate"), &overlap.rotate())?;
                // Shown first: it must not be lost if it cannot be kept.
                output.document(&made)?;
                output.line(format_args!("{}\n{}   (shown this once)", made.id, made.secret))?;
                if token == own {
                    for place in keep(session, client.token(), &made.secret)? {
                        output.line(format_args!("{place} has it now, in place of the old one"))?;
                    }
                }
            }
            Self::Revoke { token, reason } => {
                let revoked: api::TokenEntry =
                    client.delete_with(&format!("/v1/tokens/{token}"), &[("reason", reason.clone())])?;
                output.document(&revoked)?;
                output.line(format_args!("{token} is revoked"))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Puts the successor wherever this machine keeps the old token: in the data folder and in profiles. Answers where.
fn keep(session: &Session, old: &str, new: &str) -> anyhow::Result<Vec<String>> {
    let mut places = Vec::new();
    let file = session.folder.operator_token();
    // A file that is not there, or is not for this user, keeps nothing of his.
    if std::fs::read_to_string(&file).is_ok_and(|kept| kept.trim() == old) {
        session.folder.keep_operator_token(new).context("the token above is not kept: put it there by hand")?;
        places.push(file.display().to_string());
    }
    let mut profiles = session.profiles.read()?;
    let names = profiles.replace_token(old, new);
    if !names.is_empty() {
        session.profiles.write(&profiles).context("the token above is not kept: log in with it by hand")?;
        places.extend(names.into_iter().map(|name| format!("the profile {name}")));
    }
    Ok(places)
}

fn row(token: &api::TokenEntry) -> Vec<String> {
    let role = match token.role {
        api::Role::Operator => "operator",
        api::Role::Provider => "provider",
    };
    let scopes: Vec<&str> = token.scopes.iter().copied().map(scope).collect();
    let state = match &token.disabled {
        Some(reason) => format!("revoked: {reason}"),
        None => if token.live { "live" } else { "ended" }.to_owned(),
    };
    vec![
        token.id.to_string(),
        format!("{}…", token.prefix),
        role.to_owned(),
        token.organisation.map_or_else(|| "-".to_owned(), |organisation| organisation.to_string()),
        scopes.join(","),
        token.created_at.to_string(),
        token.expires_at.map_or_else(|| "-".to_owned(), |at| at.to_string()),
        state,
    ]
}

const fn scope(scope: api::Scope) -> &'static str {
    match scope {
        api::Scope::Read => "read",
        api::Scope::Publish => "publish",
        api::Scope::Manage => "manage",
    }
}
