//! `weir usage`: what subscriptions used.

use std::process::ExitCode;

use types::SubscriptionId;

use crate::cli::Session;

/// The arguments of `weir usage`.
#[derive(Debug, clap::Args)]
pub(crate) struct Usage {
    /// One subscription [default: all that the token may see]
    #[arg(long, value_name = "ID")]
    subscription: Option<SubscriptionId>,
}

impl Usage {
    /// Shows it.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let client = session.client()?;
        let wanted = match self.subscription {
            Some(one) => vec![one],
            None => client
                .get::<api::Page<api::Subscription>>("/v1/subscriptions")?
                .items
                .into_iter()
                .map(|subscription| subscription.id)
                .collect(),
        };
        let all = wanted
            .into_iter()
            .map(|id| client.get_with::<api::Usage>("/v1/usage", &[("subscription", id.to_string())]))
            .collect::<anyhow::Result<Vec<_>>>()?;
        session.output.document(&all)?;
        session.output.table(
            &["SUBSCRIPTION", "API", "PLAN", "OBJECT", "PERIOD FROM", "USED", "INCLUDED", "LIMIT", "OVERAGE"],
            &all.iter().flat_map(rows).collect::<Vec<_>>(),
        )?;
        Ok(ExitCode::SUCCESS)
    }
}

fn rows(usage: &api::Usage) -> impl Iterator<Item = Vec<String>> {
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
        ]
    })
}
