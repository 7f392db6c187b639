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
            match read(id, &body) {
                Ok(told) => facts.push(told),
                Err(error) => tracing::error!(%error, id, "what a task has used cannot be read, and is left out"),
            }
        }
        ledger.relay(SOURCE, &facts).await?;
        workflows.told(last).await.context("could not note what was told")?;
    }
}

/// A fact and its id. One that a former version wrote has the number of its row for it.
fn read(row: u64, body: &str) -> serde_json::Result<(OutboxId, Fact)> {
    serde_json::from_str(body)
        .or_else(|_| serde_json::from_str(body).map(|fact| (OutboxId::from_u128(row.into()), fact)))
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

#[cfg(test)]
mod tests {
    use types::{Act, Timestamp};

    use super::*;

    #[test]
    fn a_fact_has_the_id_that_it_was_written_with_whatever_its_row_is() {
        let fact = Fact::Act(Act {
            at: Timestamp::from_micros(1),
            actor: "host".to_owned(),
            action: "machine.create".to_owned(),
            subject: "orders".to_owned(),
            before: None,
            after: None,
        });
        let id = OutboxId::generate(Timestamp::from_micros(1));
        let body = serde_json::to_string(&(id, &fact)).unwrap();
        // After a restore the numbers of rows begin again where the backup ended.
        assert_eq!((read(7, &body).unwrap().0, read(8, &body).unwrap().0), (id, id));
        let former = serde_json::to_string(&fact).unwrap();
        assert_eq!(read(7, &former).unwrap().0, OutboxId::from_u128(7));
        assert!(read(7, "{}").is_err());
    }
}
