//! What became of attempts since the file was opened, and what waits.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use crate::delivery::Delivery;
use crate::error::DeliveryError;
use crate::sql::dispatches;
use crate::sql::due::To;
use crate::worker::{Done, Ended};

/// What became of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcomes {
    /// The message was accepted.
    pub accepted: u64,
    /// It was not, and is sent again.
    pub again: u64,
    /// It was not, and is a dead letter.
    pub dead: u64,
}

/// How much was sent and is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Attempts at webhooks since the file was opened.
    pub webhooks: Outcomes,
    /// Attempts at mail.
    pub mail: Outcomes,
    /// Messages on their way, a million at most.
    pub waiting: u64,
    /// Dead letters that are kept, a million at most.
    pub dead: u64,
}

/// The counts of one kind as they grow.
#[derive(Debug, Default)]
struct Growing {
    accepted: AtomicU64,
    again: AtomicU64,
    dead: AtomicU64,
}

impl Growing {
    fn now(&self) -> Outcomes {
        let of = |counter: &AtomicU64| counter.load(Relaxed);
        Outcomes { accepted: of(&self.accepted), again: of(&self.again), dead: of(&self.dead) }
    }
}

/// The counts as they grow.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    webhooks: Growing,
    mail: Growing,
}

impl Tally {
    /// Counts what became of a message that was sent.
    pub(crate) fn count(&self, done: &Done) {
        if !done.was_sent {
            return;
        }
        let of = if matches!(done.due.to, To::Address(_)) { &self.mail } else { &self.webhooks };
        let counter = match &done.ended {
            Ended::Accepted => &of.accepted,
            Ended::Again { wait: Some(_), .. } => &of.again,
            Ended::Again { wait: None, .. } | Ended::Never { .. } => &of.dead,
        };
        counter.fetch_add(1, Relaxed);
    }
}

impl Delivery {
    /// How much was sent and is to be sent.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn counts(&self) -> Result<Counts, DeliveryError> {
        let (waiting, dead) = self.0.store.read(dispatches::counts).await?;
        let Tally { webhooks, mail } = &self.0.tally;
        Ok(Counts { webhooks: webhooks.now(), mail: mail.now(), waiting, dead })
    }
}
