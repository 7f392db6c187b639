//! `weir workflow approvals`: what executions ask people, and where that is decided.

use std::process::ExitCode;

use crate::cli::Session;

/// The arguments of `weir workflow approvals`.
#[derive(Debug, clap::Args)]
pub(crate) struct Approvals {
    /// Whose, by name or id [default: the token's own]
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
    /// Those too that are decided or over
    #[arg(long)]
    all: bool,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
}

impl Approvals {
    /// Lists them.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let mut query = vec![("limit", self.limit.to_string())];
        query.extend(self.organisation.iter().map(|name| ("organisation", name.clone())));
        if !self.all {
            query.push(("status", "open".to_owned()));
        }
        let page: api::Page<api::Approval> = session.client()?.get_with("/v1/approvals", &query)?;
        session.output.document(&page)?;
        let rows: Vec<_> = page.items.iter().map(row).collect();
        session.output.table(&["APPROVAL", "TITLE", "ASKED BY", "STATE", "UNTIL", "DECIDED BY OR AT"], &rows)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn row(one: &api::Approval) -> Vec<String> {
    let state = match one.status {
        api::ApprovalStatus::Open => "open",
        api::ApprovalStatus::Approved => "approved",
        api::ApprovalStatus::Rejected => "rejected",
        api::ApprovalStatus::Expired => "expired",
        api::ApprovalStatus::Closed => "closed",
    };
    let decided = one.decided.as_ref().map(|decided| decided.by.clone());
    let by = decided.or_else(|| one.link.clone()).unwrap_or_default();
    vec![one.id.to_string(), one.title.clone(), one.asked_by.clone(), state.to_owned(), one.expires_at.to_string(), by]
}
