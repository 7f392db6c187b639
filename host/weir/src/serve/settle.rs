//! What tasks of executions have used, and what was done to machines, executions and schedules, on their way into the ledger.

use std::time::Duration;

use anyhow::Context as _;
use ledger::Ledger;
use tokio_util::sync::CancellationToken;
use types::{Fact, OutboxId};
use workflows::Workflows;

/// The name under which the ledger remembers which facts it has taken from here.
const SOURCE: &str = "workflows";
/// Facts that are told at once.
const MOST: u32 = 250;
/// After a failure, and when nobody says that there is something new.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Tells the ledger until the outbox is empty.
pub(super) async fn drain(workflows: &Workflows, ledger: &Ledger) -> anyhow::Result<()> {
    drain_acts(workflows, ledger).await?;
    loop {
        let rows = workflows.outbox(MOST).await.context("could not read what tasks have used")?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        let last = *last;
        let mut facts = Vec::with_capacity(rows.len());
        for (id, body) in rows {
            match serde_json::from_str::<Fact>(&body) {
                Ok(fact) => facts.push((OutboxId::from_u128(id.into()), fact)),
                Err(error) => tracing::error!(%error, id, "what a task has used cannot be read, and is left out"),
            }
        }
        ledger.relay(SOURCE, &facts).await?;
        workflows.told(last).await.context("could not note what was told")?;
    }
}

async fn drain_acts(workflows: &Workflows, ledger: &Ledger) -> anyhow::Result<()> {
    loop {
        let rows = workflows.acts(MOST).await.context("could not read what was done to executions")?;
        let Some(last) = rows.last().map(|(place, _)| *place) else { return Ok(()) };
        let mut facts = Vec::with_capacity(rows.len());
        for (place, body) in rows {
            match serde_json::from_str::<(OutboxId, Fact)>(&body) {
                Ok(told) => facts.push(told),
                Err(error) => tracing::error!(%error, place, "an act on executions cannot be read, and is left out"),
            }
        }
        ledger.relay(SOURCE, &facts).await?;
        workflows.told_acts(last).await.context("could not note what was told")?;
    }
}

/// Tells the ledger what comes, until `closing`.
pub(super) async fn run(workflows: Workflows, ledger: Ledger, closing: CancellationToken) -> anyhow::Result<()> {
    loop {
        if let Err(error) = drain(&workflows, &ledger).await {
            tracing::warn!(error = format!("{error:#}"), "what tasks have used and what was done waits to be recorded");
        }
        tokio::select! {
            () = closing.cancelled() => return drain(&workflows, &ledger).await,
            () = workflows.used() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}
