//! Makes committed changes visible: relays them, swaps the snapshot, forgets them, tells those who wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use store::{NoGroup, Store};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use types::{Fact, OutboxId};

use crate::snapshot::Changed;
use crate::tables::{load, outbox};
use crate::{Limits, Relay, Snapshot};

/// How long the first change of a group waits for others. Below the 20 ms that are allowed, since every command pays it.
const COALESCE: Duration = Duration::from_millis(5);
/// Facts in one call of the relay: the ledger writes them in one operation, which is bounded.
const RELAYED_AT_ONCE: usize = 500;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Told when all that was committed before it was sent is visible.
pub(crate) type Waiter = oneshot::Sender<()>;

/// What commands and the publisher both see.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Facts that waited when the publisher last failed; 0 once it has caught up.
    pub(crate) behind: AtomicU64,
    /// Snapshots that were built from the whole file.
    pub(crate) rebuilds: AtomicU64,
    /// Snapshots that were made from another by a group of changes.
    pub(crate) swaps: AtomicU64,
    /// Rounds that failed and were tried again.
    pub(crate) failures: AtomicU64,
}

/// Why a round failed. What it did not finish is done by the next one; nothing is lost and nothing is done twice.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoundFailed {
    #[error("could not read what changed")]
    Read(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("could not relay what changed")]
    Relay(#[source] crate::RelayFailed),
    #[error("could not clear the outbox")]
    Clear(#[source] Box<dyn std::error::Error + Send + Sync>),
}

pub(crate) struct Publisher {
    pub(crate) store: Store<NoGroup>,
    pub(crate) relay: Arc<dyn Relay>,
    pub(crate) root: Arc<ArcSwap<Snapshot>>,
    pub(crate) ceiling: Limits,
    pub(crate) counts: Arc<Counts>,
}

impl Publisher {
    /// Publishes groups of changes until `stop` or until nobody can make one any more.
    pub(crate) async fn run(self, mut waiting: mpsc::Receiver<Waiter>, stop: CancellationToken) {
        let mut group = Vec::new();
        loop {
            tokio::select! {
                first = waiting.recv() => match first {
                    Some(first) => group.push(first),
                    None => return,
                },
                () = stop.cancelled() => waiting.close(),
            }
            if !stop.is_cancelled() {
                tokio::time::sleep(COALESCE).await;
            }
            self.publish(&mut group, &mut waiting, &stop).await;
            if stop.is_cancelled() {
                return;
            }
        }
    }

    /// Tries rounds until one succeeds. Those who come meanwhile join the next round; those who give up have gone.
    async fn publish(&self, group: &mut Vec<Waiter>, waiting: &mut mpsc::Receiver<Waiter>, stop: &CancellationToken) {
        let mut pause = FIRST_PAUSE;
        loop {
            while let Ok(waiter) = waiting.try_recv() {
                group.push(waiter);
            }
            match self.round().await {
                Ok(()) => {
                    self.counts.behind.store(0, Ordering::Relaxed);
                    for waiter in group.drain(..) {
                        // A command that has given up has dropped its end: there is nobody to tell.
                        waiter.send(()).unwrap_or(());
                    }
                    return;
                }
                Err(error) => {
                    self.counts.failures.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(error = &error as &dyn std::error::Error, "catalog changes are not visible yet");
                    self.note_backlog().await;
                }
            }
            group.retain(|waiter| !waiter.is_closed());
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    async fn note_backlog(&self) {
        if let Ok(count) = self.store.read(outbox::count).await {
            self.counts.behind.store(count, Ordering::Relaxed);
        }
    }

    /// Outbox and touched things are read in one transaction: whatever the new snapshot shows has been relayed.
    async fn round(&self) -> Result<(), RoundFailed> {
        let current = self.root.load_full();
        let ceiling = self.ceiling;
        let read = {
            let current = Arc::clone(&current);
            move |conn: &rusqlite::Connection| {
                let transaction = conn.unchecked_transaction()?;
                let pending = outbox::pending(&transaction)?;
                let touched = load::Touched::by(pending.facts.iter().map(|(_, fact)| fact));
                let changed = load::touched(&transaction, &ceiling, &touched, &current)?;
                Ok((pending, changed))
            }
        };
        let (pending, changed): (outbox::Pending, Changed) =
            self.store.read(read).await.map_err(|error| RoundFailed::Read(Box::new(error)))?;
        if pending.facts.is_empty() {
            return Ok(());
        }
        relay(&*self.relay, pending.facts).await.map_err(RoundFailed::Relay)?;
        self.root.store(Arc::new(current.with(changed)));
        self.counts.swaps.fetch_add(1, Ordering::Relaxed);
        clear(&self.store, pending.last).await
    }

    /// Relays what an earlier run left in the outbox, and then builds the snapshot from the whole file.
    pub(crate) async fn start(&self) -> Result<(), RoundFailed> {
        let pending = self.store.read(outbox::pending).await.map_err(|error| RoundFailed::Read(Box::new(error)))?;
        if !pending.facts.is_empty() {
            relay(&*self.relay, pending.facts).await.map_err(RoundFailed::Relay)?;
            clear(&self.store, pending.last).await?;
        }
        self.rebuild().await
    }

    pub(crate) async fn rebuild(&self) -> Result<(), RoundFailed> {
        let ceiling = self.ceiling;
        let build = move |conn: &rusqlite::Connection| {
            let transaction = conn.unchecked_transaction()?;
            load::everything(&transaction, &ceiling).map(|all| Snapshot::default().with(all))
        };
        let snapshot = self.store.read(build).await.map_err(|error| RoundFailed::Read(Box::new(error)))?;
        self.root.store(Arc::new(snapshot));
        self.counts.rebuilds.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

async fn relay(relay: &dyn Relay, facts: Vec<(OutboxId, Fact)>) -> Result<(), crate::RelayFailed> {
    for chunk in facts.chunks(RELAYED_AT_ONCE) {
        relay.relay(chunk.to_vec()).await?;
    }
    Ok(())
}

async fn clear(store: &Store<NoGroup>, last: i64) -> Result<(), RoundFailed> {
    store.write(move |conn| outbox::delete_up_to(conn, last)).await.map_err(|error| RoundFailed::Clear(Box::new(error)))
}
