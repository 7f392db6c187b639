//! What other files tell this one, through their outboxes: dimensions, plan terms, management acts.

use store::WriteError;
use types::{Fact, OutboxId};

use crate::ledger::Ledger;
use crate::sql;

/// How many facts go into one operation of the writer.
const STEP: usize = 250;

/// Why facts were not taken over. Those before the failing step are; to relay all of them again is safe.
#[derive(Debug, thiserror::Error)]
#[error("could not take over what changed")]
pub struct RelayError(#[source] WriteError<rusqlite::Error>);

impl Ledger {
    /// Takes over facts from the outbox of `source`, each once by its id however often it comes. An act becomes a link
    /// of the audit chain. Answers when they are on disk.
    ///
    /// # Errors
    ///
    /// [`RelayError`]: the facts must stay in their outbox and come again.
    pub async fn relay(&self, source: &'static str, facts: &[(OutboxId, Fact)]) -> Result<(), RelayError> {
        for step in facts.chunks(STEP) {
            let step = step.to_vec();
            let write = move |tx: &rusqlite::Connection| sql::relay::take_over(tx, source, &step);
            self.store().write(write).await.map_err(RelayError)?;
        }
        Ok(())
    }
}
