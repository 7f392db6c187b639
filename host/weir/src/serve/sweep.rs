//! Keeps usage.db from growing: one bounded step after the other.

use std::time::Duration;

use ledger::Ledger;
use tokio_util::sync::CancellationToken;
use types::Clock;

/// How long to wait when there was nothing to do.
const REST: Duration = Duration::from_mins(1);
/// How long to wait when there may be more: long enough to leave the writer to the calls.
const BREATH: Duration = Duration::from_millis(250);

/// Sweeps until the host closes.
pub(super) async fn run(ledger: Ledger, clock: Clock, closing: CancellationToken) -> anyhow::Result<()> {
    let mut wait = REST;
    let mut told = false;
    while closing.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
        wait = match ledger.sweep(clock.now()).await {
            Ok(swept) if swept.removed_nothing() => {
                if swept.over_bytes > 0 && !told {
                    tracing::warn!(
                        over_bytes = swept.over_bytes,
                        "usage.db is larger than ledger.size_max_mib and nothing more may go: calls stay until the \
                         invoices of their billing periods are final"
                    );
                }
                told = swept.over_bytes > 0;
                REST
            }
            Ok(_) => BREATH,
            Err(error) => {
                tracing::warn!(%error, "could not delete rows that are past their time; it is tried again");
                REST
            }
        };
    }
    Ok(())
}
