//! The handle of the room: opening, the snapshot, and how a change is carried out.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use store::{NoGroup, Options, Store, Synchronous, WriteError};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::{Clock, KeyKind, SecretKey};

use crate::publisher::{Counts, Publisher, RoundFailed, Waiter};
use crate::tables::{Change, MIGRATIONS, outbox, revision};
use crate::{Actor, CatalogError, Limits, OpenError, Principal, Provisos, Relay, Snapshot};

/// Read connections. Only management reads and the publisher use them: a guess.
const READERS: usize = 2;
/// Commands that may wait for one round of the publisher.
const WAITERS: usize = 1_024;
/// How long a command waits to see its change.
const VISIBLE_WITHIN: Duration = Duration::from_secs(10);
/// Facts in the outbox at which no further change is taken while the ledger does not answer.
const BACKLOG: u64 = 10_000;

/// What the operator decides about the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// No release gets more than this, whatever it asks for.
    pub ceiling: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self { ceiling: Limits::CEILING }
    }
}

/// What the room has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Snapshots built from the whole file: 1, by the opening.
    pub rebuilds: u64,
    /// Snapshots made by a group of changes.
    pub swaps: u64,
    /// Rounds of the publisher that failed and were tried again.
    pub failures: u64,
    /// Facts that wait for the ledger, as of the last failed round; 0 when it answers.
    pub behind: u64,
}

/// The catalog: a cheap handle. Reads come from [`Catalog::snapshot`]; the commands are methods.
#[derive(Clone)]
pub struct Catalog {
    pub(crate) inner: Arc<Inner>,
    provisos: Provisos,
}

pub(crate) struct Inner {
    pub(crate) store: Store<NoGroup>,
    pub(crate) ceiling: Limits,
    clock: Clock,
    root: Arc<ArcSwap<Snapshot>>,
    counts: Arc<Counts>,
    waiters: mpsc::Sender<Waiter>,
    /// The changes that are on their way. They end before the publisher does.
    changes: TaskTracker,
    /// No further change is taken.
    closing: CancellationToken,
    publisher: TaskTracker,
    /// The publisher does a last round and ends.
    stop: CancellationToken,
}

impl Catalog {
    /// The newest schema of `catalog.db` that it knows, to which it brings every older one.
    pub const SCHEMA_VERSION: usize = MIGRATIONS.len();

    /// Opens catalog.db, passes on what an earlier run left in its outbox, and builds the snapshot.
    ///
    /// # Errors
    ///
    /// [`OpenError`] names the step. The file is as it was; opening again is safe.
    pub async fn open(path: &Path, settings: Settings, clock: Clock, relay: Arc<dyn Relay>) -> Result<Self, OpenError> {
        let options = Options { synchronous: Synchronous::Full, migrations: MIGRATIONS, readers: READERS };
        let store = Store::open(path, &options, NoGroup).map_err(OpenError::Store)?;
        let root = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
        let counts = Arc::new(Counts::default());
        let publisher = Publisher {
            store: store.clone(),
            relay,
            root: Arc::clone(&root),
            ceiling: settings.ceiling,
            counts: Arc::clone(&counts),
        };
        publisher.start().await.map_err(|error| match error {
            RoundFailed::Read(source) => OpenError::Read(source),
            error @ (RoundFailed::Relay(_) | RoundFailed::Clear(_)) => OpenError::Relay(Box::new(error)),
        })?;
        let (waiters, waiting) = mpsc::channel(WAITERS);
        let stop = CancellationToken::new();
        let publishing = TaskTracker::new();
        publishing.spawn(publisher.run(waiting, stop.clone()));
        let inner = Inner {
            store,
            ceiling: settings.ceiling,
            clock,
            root,
            counts,
            waiters,
            changes: TaskTracker::new(),
            closing: CancellationToken::new(),
            publisher: publishing,
            stop,
        };
        Ok(Self { inner: Arc::new(inner), provisos: Provisos::default() })
    }

    /// The catalog as calls see it now. No await, no lock, no allocation.
    pub fn snapshot(&self) -> Guard<Arc<Snapshot>> {
        self.inner.root.load()
    }

    /// The same, to be kept across an await.
    pub fn snapshot_now(&self) -> Arc<Snapshot> {
        self.inner.root.load_full()
    }

    /// Checks a control token. `None`: it is mistyped, unknown or disabled, or its time is over.
    pub fn authenticate_token(&self, secret: &str) -> Option<Principal> {
        if SecretKey::check(secret) != Ok(KeyKind::Control) {
            return None;
        }
        let snapshot = self.snapshot();
        let token = snapshot.token_by_digest(&types::Digest::of(secret.as_bytes()))?;
        let principal = Principal { token: token.id, role: token.role, scopes: token.scopes };
        token.is_live(self.inner.clock.now()).then_some(principal)
    }

    /// What the room has done since it was opened.
    pub fn stats(&self) -> Stats {
        let counts = &self.inner.counts;
        Stats {
            rebuilds: counts.rebuilds.load(Ordering::Relaxed),
            swaps: counts.swaps.load(Ordering::Relaxed),
            failures: counts.failures.load(Ordering::Relaxed),
            behind: counts.behind.load(Ordering::Relaxed),
        }
    }

    /// Whether changes are taken: the publisher runs, and the ledger is not too far behind.
    pub fn ready(&self) -> bool {
        let inner = &self.inner;
        let behind = inner.counts.behind.load(Ordering::Relaxed);
        !inner.closing.is_cancelled() && !inner.waiters.is_closed() && behind < BACKLOG
    }

    /// Takes no more changes, lets those on their way end (10 s at most, when the ledger does not answer) and closes the
    /// file. The snapshot stays readable.
    pub async fn close(&self) {
        let inner = &self.inner;
        inner.closing.cancel();
        inner.changes.close();
        inner.changes.wait().await;
        inner.stop.cancel();
        inner.publisher.close();
        inner.publisher.wait().await;
        inner.store.close().await;
    }

    /// The same catalog, whose commands insist on `provisos`. A command that does not hold to them writes nothing, and
    /// answers `Changed`, `Repeated` or `OtherRequest`.
    #[must_use]
    pub fn insisting_on(&self, provisos: Provisos) -> Self {
        Self { inner: Arc::clone(&self.inner), provisos }
    }

    /// Carries out one change in a task of its own: a caller that goes away leaves no change that nobody publishes.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        actor: Actor,
        op: impl FnOnce(&Change<'_>) -> Result<T, CatalogError> + Send + 'static,
    ) -> Result<T, CatalogError> {
        if !self.ready() {
            return Err(CatalogError::Unavailable);
        }
        let (inner, provisos) = (Arc::clone(&self.inner), self.provisos.clone());
        let task = self.inner.changes.spawn(async move { inner.commit((actor, provisos), op).await });
        task.await.map_err(|_| CatalogError::Uncertain)?
    }
}

impl Inner {
    async fn commit<T: Send + 'static>(
        &self,
        (actor, provisos): (Actor, Provisos),
        op: impl FnOnce(&Change<'_>) -> Result<T, CatalogError> + Send + 'static,
    ) -> Result<T, CatalogError> {
        let now = self.clock.now();
        let write = move |conn: &rusqlite::Connection| {
            let change = Change { conn, actor, now, repeat: provisos.repeat };
            if let Some(repeat) = &change.repeat {
                revision::require_first(&change, repeat)?;
            }
            if let Some(condition) = &provisos.condition {
                revision::require(&change, condition)?;
            }
            let value = op(&change)?;
            // Rows of others count too: what this change found to be there already may not be visible yet.
            Ok((value, outbox::is_empty(conn)?))
        };
        match self.store.write(write).await {
            Ok((value, true)) => Ok(value),
            Ok((value, false)) => self.seen().await.map(|()| value),
            Err(WriteError::Refused(refusal)) => Err(refusal),
            Err(WriteError::Sqlite(source)) => Err(source.into()),
            Err(WriteError::Closed | WriteError::Full | WriteError::Panicked) => Err(CatalogError::Unavailable),
            Err(WriteError::Uncertain) => {
                // If it was written after all, it must not wait for the next change to become visible.
                match self.seen().await {
                    Ok(()) | Err(_) => Err(CatalogError::Uncertain),
                }
            }
        }
    }

    /// Waits until all that is committed is visible.
    async fn seen(&self) -> Result<(), CatalogError> {
        let (done, visible) = oneshot::channel();
        let wait = async {
            self.waiters.send(done).await.map_err(|_| CatalogError::NotYetVisible)?;
            visible.await.map_err(|_| CatalogError::NotYetVisible)
        };
        tokio::time::timeout(VISIBLE_WITHIN, wait).await.map_err(|_| CatalogError::NotYetVisible)?
    }
}

#[cfg(test)]
mod tests;
