//! `weir calls`: what happened.

use std::process::ExitCode;

use anyhow::anyhow;
use types::{AppId, SubscriptionId, Timestamp};

use crate::cli::Session;
use crate::terminal::{Watch, watch};

/// The arguments of `weir calls`.
#[derive(Debug, clap::Args)]
pub(crate) struct Calls {
    /// Only those of one API, by its slug
    #[arg(long, value_name = "SLUG")]
    api: Option<String>,
    /// Only those of one app
    #[arg(long, value_name = "ID")]
    app: Option<AppId>,
    /// Only those of one subscription
    #[arg(long, value_name = "ID")]
    subscription: Option<SubscriptionId>,
    /// Only those that ended so, such as `ok` or `out_of_fuel`
    #[arg(long)]
    outcome: Option<String>,
    /// Only those since then, such as `2026-11-22T10:00:00Z`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// How many, 1 to 1,000
    #[arg(long, default_value_t = 20)]
    limit: u32,
    #[command(flatten)]
    watch: Watch,
}

impl Calls {
    /// Lists them.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let since = self.since.as_deref().map(Timestamp::parse).transpose();
        let since = since.map_err(|text| anyhow!("--since {text:?} is not a time such as 2026-11-22T10:00:00Z"))?;
        let query: Vec<(&str, String)> = [
            ("api", self.api.clone()),
            ("app", self.app.map(|app| app.to_string())),
            ("subscription", self.subscription.map(|subscription| subscription.to_string())),
            ("outcome", self.outcome.clone()),
            ("since", since.map(|since| since.to_string())),
            ("limit", Some(self.limit.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        let client = session.client()?;
        watch(self.watch.every(), || {
            let page: api::Page<api::Call> = client.get_with("/v1/calls", &query)?;
            session.output.document(&page)?;
            session.output.table(
                &["CALL", "AT", "API", "ROUTE", "STATUS", "OUTCOME", "BILLED", "TOTAL µs", "COMPONENT µs", "FUEL"],
                &page.items.iter().map(row).collect::<Vec<_>>(),
            )
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn row(call: &api::Call) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let number = |value: Option<i64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let billed = call.usage.iter().map(|usage| format!("{} {}", usage.billed, usage.object));
    vec![
        call.id.clone(),
        call.at.to_string(),
        text(&call.api),
        text(&call.route),
        call.status.to_string(),
        text(&call.outcome),
        billed.collect::<Vec<_>>().join(", "),
        number(call.total_us),
        number(call.component_us),
        number(call.fuel),
    ]
}
