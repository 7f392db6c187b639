//! `weir traces`: what the states of workflows went through.

use std::process::ExitCode;

use anyhow::bail;
use types::CallId;

use crate::cli::Session;
use crate::client::Client;
use crate::output::Output;

/// The arguments of `weir traces`.
#[derive(Debug, clap::Args)]
pub(crate) struct Traces {
    /// The call's id, which the consumer read in `X-Request-Id`
    #[arg(required_unless_present = "api", conflicts_with = "api")]
    call: Option<CallId>,
    /// List the runs of an API that were kept, by its slug, the newest first
    #[arg(long, value_name = "SLUG")]
    api: Option<String>,
    /// With --api: how many, 1 to 1,000
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

impl Traces {
    /// Shows them.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let (client, output) = (session.client()?, session.output);
        match (self.call, &self.api) {
            (Some(call), _) => of_call(&client, output, call)?,
            (None, Some(slug)) => list(&client, output, slug, self.limit)?,
            (None, None) => bail!("name a call, or list those of an API: weir traces --api SLUG"),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn list(client: &Client, output: Output, slug: &str, limit: u32) -> anyhow::Result<()> {
    let query = [("limit", limit.to_string())];
    let runs: api::Page<api::Run> = client.get_with(&format!("/v1/apis/{slug}/traces"), &query)?;
    output.document(&runs)?;
    let row = |run: &api::Run| {
        let error = run.error.clone().unwrap_or_else(|| "-".to_owned());
        vec![run.call.to_string(), run.at.to_string(), run.total_us.to_string(), run.outcome.clone(), error]
    };
    output.table(&["CALL", "AT", "TOTAL µs", "OUTCOME", "ERROR"], &runs.items.iter().map(row).collect::<Vec<_>>())
}

fn of_call(client: &Client, output: Output, call: CallId) -> anyhow::Result<()> {
    let trace: api::CallTrace = client.get(&format!("/v1/calls/{call}/trace"))?;
    output.document(&trace)?;
    let Some(run) = &trace.run else {
        return output.line("The call ran no workflow, or its run was not kept: see [traces] in weir.toml.");
    };
    let error = run.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
    output.line(format_args!("{} {}{error} after {} µs", run.at, run.outcome, run.total_us))?;
    let row = |visit: &api::StateVisit| {
        let error = visit.error.as_deref().unwrap_or("-");
        let cause = visit.cause.as_deref().unwrap_or_default();
        let ended = match &visit.output {
            Some(output) => output.to_string(),
            None => format!("{error} {cause}"),
        };
        vec![
            visit.state.clone(),
            visit.branch.to_string(),
            visit.total_us.map_or_else(|| "-".to_owned(), |total| total.to_string()),
            visit.failures.to_string(),
            visit.fuel.to_string(),
            visit.input.to_string(),
            ended,
        ]
    };
    let headings = ["STATE", "BRANCH", "TOTAL µs", "FAILURES", "FUEL", "INPUT", "OUTPUT OR ERROR"];
    output.table(&headings, &trace.states.iter().map(row).collect::<Vec<_>>())
}
