//! The way from catalog.db to usage.db, as the catalog asks for it.

use std::pin::Pin;

use types::{Fact, OutboxId};

/// Takes the catalog's facts to the ledger. The catalog owns the trait, the host plugs the ledger in.
pub trait Relay: Send + Sync + 'static {
    /// Writes `facts`, in this order, and answers when they are on disk. A fact whose id was written before is ignored:
    /// the same facts come again after a crash and after an error.
    fn relay(&self, facts: Vec<(OutboxId, Fact)>)
    -> Pin<Box<dyn Future<Output = Result<(), RelayFailed>> + Send + '_>>;
}

/// Why facts were not passed on. They stay in the outbox and are tried again.
#[derive(Debug, thiserror::Error)]
#[error("the ledger did not take the catalog's facts")]
pub struct RelayFailed(#[source] pub Box<dyn std::error::Error + Send + Sync>);
