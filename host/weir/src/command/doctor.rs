//! `weir doctor`: whether this machine and this data folder are fit, and with `--reconcile` whether the books agree.

mod data;
mod machine;

use std::process::ExitCode;

use anyhow::Context as _;
use ledger::{Inspection, Reconciliation};
use types::Timestamp;

use crate::cli::Session;
use crate::output::Output;

/// The arguments of `weir doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// Prove from usage.db that counters are what their calls add up to, that every call is under a link of the audit
    /// chain, and that the chain is intact. Works beside a running host, and without one
    #[arg(long)]
    reconcile: bool,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// As it should be.
    Good,
    /// It works, but worse than it could.
    Warning,
    /// It does not work, or promises would not be kept.
    Bad,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warn",
            Self::Bad => "BAD ",
        }
    }
}

/// One check.
#[derive(Debug, serde::Serialize)]
struct Check {
    /// What was looked at.
    name: &'static str,
    verdict: Verdict,
    /// What was found.
    found: String,
    /// What that means for the host. Said where something is to be done.
    #[serde(skip_serializing_if = "str::is_empty")]
    means: &'static str,
    /// A command that mends it, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Check {
    /// Nothing is to be done.
    fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Good, found: found.into(), means: "", mend: None }
    }

    /// It works, but worse than it could.
    fn warning(name: &'static str, found: impl Into<String>, means: &'static str) -> Self {
        Self { name, verdict: Verdict::Warning, found: found.into(), means, mend: None }
    }

    /// It does not work.
    fn bad(name: &'static str, found: impl Into<String>, means: &'static str) -> Self {
        Self { name, verdict: Verdict::Bad, found: found.into(), means, mend: None }
    }

    /// With the command that mends it.
    fn mend(mut self, command: impl Into<String>) -> Self {
        self.mend = Some(command.into());
        self
    }

    fn show(&self, output: Output) -> anyhow::Result<()> {
        output.line(format_args!("{}  {:<13} {}", self.verdict.word(), self.name, self.found))?;
        if !self.means.is_empty() {
            output.line(format_args!("{:20}{}", "", self.means))?;
        }
        match &self.mend {
            Some(command) => output.line(format_args!("{:20}mend it:  {command}", "")),
            None => Ok(()),
        }
    }
}

/// Everything, for `--json`.
#[derive(serde::Serialize)]
struct Findings<'a> {
    machine: &'a [Check],
    books: Option<&'a Reconciliation>,
}

impl Doctor {
    /// Checks.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let mut checks = machine::checks(&session.folder);
        checks.extend(data::checks(&session.folder));
        let books = if self.reconcile { Some(reconcile(session)?) } else { None };
        for check in &checks {
            check.show(session.output)?;
        }
        if let Some(books) = &books {
            show(session.output, books)?;
        }
        session.output.document(&Findings { machine: &checks, books: books.as_ref() })?;
        let bad = checks.iter().any(|check| check.verdict == Verdict::Bad);
        let wrong = books.is_some_and(|books| !books.holds());
        Ok(if bad || wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn reconcile(session: &Session) -> anyhow::Result<Reconciliation> {
    let path = session.folder.usage_db();
    let inspection = Inspection::open_read_only(&path)
        .with_context(|| format!("could not open {}: has a host ever run on this folder?", path.display()))?;
    inspection.reconcile().with_context(|| format!("could not read {}", path.display()))
}

pub(super) fn show(output: Output, books: &Reconciliation) -> anyhow::Result<()> {
    for mismatch in &books.mismatches {
        output.line(format_args!(
            "BAD   counter      {} {} from {}: it says {}, its calls add up to {}",
            mismatch.subscription,
            mismatch.object,
            Timestamp::from_micros(mismatch.period_start_us),
            mismatch.counter,
            mismatch.calls
        ))?;
    }
    if books.mismatches.is_empty() {
        output.line(format_args!("good  counters     {} are what their calls add up to", books.counters_checked))?;
    }
    match books.chain.first_bad {
        None => output.line(format_args!("good  audit        the chain is intact: {} links", books.chain.links))?,
        Some(link) => output.line(format_args!(
            "BAD   audit        the chain is broken at link {link}: it, or a row under it, was changed afterwards"
        ))?,
    }
    match books.chain.calls_outside {
        0 => output.line("good  calls        every completed call is under a link of the chain")?,
        count => output.line(format_args!("BAD   calls        {count} completed calls are under no link"))?,
    }
    if books.calls_without_link > 0 {
        output.line(format_args!("      streams      {} are open, or wait for recovery", books.calls_without_link))?;
    }
    Ok(())
}
