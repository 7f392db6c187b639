//! `weir tokens`: who may use the control plane.

use std::process::ExitCode;

use types::TokenId;

use super::overlap::Overlap;
use crate::cli::Session;
use crate::client::Made;

/// The arguments of `weir tokens`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Tokens {
    /// List tokens, without their secrets
    #[command(name = "list")]
    All,
    /// Make a token's successor, and print it once; the old one goes on for a while
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
            Self::All => {
                let tokens: Vec<api::TokenEntry> = client.all("/v1/tokens")?;
                output.document(&tokens)?;
                let headings = ["TOKEN", "BEGINS WITH", "ROLE", "ORGANISATION", "SCOPES", "MADE", "ENDS", "STATE"];
                output.table(&headings, &tokens.iter().map(row).collect::<Vec<_>>())?;
            }
            Self::Rotate { token, overlap } => {
                let token = match token {
                    Some(token) => *token,
                    None => client.get::<api::Who>("/v1/whoami")?.token,
                };
                let (_, made): (Made, api::Token) =
                    client.post(&format!("/v1/tokens/{token}/rotate"), &overlap.rotate())?;
                output.document(&made)?;
                output.line(format_args!("{}\n{}   (shown this once)", made.id, made.secret))?;
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
