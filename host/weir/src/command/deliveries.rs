//! `weir deliveries`: what the host has sent by itself, and what was not accepted.

use std::process::ExitCode;

use types::{DispatchId, EndpointId};

use crate::cli::Session;
use crate::client::Made;

/// The commands of `weir deliveries`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Deliveries {
    /// List webhooks' messages and mails, the newest first
    #[command(name = "list")]
    All(Which),
    /// Show a delivery, and every attempt at it
    Show(One),
    /// Send a message again, at once
    Redeliver(One),
}

/// Which deliveries.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// Only those that stand there; dead letters are `dead`
    #[arg(long, value_parser = ["waiting", "delivered", "dead"])]
    status: Option<String>,
    /// Only those to this webhook
    #[arg(long, value_name = "ID")]
    webhook: Option<EndpointId>,
    /// Whose, by name or id [default: the token's own]
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
}

/// One delivery.
#[derive(Debug, clap::Args)]
pub(crate) struct One {
    /// Its id, which begins with dlv_
    id: DispatchId,
}

impl Deliveries {
    /// Runs one of them.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let (client, output) = (session.client()?, session.output);
        match self {
            Self::All(which) => {
                let page: api::Page<api::Delivery> = client.get_with("/v1/deliveries", &which.query())?;
                output.document(&page)?;
                let headings = ["DELIVERY", "KIND", "TO", "STATE", "ATTEMPTS", "NEXT", "ERROR"];
                output.table(&headings, &page.items.iter().map(row).collect::<Vec<_>>())?;
            }
            Self::Show(one) => {
                let found: api::DeliveryHistory = client.get(&format!("/v1/deliveries/{}", one.id))?;
                output.document(&found)?;
                let headings = ["DELIVERY", "KIND", "TO", "STATE", "ATTEMPTS", "NEXT", "ERROR"];
                output.table(&headings, &[row(&found.delivery)])?;
                let rows: Vec<_> = found.history.iter().map(attempt).collect();
                output.table(&["ATTEMPT", "AT", "TOOK", "STATUS", "ERROR", "ANSWER"], &rows)?;
            }
            Self::Redeliver(one) => {
                let (_, again): (Made, api::Delivery) =
                    client.post(&format!("/v1/deliveries/{}/redeliver", one.id), &())?;
                output.document(&again)?;
                output.line(format_args!("{}   is on its way", again.id))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Which {
    fn query(&self) -> Vec<(&'static str, String)> {
        let parts = [
            ("status", self.status.clone()),
            ("webhook", self.webhook.map(|id| id.to_string())),
            ("organisation", self.organisation.clone()),
            ("limit", Some(self.limit.to_string())),
        ];
        parts.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))).collect()
    }
}

fn row(one: &api::Delivery) -> Vec<String> {
    let to = one.webhook.map(|id| id.to_string()).or_else(|| one.address.clone()).unwrap_or_default();
    let state = match one.status {
        api::DeliveryStatus::Waiting => "waiting",
        api::DeliveryStatus::Delivered => "delivered",
        api::DeliveryStatus::Dead => "dead",
    };
    let next = one.due_at.map(|at| at.to_string()).unwrap_or_default();
    let error = one.error.clone().unwrap_or_default();
    vec![one.id.to_string(), one.kind.clone(), to, state.to_owned(), one.attempts.to_string(), next, error]
}

fn attempt(one: &api::DeliveryAttempt) -> Vec<String> {
    let status = one.status.map(|status| status.to_string()).unwrap_or_default();
    // One line of what a stranger said.
    let answer = one.answer.as_deref().and_then(|answer| answer.lines().next()).unwrap_or_default();
    vec![
        one.number.to_string(),
        one.at.to_string(),
        format!("{} ms", one.took_us / 1_000),
        status,
        one.error.clone().unwrap_or_default(),
        answer.to_owned(),
    ]
}
