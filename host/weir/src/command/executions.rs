//! `weir executions`: what state machines are doing, or have done.

use std::process::ExitCode;

use crate::cli::Session;
use crate::client::Client;
use crate::output::Output;

/// The arguments of `weir executions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Executions {
    #[command(subcommand)]
    does: Does,
}

#[derive(Debug, clap::Subcommand)]
enum Does {
    /// Search executions, the newest first
    List(List),
    /// Show one: its input, and what it came to
    Show {
        /// Its ARN
        arn: String,
    },
    /// Show what it went through, event by event
    History {
        /// Its ARN
        arn: String,
        /// How many events, 1 to 1,000
        #[arg(long, default_value_t = 1_000)]
        limit: u32,
    },
    /// Begin it again at the state that did not succeed; or all that fit, with --status, --machine and so on
    Redrive(Redrive),
    /// Stop it, with all that it has started and waits for
    Stop {
        /// Its ARN
        arn: String,
        /// Why, for people
        #[arg(long)]
        cause: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
struct Redrive {
    /// Its ARN; without one, all that fit
    arn: Option<String>,
    /// Whose, by name or id; an operator says it
    #[arg(long, value_name = "NAME", conflicts_with = "arn")]
    organisation: Option<String>,
    /// Those of machines in this region
    #[arg(long, conflicts_with = "arn")]
    region: Option<String>,
    /// Those of machines of this name
    #[arg(long, value_name = "NAME", conflicts_with = "arn")]
    machine: Option<String>,
    /// Those of this status: failed, timed-out or aborted
    #[arg(long, conflicts_with = "arn", required_unless_present = "arn")]
    status: Option<api::ExecutionStatus>,
}

#[derive(Debug, clap::Args)]
struct List {
    /// Whose, by name or id; an operator says it
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
    /// Those of machines in this region; `local` holds those that calls have started
    #[arg(long)]
    region: Option<String>,
    /// Those of machines of this name
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,
    /// Those of this status: running, succeeded, failed, timed-out or aborted
    #[arg(long)]
    status: Option<api::ExecutionStatus>,
    /// Those whose name begins so
    #[arg(long, value_name = "BEGINNING")]
    name: Option<String>,
    /// Those that started then or later, such as 2026-05-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Those that started before
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Go on after this page
    #[arg(long, value_name = "NEXT")]
    after: Option<String>,
    /// How many, 1 to 1,000
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

impl Executions {
    /// Does it.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let (client, output) = (session.client()?, session.output);
        match &self.does {
            Does::List(list) => list.show(&client, output)?,
            Does::Show { arn } => show(output, &client.get(&format!("/v1/executions/{arn}"))?)?,
            Does::History { arn, limit } => history(&client, output, arn, *limit)?,
            Does::Redrive(redrive) => redrive.run(&client, output)?,
            Does::Stop { arn, cause } => {
                let why = api::StopExecution { error: None, cause: cause.clone() };
                let (_, stopped) = client.post(&format!("/v1/executions/{arn}/stop"), &why)?;
                show(output, &stopped)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Redrive {
    fn run(&self, client: &Client, output: Output) -> anyhow::Result<()> {
        if let Some(arn) = &self.arn {
            let (_, again) = client.post(&format!("/v1/executions/{arn}/redrive"), &serde_json::json!({}))?;
            return show(output, &again);
        }
        let mut which = api::RedriveExecutions {
            organisation: self.organisation.clone(),
            region: self.region.clone(),
            machine: self.machine.clone(),
            status: self.status,
            ..api::RedriveExecutions::default()
        };
        let mut all = api::Redriven { redriven: Vec::new(), refused: Vec::new(), next: None };
        loop {
            let (_, came): (_, api::Redriven) = client.post("/v1/executions/redrive", &which)?;
            for one in &came.refused {
                output.line(format_args!("not {}: {}", one.arn, one.why))?;
            }
            for arn in &came.redriven {
                output.line(arn)?;
            }
            all.redriven.extend(came.redriven);
            all.refused.extend(came.refused);
            let Some(next) = came.next else { break };
            which.after = Some(next);
        }
        output.document(&all)?;
        output.line(format_args!("{} run again, {} do not", all.redriven.len(), all.refused.len()))
    }
}

impl List {
    fn show(&self, client: &Client, output: Output) -> anyhow::Result<()> {
        let status = self.status.map(|status| status.as_str().to_owned());
        let said = [
            ("organisation", self.organisation.clone()),
            ("region", self.region.clone()),
            ("machine", self.machine.clone()),
            ("status", status),
            ("name", self.name.clone()),
            ("since", self.since.clone()),
            ("until", self.until.clone()),
            ("after", self.after.clone()),
            ("limit", Some(self.limit.to_string())),
        ];
        let query: Vec<_> = said.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let page: api::Page<api::Execution> = client.get_with("/v1/executions", &query)?;
        output.document(&page)?;
        let row = |one: &api::Execution| {
            let ended = one.ended_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
            vec![one.status.as_str().to_owned(), one.started_at.to_string(), ended, one.arn.clone()]
        };
        output.table(&["STATUS", "STARTED", "ENDED", "ARN"], &page.items.iter().map(row).collect::<Vec<_>>())?;
        if let Some(next) = &page.next {
            output.line(format_args!("there may be more: --after {next}"))?;
        }
        Ok(())
    }
}

fn show(output: Output, detail: &api::ExecutionDetail) -> anyhow::Result<()> {
    output.document(detail)?;
    let one = &detail.execution;
    let ended = one.ended_at.map(|at| format!(", ended {at}")).unwrap_or_default();
    output.line(format_args!("{} since {}{ended}", one.status.as_str(), one.started_at))?;
    output.line(format_args!("input   {}", detail.input))?;
    if let Some(came_to) = &detail.output {
        output.line(format_args!("output  {came_to}"))?;
    }
    if let Some(error) = &detail.error {
        output.line(format_args!("error   {error}: {}", detail.cause.as_deref().unwrap_or_default()))?;
    }
    Ok(())
}

fn history(client: &Client, output: Output, arn: &str, limit: u32) -> anyhow::Result<()> {
    let query = [("limit", limit.to_string())];
    let page: api::Page<api::HistoryEvent> = client.get_with(&format!("/v1/executions/{arn}/history"), &query)?;
    output.document(&page)?;
    let row = |event: &api::HistoryEvent| {
        let text =
            |name: &str| event.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let details = event.iter().find(|(name, _)| name.ends_with("EventDetails"));
        let details = details.map(|(_, value)| value.to_string()).unwrap_or_default();
        vec![text("id").unwrap_or_default(), text("type").unwrap_or_default(), details]
    };
    output.table(&["EVENT", "TYPE", "DETAILS"], &page.items.iter().map(row).collect::<Vec<_>>())
}
