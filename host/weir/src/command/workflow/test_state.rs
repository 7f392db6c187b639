//! `weir workflow test-state`: one state tried out by itself.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use stepfunctions::{InspectionLevel, Mock, TestState, TestStateError, TestStateOutput, TestStatus};
use types::Timestamp;

use super::run::given;
use crate::cli::Session;

/// The arguments of `weir workflow test-state`.
#[derive(Debug, clap::Args)]
pub(crate) struct TestOneState {
    /// A definition, JSON or YAML; without `--state` that of one state, in JSON
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which state of the definition, in a branch or a Map too
    #[arg(long, value_name = "NAME")]
    state: Option<String>,
    /// The input, as JSON; `@FILE` reads it from a file, here and below
    #[arg(long, default_value = "{}", value_name = "JSON")]
    input: String,
    /// What its work comes to: {"result": …} or {"errorOutput": {"error": "…", "cause": "…"}}; Task, Parallel and Map
    /// states need it
    #[arg(long, value_name = "JSON")]
    mock: Option<String>,
    /// Variables, as a JSON object
    #[arg(long, value_name = "JSON")]
    variables: Option<String>,
    /// Members of the context object
    #[arg(long, value_name = "JSON")]
    context: Option<String>,
    /// More about the visit, such as {"retrierRetryCount": 1}
    #[arg(long, value_name = "JSON")]
    configuration: Option<String>,
    /// How much is shown
    #[arg(long, value_enum, default_value_t = Level::Info)]
    inspection_level: Level,
}

/// How much is shown.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Level {
    /// The status, and the output or the error
    Info,
    /// What the document is at each stage, too
    Debug,
    /// The same: no request is made that could be shown
    Trace,
}

impl TestOneState {
    pub(super) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let answer = match self.request()?.run(Timestamp::from_micros(0), 0) {
            Ok(answer) => answer,
            Err(TestStateError::InvalidDefinition(findings)) => {
                let lines: Vec<String> = findings.iter().map(|finding| super::line(&self.file, finding)).collect();
                bail!("the definition is not correct:\n{}", lines.join("\n"));
            }
            Err(error) => return Err(error.into()),
        };
        super::print(session.output, &serde_json::to_string_pretty(&readable(&answer)?)?)?;
        session.output.document(&answer)?;
        Ok(if answer.status == TestStatus::Failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn request(&self) -> anyhow::Result<TestState> {
        let text = |argument: &Option<String>| argument.as_deref().map(given).transpose();
        let mock = text(&self.mock)?.map(|mock| mocked(&mock)).transpose()?;
        let configuration = text(&self.configuration)?.map(|text| serde_json::from_str(&text)).transpose();
        Ok(TestState {
            definition: super::read(&self.file)?,
            state_name: self.state.clone(),
            input: Some(given(&self.input)?),
            variables: text(&self.variables)?,
            mock,
            context: text(&self.context)?,
            state_configuration: configuration.context("the configuration is not right")?.unwrap_or_default(),
            inspection_level: match self.inspection_level {
                Level::Info => InspectionLevel::Info,
                Level::Debug => InspectionLevel::Debug,
                Level::Trace => InspectionLevel::Trace,
            },
        })
    }
}

/// A mock. Its result is JSON here, where the API has the text of it.
fn mocked(text: &str) -> anyhow::Result<Mock> {
    let mut mock: Value = serde_json::from_str(text).context("the mock is not JSON")?;
    if let Some(result) = mock.get_mut("result") {
        *result = json!(result.to_string());
    }
    serde_json::from_value(mock).context("the mock is not right")
}

/// The answer with its documents as JSON instead of the texts of it.
fn readable(answer: &TestStateOutput) -> anyhow::Result<Value> {
    let mut shown = serde_json::to_value(answer)?;
    let documents = |object: &mut Value, names: &dyn Fn(&str) -> bool| {
        for (_, value) in object.as_object_mut().into_iter().flatten().filter(|(name, _)| names(name)) {
            if let Some(document) = value.as_str().and_then(|text| serde_json::from_str(text).ok()) {
                *value = document;
            }
        }
    };
    documents(&mut shown, &|name| name == "output");
    if let Some(data) = shown.get_mut("inspectionData") {
        documents(data, &|_| true);
    }
    Ok(shown)
}
