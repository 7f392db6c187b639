//! The catalog's facts, on their way into the ledger.

use std::pin::Pin;

use catalog::{Relay, RelayFailed};
use ledger::Ledger;
use types::{Fact, OutboxId};

/// The ledger, as the catalog sees it.
pub(super) struct ToLedger(pub(super) Ledger);

/// The name under which the ledger remembers which facts it has taken from here.
const SOURCE: &str = "catalog";

impl Relay for ToLedger {
    fn relay(
        &self,
        facts: Vec<(OutboxId, Fact)>,
    ) -> Pin<Box<dyn Future<Output = Result<(), RelayFailed>> + Send + '_>> {
        Box::pin(async move { self.0.relay(SOURCE, &facts).await.map_err(|error| RelayFailed(Box::new(error))) })
    }
}
