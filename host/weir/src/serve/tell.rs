//! What the room of deliveries has to tell the ledger: management acts, for the audit chain.

use std::time::Duration;

use anyhow::Context as _;
use delivery::Delivery;
use ledger::Ledger;
use tokio_util::sync::CancellationToken;
use types::Fact;

/// The name under which the ledger remembers which facts it has taken from here.
const SOURCE: &str = "delivery";
/// Facts that are told at once.
const MOST: u32 = 250;
/// After a failure, and when nobody says that there is something new.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Tells the ledger until nothing is left to tell.
pub(super) async fn drain(delivery: &Delivery, ledger: &Ledger) -> anyhow::Result<()> {
    loop {
        let rows = delivery.acts(MOST).await.context("could not read what was done about deliveries")?;
        let Some(last) = rows.last().map(|row| row.seq) else { return Ok(()) };
        let mut facts = Vec::with_capacity(rows.len());
        for row in rows {
            match serde_json::from_str::<Fact>(&row.body) {
                Ok(fact) => facts.push((row.id, fact)),
                Err(error) => {
                    tracing::error!(%error, id = %row.id, "an act about deliveries cannot be read, and is left out");
                }
            }
        }
        ledger.relay(SOURCE, &facts).await?;
        delivery.told(last).await.context("could not note what was told")?;
    }
}

/// Tells the ledger what comes, until `closing`.
pub(super) async fn run(delivery: Delivery, ledger: Ledger, closing: CancellationToken) -> anyhow::Result<()> {
    loop {
        if let Err(error) = drain(&delivery, &ledger).await {
            tracing::warn!(error = format!("{error:#}"), "acts about deliveries wait to be recorded");
        }
        tokio::select! {
            () = closing.cancelled() => return drain(&delivery, &ledger).await,
            () = delivery.news() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}
