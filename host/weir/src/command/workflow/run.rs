//! `weir workflow run`: one run, step by step.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use asl::{Change, Outcome, Step};
use serde_json::{Value, json};

use super::play::{Answers, play};
use crate::cli::Session;

/// The arguments of `weir workflow run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// The definition, JSON or YAML
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The input, as JSON; `@FILE` reads it from a file
    #[arg(long, default_value = "{}", value_name = "JSON")]
    input: String,
    /// What its tasks answer: a JSON object with a list for each state, such as {"Pay": [{"output": {}}]}; `@FILE` reads
    /// it from a file
    #[arg(long, default_value = "{}", value_name = "JSON")]
    tasks: String,
}

impl Run {
    pub(super) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let machine = super::machine(&self.file)?;
        let input: Value = serde_json::from_str(&given(&self.input)?).context("the input is not JSON")?;
        let answers: Answers =
            serde_json::from_str(&given(&self.tasks)?).context("the tasks' answers are not right")?;
        let played = play(&machine, input, &answers)?;
        for step in &played.steps {
            if let Some(line) = line(step) {
                session.output.line(format_args!("{line}"))?;
            }
        }
        let (text, document) = ended(&played.outcome);
        session.output.line(format_args!("{text}"))?;
        let steps: Vec<Value> = played.steps.iter().filter_map(shown).collect();
        session.output.document(&json!({ "outcome": document, "steps": steps }))?;
        let succeeded = matches!(played.outcome, Outcome::Succeeded(_));
        Ok(if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

pub(super) fn given(text: &str) -> anyhow::Result<String> {
    match text.strip_prefix('@') {
        Some(file) => super::read(file.as_ref()),
        None => Ok(text.to_owned()),
    }
}

/// One line for what people follow; the rest is detail.
fn line(step: &Step) -> Option<String> {
    let seconds = step.at.as_micros() / 1_000_000;
    let place = format!("{seconds:>6} s  {:<24}", step.state.as_str());
    Some(match &step.change {
        Change::Entered(input) => format!("{place} entered   {input}"),
        Change::Left { output, .. } => format!("{place} left      {output}"),
        Change::Failed { error, cause } => {
            let (error, cause) = (error.as_deref().unwrap_or("-"), cause.as_deref().unwrap_or_default());
            format!("{place} failed    {error} {cause}").trim_end().to_owned()
        }
        Change::Retrying(at) => format!("{place} retries   at {} s", at.as_micros() / 1_000_000),
        _ => return None,
    })
}

/// How a run ended, for people and as a document.
pub(super) fn ended(outcome: &Outcome) -> (String, Value) {
    match outcome {
        Outcome::Succeeded(output) => {
            (format!("succeeded     {output}"), json!({ "status": "SUCCEEDED", "output": output }))
        }
        Outcome::Failed { error, cause } => {
            let (name, why) = (error.as_deref().unwrap_or("-"), cause.as_deref().unwrap_or_default());
            let text = format!("failed        {name} {why}").trim_end().to_owned();
            (text, json!({ "status": "FAILED", "error": error, "cause": cause }))
        }
        Outcome::TimedOut => ("timed out".to_owned(), json!({ "status": "TIMED_OUT" })),
    }
}

fn shown(step: &Step) -> Option<Value> {
    let what = match &step.change {
        Change::Entered(input) => json!({ "entered": input }),
        Change::Left { output, .. } => json!({ "left": output }),
        Change::Failed { error, cause } => json!({ "failed": { "error": error, "cause": cause } }),
        Change::Retrying(at) => json!({ "retriesAtUs": at.as_micros() }),
        _ => return None,
    };
    Some(json!({ "atUs": step.at.as_micros(), "frame": step.frame, "state": step.state.as_str(), "change": what }))
}
