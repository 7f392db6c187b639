//! `weir schedules`: executions that the clock starts.

use std::process::ExitCode;

use anyhow::Context as _;

use crate::cli::Session;
use crate::client::{Client, Made};
use crate::output::Output;

/// The arguments of `weir schedules`.
#[derive(Debug, clap::Args)]
pub(crate) struct Schedules {
    /// Whose, by name or id; an operator says it
    #[arg(long, global = true, value_name = "NAME")]
    organisation: Option<String>,
    #[command(subcommand)]
    does: Does,
}

#[derive(Debug, clap::Subcommand)]
enum Does {
    /// List them by name
    List,
    /// Show one: its next turn, and what came of its last
    Show {
        /// Its name
        name: String,
    },
    /// Make one, or put it in place of that of its name
    Set(Set),
    /// Take one away; what it has started runs on
    Delete {
        /// Its name
        name: String,
    },
}

#[derive(Debug, clap::Args)]
struct Set {
    /// Its name
    name: String,
    /// What it starts: the ARN of a state machine, of a version of it or of an alias
    #[arg(long, value_name = "ARN")]
    machine: String,
    /// When: 'rate(5 minutes)', 'cron(0 8 ? * MON-FRI *)' or 'at(2027-01-31T08:30:00)'
    #[arg(long, value_name = "EXPRESSION")]
    when: String,
    /// The time zone that cron and at are read in
    #[arg(long, default_value = "UTC")]
    zone: String,
    /// The input of each execution, JSON; <aws.scheduler.scheduled-time> in it stands for the moment of the turn
    #[arg(long, value_name = "JSON", default_value = "{}")]
    input: String,
    /// Keep it, and start nothing
    #[arg(long)]
    disabled: bool,
}

impl Schedules {
    /// Does it.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let (client, output) = (session.client()?, session.output);
        match &self.does {
            Does::List => self.list(&client, output)?,
            Does::Show { name } => {
                let schedule: api::Schedule = client.get_with(&format!("/v1/schedules/{name}"), &self.query())?;
                show(output, &schedule)?;
            }
            Does::Set(set) => {
                let new = api::NewSchedule {
                    organisation: self.organisation.clone(),
                    machine: set.machine.clone(),
                    input: serde_json::from_str(&set.input).context("--input is not JSON")?,
                    expression: set.when.clone(),
                    zone: set.zone.clone(),
                    enabled: !set.disabled,
                };
                let (_, schedule): (Made, api::Schedule) = client.put(&format!("/v1/schedules/{}", set.name), &new)?;
                show(output, &schedule)?;
            }
            Does::Delete { name } => {
                let gone: api::Schedule = client.delete_with(&format!("/v1/schedules/{name}"), &self.query())?;
                output.document(&gone)?;
                output.line(format_args!("{name} is gone"))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        self.organisation.iter().map(|named| ("organisation", named.clone())).collect()
    }

    fn list(&self, client: &Client, output: Output) -> anyhow::Result<()> {
        let mut query = self.query();
        query.push(("limit", "1000".to_owned()));
        let page: api::Page<api::Schedule> = client.get_with("/v1/schedules", &query)?;
        output.document(&page)?;
        let row = |one: &api::Schedule| {
            let next = one.next_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
            vec![one.name.clone(), one.expression.clone(), one.zone.clone(), next, one.machine.clone()]
        };
        output.table(&["NAME", "WHEN", "ZONE", "NEXT", "MACHINE"], &page.items.iter().map(row).collect::<Vec<_>>())
    }
}

fn show(output: Output, schedule: &api::Schedule) -> anyhow::Result<()> {
    output.document(schedule)?;
    output.line(format_args!("{} starts {}", schedule.name, schedule.machine))?;
    output.line(format_args!("when    {} in {}", schedule.expression, schedule.zone))?;
    match schedule.next_at {
        Some(next) => output.line(format_args!("next    {next}"))?,
        None => output.line("next    never: it is switched off, or over")?,
    }
    if let Some(last) = schedule.last_at {
        let came = schedule.last_execution.as_ref().or(schedule.last_error.as_ref());
        output.line(format_args!("last    {last}: {}", came.map_or("", String::as_str)))?;
    }
    Ok(())
}
