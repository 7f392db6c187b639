//! `weir workflow test`: the cases of a file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use asl::Outcome;
use serde_json::{Value, json};

use super::play::{Answers, Played, play};
use super::run::ended;
use crate::cli::Session;

/// The arguments of `weir workflow test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// The file of cases, JSON
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// A file of cases.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// The definition, relative to this file.
    definition: PathBuf,
    tests: Vec<Case>,
}

/// One case: what goes in, what the tasks answer, and what must come out.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default = "nothing")]
    input: Value,
    #[serde(default)]
    tasks: Answers,
    expect: Expected,
}

/// What must come out. What is absent is not looked at.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// The states, in the order in which they are entered.
    path: Option<Vec<String>>,
    output: Option<Value>,
    error: Option<String>,
    cause: Option<String>,
}

fn nothing() -> Value {
    json!({})
}

impl Test {
    pub(super) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let text = super::read(&self.file)?;
        let cases: Cases =
            serde_json::from_str(&text).with_context(|| format!("{} is no file of cases", self.file.display()))?;
        if cases.tests.is_empty() {
            bail!("{} has no tests", self.file.display());
        }
        let machine = super::machine(&self.file.parent().unwrap_or(Path::new("")).join(&cases.definition))?;
        let mut shown = Vec::with_capacity(cases.tests.len());
        let mut failed = 0_usize;
        for case in &cases.tests {
            let differences = match play(&machine, case.input.clone(), &case.tasks) {
                Ok(played) => case.expect.differences(&played),
                Err(error) => vec![error.to_string()],
            };
            let passed = differences.is_empty();
            failed += usize::from(!passed);
            session.output.line(format_args!("{}  {}", if passed { "ok    " } else { "FAILED" }, case.name))?;
            for difference in &differences {
                session.output.line(format_args!("        {difference}"))?;
            }
            shown.push(json!({ "name": case.name, "passed": passed, "differences": differences }));
        }
        let count = cases.tests.len();
        session.output.line(format_args!("{} of {count} passed", count - failed))?;
        session.output.document(&json!({ "passed": count - failed, "failed": failed, "tests": shown }))?;
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Expected {
    /// One sentence for each thing that is not as expected.
    fn differences(&self, played: &Played) -> Vec<String> {
        let mut differences = Vec::new();
        let path = played.path();
        if let Some(expected) = self.path.as_ref().filter(|expected| **expected != path) {
            differences.push(format!("the path is {}, not {}", path.join(" → "), expected.join(" → ")));
        }
        let (text, _) = ended(&played.outcome);
        let (output, error, cause) = match &played.outcome {
            Outcome::Succeeded(output) => (Some(&**output), None, None),
            Outcome::Failed { error, cause } => (None, error.as_deref(), cause.as_deref()),
            Outcome::TimedOut => (None, Some("States.Timeout"), None),
        };
        if let Some(expected) = self.output.as_ref().filter(|expected| output != Some(expected)) {
            differences.push(format!("the output must be {expected}; the run {text}"));
        }
        if let Some(expected) = self.error.as_deref().filter(|expected| error != Some(expected)) {
            differences.push(format!("the error must be {expected}; the run {text}"));
        }
        if let Some(expected) = self.cause.as_deref().filter(|expected| cause != Some(expected)) {
            differences.push(format!("the cause must be {expected}; the run {text}"));
        }
        if self.error.is_none() && self.cause.is_none() && self.output.is_none() && error.is_some() {
            differences.push(format!("the run {text}"));
        }
        differences
    }
}
