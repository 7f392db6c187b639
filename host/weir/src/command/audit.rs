//! `weir audit`: what was done here, and whether the record of it is whole.

use std::process::ExitCode;

use anyhow::anyhow;
use types::Timestamp;

use crate::cli::Session;

/// The arguments of `weir audit`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Audit {
    /// List what was done to organisations, APIs, plans, keys and the like, the newest first
    List(Acts),
    /// Check every link of the chain against the rows that it covers
    Verify,
}

/// Which acts.
#[derive(Debug, clap::Args)]
pub(crate) struct Acts {
    /// Only those of this token, or of `host`
    #[arg(long, value_name = "ID")]
    actor: Option<String>,
    /// Only those of this kind, such as `key.create`
    #[arg(long)]
    action: Option<String>,
    /// Only those on this thing
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// Only those since then, such as `2026-11-22T10:00:00Z`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only those before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many, 1 to 1,000
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

impl Audit {
    /// Does it.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(acts) => acts.list(session),
            Self::Verify => verify(session),
        }
    }
}

impl Acts {
    fn list(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let query: Vec<(&str, String)> = [
            ("actor", self.actor.clone()),
            ("action", self.action.clone()),
            ("subject", self.subject.clone()),
            ("since", time("--since", self.since.as_deref())?),
            ("until", time("--until", self.until.as_deref())?),
            ("limit", Some(self.limit.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        let page: api::Page<api::Act> = session.client()?.get_with("/v1/audit", &query)?;
        session.output.document(&page)?;
        let rows: Vec<_> = page.items.iter().map(row).collect();
        session.output.table(&["ACT", "AT", "ACTOR", "ACTION", "SUBJECT", "BEFORE", "AFTER"], &rows)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A time as the control plane takes it.
fn time(flag: &str, text: Option<&str>) -> anyhow::Result<Option<String>> {
    let read = text.map(Timestamp::parse).transpose();
    let read = read.map_err(|text| anyhow!("{flag} {text:?} is not a time such as 2026-11-22T10:00:00Z"))?;
    Ok(read.map(|time| time.to_string()))
}

fn row(act: &api::Act) -> Vec<String> {
    let shown = |value: &Option<serde_json::Value>| value.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    vec![
        act.number.to_string(),
        act.at.to_string(),
        act.actor.clone(),
        act.action.clone(),
        act.subject.clone(),
        shown(&act.before),
        shown(&act.after),
    ]
}

fn verify(session: &Session) -> anyhow::Result<ExitCode> {
    let chain: api::Verification = session.client()?.get("/v1/audit/verify")?;
    session.output.document(&chain)?;
    match chain.first_bad {
        None => {
            session.output.line(format_args!("the audit chain is intact: {} links checked", chain.links))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(link) => {
            session.output.line(format_args!(
                "the audit chain is broken at link {link}: a row that it covers, or the link, was changed afterwards"
            ))?;
            Ok(ExitCode::FAILURE)
        }
    }
}
