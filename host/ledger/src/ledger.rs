//! The handle of the room, its start and its end.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak, mpsc};
use std::time::Duration;

use rusqlite::Connection;
use store::{Store, Synchronous, WriteError};
use types::{Clock, Outcome, Timestamp};

use crate::accounts::Accounts;
use crate::canonical::LinkKind;
use crate::denial::Denials;
use crate::once::Running;
use crate::rollup::Rollups;
use crate::settings::Settings;
use crate::sql::{self, audit, calls, rollup};
use crate::totals::Totals;
use crate::writer::Writer;

/// How often what is gathered in memory is sent to the writer.
const TICK: Duration = Duration::from_millis(500);
/// How many open streams are completed in one step of the recovery.
const RECOVERY_STEP: i64 = 500;

/// Why the ledger could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// usage.db could not be opened.
    #[error("could not open usage.db")]
    Store(#[source] store::OpenError),
    /// What the last run left could not be brought in order. Nothing of that step is written; starting again is safe.
    #[error("could not {step} after the last run")]
    Recovery {
        /// Which step.
        step: &'static str,
        /// What went wrong.
        source: WriteError<rusqlite::Error>,
    },
    /// The system gave no thread.
    #[error("could not start the ledger's thread")]
    Thread(#[source] std::io::Error),
}

/// How the ledger is.
#[derive(Debug, Clone)]
pub struct Stats {
    /// The writer of usage.db.
    pub store: store::Stats,
    /// Subscriptions in memory.
    pub accounts: usize,
    /// Bytes by which usage.db was above its size budget after the last step of retention.
    pub over_budget_bytes: u64,
}

/// The ledger. Cheap to clone; the writer ends when the last handle is dropped, or at [`Ledger::close`].
#[derive(Debug, Clone)]
pub struct Ledger(Arc<House>);

#[derive(Debug)]
struct House {
    store: Store<Writer>,
    accounts: Accounts,
    denials: Denials,
    running: Running,
    rollups: Rollups,
    totals: Totals,
    clock: Clock,
    settings: Settings,
    over_budget_bytes: AtomicU64,
    /// Dropped with the house, which ends the ticking thread.
    _ticking: mpsc::Sender<()>,
}

impl Ledger {
    /// The newest schema of `usage.db` that it knows, to which it brings every older one.
    pub const SCHEMA_VERSION: usize = sql::MIGRATIONS.len();

    /// Opens usage.db, makes it if need be, completes the streams that the last run left open as `interrupted`, and
    /// brings the rollups up to date. Blocks: for the start.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open(path: &Path, clock: Clock, settings: Settings) -> Result<Self, OpenError> {
        let rollups = Rollups::new();
        let options = store::Options {
            synchronous: Synchronous::Full,
            migrations: sql::MIGRATIONS,
            readers: settings.readers.max(1),
        };
        let totals = Totals::default();
        let writer = Writer::new(rollups.clone(), totals.clone(), clock.clone());
        let store = Store::open(path, &options, writer).map_err(OpenError::Store)?;
        recover(&store, clock.now()).map_err(|source| OpenError::Recovery { step: "complete open streams", source })?;
        let (ticking, ticks) = mpsc::channel();
        let accounts = Accounts::at_most(settings.accounts_max);
        let (denials, running) = (Denials::default(), Running::default());
        let house = House {
            store,
            accounts,
            denials,
            running,
            rollups,
            totals,
            clock,
            settings,
            over_budget_bytes: AtomicU64::new(0),
            _ticking: ticking,
        };
        let ledger = Self(Arc::new(house));
        ledger.catch_up().map_err(|source| OpenError::Recovery { step: "bring the rollups up to date", source })?;
        let house = Arc::downgrade(&ledger.0);
        let tick = move || tick(&ticks, &house);
        std::thread::Builder::new().name("ledger-tick".to_owned()).spawn(tick).map_err(OpenError::Thread)?;
        Ok(ledger)
    }

    /// Whether calls can be recorded at present.
    pub fn ready(&self) -> bool {
        !self.0.store.is_poisoned()
    }

    /// How the ledger is.
    pub fn stats(&self) -> Stats {
        Stats {
            store: self.0.store.stats(),
            accounts: self.0.accounts.len(),
            over_budget_bytes: self.0.over_budget_bytes.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn note_over_budget(&self, bytes: u64) {
        self.0.over_budget_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Writes what is gathered in memory: denials, and the sums behind the views. Answers when it is on disk. The
    /// ledger does it by itself once a second.
    ///
    /// # Errors
    ///
    /// When it cannot be written; it is tried again.
    pub async fn flush(&self) -> Result<(), WriteError<rusqlite::Error>> {
        while !self.0.store.write(self.0.flushing()).await? {}
        Ok(())
    }

    /// Writes what is gathered and what is queued, and ends the writer. Nothing is admitted or settled afterwards.
    pub async fn close(&self) {
        if let Err(error) = self.flush().await {
            tracing::warn!(%error, "the rollups are brought up to date at the next start");
        }
        self.0.store.close().await;
    }

    /// [`Ledger::flush`] at the start.
    fn catch_up(&self) -> Result<(), WriteError<rusqlite::Error>> {
        while !self.0.store.write_blocking(self.0.flushing())? {}
        Ok(())
    }

    pub(crate) fn store(&self) -> &Store<Writer> {
        &self.0.store
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    pub(crate) fn totals(&self) -> &Totals {
        &self.0.totals
    }

    pub(crate) fn denials(&self) -> &Denials {
        &self.0.denials
    }

    pub(crate) fn running(&self) -> &Running {
        &self.0.running
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }
}

impl House {
    /// What writes all that is gathered. It answers whether nothing is left.
    fn flushing(&self) -> impl FnOnce(&Connection) -> rusqlite::Result<bool> + Send + 'static {
        let (rollups, denials) = (self.rollups.clone(), self.denials.clone());
        move |tx| {
            let whole = rollup::flush(tx, &mut rollups.gathered())?;
            sql::denial::add(tx, &denials.take())?;
            Ok(whole)
        }
    }
}

/// Sends what is gathered to the writer, again and again, until the ledger is gone.
fn tick(ticks: &mpsc::Receiver<()>, house: &Weak<House>) {
    while ticks.recv_timeout(TICK) == Err(mpsc::RecvTimeoutError::Timeout) {
        let Some(house) = house.upgrade() else { return };
        let due = {
            let gathered = house.rollups.gathered();
            !gathered.is_empty() && gathered.is_due(house.clock.moment())
        };
        if due || !house.denials.is_empty() {
            let flushing = house.flushing();
            // A full queue is a busy writer: it writes the sums by itself, and the denials can wait.
            if house.store.ride(move |tx| flushing(tx).map(drop)).is_err() {
                tracing::debug!("no place for a rider");
            }
        }
    }
}

/// Completes what a crash left open: each stream once, as `interrupted`, with what was counted at its beginning.
fn recover(store: &Store<Writer>, now: Timestamp) -> Result<(), WriteError<rusqlite::Error>> {
    loop {
        let completed = store.write_blocking(move |tx: &Connection| {
            let open = calls::open_rows(tx, RECOVERY_STEP)?;
            let mut tip = audit::tip(tx)?;
            for (seq, admitted_us) in &open {
                let link = tip.link.saturating_add(1);
                calls::complete(tx, (*seq, link), &calls::Facts::interrupted(*admitted_us, now))?;
                audit::link_one(tx, &mut tip, LinkKind::Stream, *seq)?;
            }
            Ok::<usize, rusqlite::Error>(open.len())
        })?;
        if completed == 0 {
            return Ok(());
        }
        tracing::warn!(
            streams = completed,
            outcome = Outcome::Interrupted.as_str(),
            "completed what the last run left"
        );
    }
}
