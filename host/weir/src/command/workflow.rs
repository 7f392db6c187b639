//! `weir workflow`: a definition in the Amazon States Language, looked at, drawn and tried out on this machine. No
//! component runs, and no host is asked, but for approvals.

mod approvals;
mod format;
mod graph;
mod play;
mod roles;
mod run;
mod svg;
mod test;
mod test_state;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use asl::{Diagnostic, MachineKind, Severity, StateMachine};

use crate::cli::Session;
use crate::output::Output;

/// The largest file that is read.
const FILE_MAX: u64 = 16 << 20;

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Workflow {
    /// Check a definition, and tell every mistake with its place
    Validate(Validate),
    /// Run a definition with answers that are made up
    Run(run::Run),
    /// Run the cases of a file, and compare what they come to
    Test(test::Test),
    /// Try out one state, with what its work is to come to
    TestState(test_state::TestOneState),
    /// Print a definition in its normal form: JSON, without what holds anyway
    Format(format::Format),
    /// Draw a definition
    Graph(graph::Graph),
    /// List what executions ask people, with the links at which that is decided. Asks the host
    Approvals(approvals::Approvals),
    /// Set, list and remove the roles of state machines: what their HTTP tasks may reach. Asks the host
    #[command(subcommand)]
    Roles(roles::Roles),
}

impl Workflow {
    /// Runs the one that was asked for.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        match self {
            Self::Validate(validate) => validate.run(session),
            Self::Run(run) => run.run(session),
            Self::Test(test) => test.run(session),
            Self::TestState(test) => test.run(session),
            Self::Format(format) => format.run(session),
            Self::Graph(graph) => graph.run(session),
            Self::Approvals(approvals) => approvals.run(session),
            Self::Roles(roles) => roles.run(session),
        }
    }
}

/// The arguments of `weir workflow validate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Validate {
    /// The definition, JSON or YAML
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What kind of machine it is to be; a route's is express
    #[arg(long, value_enum, default_value_t = Kind::Express)]
    kind: Kind,
}

/// Kinds of machines.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// Answers within its call: no `.sync`, no tokens, no activities, no distributed Map
    Express,
    /// May wait for what answers later
    Standard,
}

impl From<Kind> for MachineKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Express => Self::Express,
            Kind::Standard => Self::Standard,
        }
    }
}

/// One finding, for `--json`.
#[derive(Debug, serde::Serialize)]
struct Finding<'d> {
    severity: &'static str,
    code: &'static str,
    pointer: &'d str,
    line: usize,
    column: usize,
    message: &'d str,
}

/// What was found, for `--json`.
#[derive(Debug, serde::Serialize)]
struct Found<'d> {
    valid: bool,
    findings: Vec<Finding<'d>>,
}

impl Validate {
    fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let text = read(&self.file)?;
        let (machine, refused) = match StateMachine::read(&text, self.kind.into()) {
            Ok(machine) => (Some(machine), Vec::new()),
            Err(findings) => (None, findings),
        };
        let doubts = machine.as_ref().map(StateMachine::warnings).unwrap_or_default();
        let findings: Vec<&Diagnostic> = refused.iter().chain(doubts).collect();
        for finding in &findings {
            session.output.line(format_args!("{}", line(&self.file, finding)))?;
        }
        let valid = machine.is_some();
        session.output.line(format_args!("{}", sum(&findings)))?;
        let findings = findings.into_iter().map(shown).collect();
        session.output.document(&Found { valid, findings })?;
        Ok(if valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// As compilers write it, so that editors find the place.
fn line(file: &Path, finding: &Diagnostic) -> String {
    let Diagnostic { code, severity, pointer, line, column, message, .. } = finding;
    let at = if pointer.is_empty() { String::new() } else { format!(" ({pointer})") };
    format!("{}:{line}:{column}: {}: {message} [{}]{at}", file.display(), word(*severity), code.as_str())
}

fn sum(findings: &[&Diagnostic]) -> String {
    let mistakes = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    match (mistakes, findings.len()) {
        (0, 0) => "the definition is correct".to_owned(),
        (0, doubts) => format!("the definition can run; {doubts} warnings"),
        (mistakes, _) => format!("the definition cannot run: {mistakes} mistakes"),
    }
}

fn shown(finding: &Diagnostic) -> Finding<'_> {
    Finding {
        severity: word(finding.severity),
        code: finding.code.as_str(),
        pointer: &finding.pointer,
        line: finding.line,
        column: finding.column,
        message: &finding.message,
    }
}

/// A correct definition, or an error with all that is wrong with it.
fn machine(file: &Path) -> anyhow::Result<Arc<StateMachine>> {
    // Tasks are answered from a list here: those that an express machine may not have can be tried out too.
    StateMachine::read(&read(file)?, MachineKind::Standard).map(Arc::new).map_err(|findings| {
        let lines: Vec<String> = findings.iter().map(|finding| line(file, finding)).collect();
        anyhow::anyhow!("the definition cannot run:\n{}", lines.join("\n"))
    })
}

fn read(file: &Path) -> anyhow::Result<String> {
    let about = || format!("could not read {}", file.display());
    let length = std::fs::metadata(file).with_context(about)?.len();
    if length > FILE_MAX {
        bail!("{} has {length} bytes; {FILE_MAX} are read at most", file.display());
    }
    std::fs::read_to_string(file).with_context(about)
}

fn print(output: Output, text: &str) -> anyhow::Result<()> {
    for line in text.lines() {
        output.line(format_args!("{line}"))?;
    }
    Ok(())
}
