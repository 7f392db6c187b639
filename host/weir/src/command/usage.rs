//! `weir usage`: what subscriptions used.

use std::process::ExitCode;

use types::SubscriptionId;

use crate::cli::Session;
use crate::terminal::{Terminal, Watch, by_share, watch};

/// The arguments of `weir usage`.
#[derive(Debug, clap::Args)]
pub(crate) struct Usage {
    /// One subscription [default: all that the token may see]
    #[arg(long, value_name = "ID")]
    subscription: Option<SubscriptionId>,
    /// Only periods that run now, and quotas that have any
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    watch: Watch,
}

impl Usage {
    /// Shows it.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let client = session.client()?;
        watch(self.watch.every(), || {
            let wanted = match self.subscription {
                Some(one) => vec![one],
                None => client
                    .all::<api::Subscription>("/v1/subscriptions")?
                    .into_iter()
                    .map(|subscription| subscription.id)
                    .collect(),
            };
            let mut all = wanted
                .into_iter()
                .map(|id| client.get_with::<api::Usage>("/v1/usage", &[("subscription", id.to_string())]))
                .collect::<anyhow::Result<Vec<_>>>()?;
            if self.now {
                all.iter_mut().for_each(keep_latest);
            }
            session.output.document(&all)?;
            session.output.table(
                &["SUBSCRIPTION", "API", "PLAN", "OBJECT", "PERIOD FROM", "USED", "INCLUDED", "LIMIT", "OVERAGE", ""],
                &all.iter().flat_map(|usage| rows(usage, &session.terminal)).collect::<Vec<_>>(),
            )
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Leaves the latest period of each object.
fn keep_latest(usage: &mut api::Usage) {
    let latest = usage.objects.clone();
    usage.objects.retain(|one| {
        one.included.is_some()
            && !latest.iter().any(|other| other.object == one.object && other.period_start > one.period_start)
    });
}

fn rows<'a>(usage: &'a api::Usage, terminal: &'a Terminal) -> impl Iterator<Item = Vec<String>> + 'a {
    usage.objects.iter().map(|object| {
        vec![
            usage.subscription.to_string(),
            usage.api.clone(),
            usage.plan.clone(),
            object.object.clone(),
            object.period_start.to_string(),
            object.used.to_string(),
            object.included.map_or_else(|| "-".to_owned(), |included| included.to_string()),
            object.limit.clone().unwrap_or_else(|| "-".to_owned()),
            object.overage.to_string(),
            object.included.map_or_else(String::new, |included| chart(terminal, object.used, included)),
        ]
    })
}

/// A bar from nothing to what is included, and the part in figures.
fn chart(terminal: &Terminal, used: i64, included: i64) -> String {
    let (used, included) = (u64::try_from(used).unwrap_or(0), u64::try_from(included).unwrap_or(0));
    let bar = by_share(&terminal.bar(used, included), used, included);
    match used.saturating_mul(100).checked_div(included) {
        Some(hundredths) => format!("{bar} {hundredths} %"),
        None => bar,
    }
}
