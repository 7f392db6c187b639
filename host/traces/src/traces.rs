//! The handle that other rooms hold.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store::{NoGroup, OpenError, Options, ReadError, Store, Synchronous, WriteError};
use types::{ApiId, ByteCount, CallId, Clock, Timestamp};

use crate::lines::{LogLine, Pending, Stream};
use crate::response::{RESPONSE_MAX, StoredResponse};
use crate::run::{KeptRun, NewRun, PendingRun, RunSummary};
use crate::sql;

/// Bytes of lines that wait for the file, at most: about a second of them. A guess.
const WAITING_MAX: usize = 4 << 20;
/// What a waiting line costs beside its text.
const LINE_OVERHEAD: usize = 128;
/// Runs that one answer lists at most.
const READ_RUNS_MAX: u32 = 1_000;
/// Lines that one answer holds at most.
const READ_LINES_MAX: u32 = 1_000;

/// Why something could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The file could not be read.
    #[error("could not read the log lines")]
    Read(#[source] ReadError),
    /// The lines that waited could not be written first.
    #[error("could not write the log lines that wait")]
    Write(#[source] WriteError<rusqlite::Error>),
    /// An answer could not be kept.
    #[error("could not keep the response")]
    Keep(#[source] WriteError<rusqlite::Error>),
    /// An answer that may be there could not be read.
    #[error("could not read the response")]
    Response(#[source] ReadError),
}

/// Facts for metrics and for the doctor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TracesStats {
    /// Lines and runs that found no room on their way to the file, since the start.
    pub dropped: u64,
    /// Lines, runs and responses that were deleted to keep the budget, since the start.
    pub swept: u64,
    /// The writer's own facts.
    pub store: store::Stats,
}

/// `traces.db`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Traces {
    store: Store<NoGroup>,
    shelf: Arc<Shelf>,
    clock: Clock,
}

/// Lines and runs between the calls that they are of and the file.
#[derive(Debug)]
struct Shelf {
    waiting: Mutex<Waiting>,
    dropped: AtomicU64,
    swept: AtomicU64,
    budget: ByteCount,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<Pending>,
    runs: Vec<PendingRun>,
    bytes: usize,
    /// A rider that will take them is on its way.
    fetched: bool,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.runs.is_empty()
    }

    /// Whether a rider has to be sent; whoever asks sends it.
    fn is_to_be_fetched(&mut self) -> bool {
        let send = !self.fetched && !self.is_empty();
        self.fetched |= send;
        send
    }
}

impl Traces {
    /// The newest schema of `traces.db` that it knows, to which it brings every older one.
    pub const SCHEMA_VERSION: usize = sql::MIGRATIONS.len();

    /// Opens `path`, and makes it if need be. `budget` bounds the pages that hold something; the log beside the file
    /// takes up to 64 MiB more. Blocks: for the start.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open(path: &Path, clock: Clock, budget: ByteCount) -> Result<Self, OpenError> {
        let options = Options { synchronous: Synchronous::Normal, migrations: sql::MIGRATIONS, readers: 2 };
        let store = Store::open(path, &options, NoGroup)?;
        let shelf = Shelf { waiting: Mutex::default(), dropped: AtomicU64::new(0), swept: AtomicU64::new(0), budget };
        Ok(Self { store, shelf: Arc::new(shelf), clock })
    }

    /// Keeps what a call wrote. Never waits: lines that find no room are counted and gone. `dropped` is how many the
    /// caller left out before; both show as one line of the host.
    pub fn keep_logs(&self, call: CallId, api: ApiId, lines: Vec<(Stream, String)>, dropped: u32) {
        if lines.is_empty() && dropped == 0 {
            return;
        }
        let at = self.clock.now();
        let left_out = (dropped > 0).then(|| (Stream::Host, format!("{dropped} more lines were dropped")));
        let lines = lines.into_iter().chain(left_out);
        let pending = lines.map(|(stream, text)| Pending { call, api, at, stream, text });
        if self.shelf.put(pending) {
            self.fetch();
        }
    }

    /// Keeps what the states of a call's workflow went through. Never waits: a run that finds no room is counted and gone.
    pub fn keep_run(&self, run: NewRun) {
        if let Some(run) = PendingRun::of(run)
            && self.shelf.put_run(run)
        {
            self.fetch();
        }
    }

    /// What the states of `call` went through, if that was kept and is still there.
    ///
    /// # Errors
    ///
    /// See [`TracesError`].
    pub async fn run(&self, call: CallId) -> Result<Option<KeptRun>, TracesError> {
        self.flush().await?;
        self.store.read(move |db| sql::run_of(db, call)).await.map_err(TracesError::Read)
    }

    /// The runs of one API before the one numbered `before`, the newest first, at most `limit`, at most 1,000.
    ///
    /// # Errors
    ///
    /// See [`TracesError`].
    pub async fn runs(&self, api: ApiId, before: Option<i64>, limit: u32) -> Result<Vec<RunSummary>, TracesError> {
        self.flush().await?;
        let (before, limit) = (before.unwrap_or(i64::MAX), i64::from(limit.min(READ_RUNS_MAX)));
        self.store.read(move |db| sql::runs_of_api(db, api, before, limit)).await.map_err(TracesError::Read)
    }

    /// The lines of one call, the first 1,000.
    ///
    /// # Errors
    ///
    /// See [`TracesError`].
    pub async fn logs(&self, call: CallId) -> Result<Vec<LogLine>, TracesError> {
        self.flush().await?;
        self.store.read(move |db| sql::of_call(db, call, i64::from(READ_LINES_MAX))).await.map_err(TracesError::Read)
    }

    /// The lines of one API after the one numbered `after` (0: from the oldest), at most `limit`, at most 1,000.
    ///
    /// # Errors
    ///
    /// See [`TracesError`].
    pub async fn tail(&self, api: ApiId, after: i64, limit: u32) -> Result<Vec<LogLine>, TracesError> {
        self.flush().await?;
        let limit = i64::from(limit.min(READ_LINES_MAX));
        self.store.read(move |db| sql::of_api(db, api, after, limit)).await.map_err(TracesError::Read)
    }

    /// Keeps the answer of `call` until a moment about a day ahead, and answers when it can be read. One of more than
    /// [`RESPONSE_MAX`] is not kept.
    ///
    /// # Errors
    ///
    /// [`TracesError::Keep`]; nothing is kept.
    pub async fn keep_response(
        &self,
        call: CallId,
        response: StoredResponse,
        until: Timestamp,
    ) -> Result<(), TracesError> {
        if response.size() > RESPONSE_MAX {
            return Ok(());
        }
        let (now, shelf) = (self.clock.now(), Arc::clone(&self.shelf));
        let write = move |tx: &rusqlite::Connection| {
            sql::insert_response(tx, (call, &response), (now, until))?;
            shelf.sweep(tx)
        };
        self.store.write(write).await.map_err(TracesError::Keep)
    }

    /// The answer of `call`, if it was kept and is still there.
    ///
    /// # Errors
    ///
    /// [`TracesError::Response`].
    pub async fn response(&self, call: CallId) -> Result<Option<StoredResponse>, TracesError> {
        self.store.read(move |db| sql::response_of(db, call)).await.map_err(TracesError::Response)
    }

    /// What was dropped and swept, and how the writer is.
    pub fn stats(&self) -> TracesStats {
        TracesStats {
            dropped: self.shelf.dropped.load(Ordering::Relaxed),
            swept: self.shelf.swept.load(Ordering::Relaxed),
            store: self.store.stats(),
        }
    }

    /// Writes what waits and ends the writer.
    pub async fn close(&self) {
        if let Err(error) = self.flush().await {
            tracing::warn!(%error, "the last log lines are lost");
        }
        self.store.close().await;
    }

    /// Sends a rider for what waits. Without room for one, the next lines try again.
    fn fetch(&self) {
        let shelf = Arc::clone(&self.shelf);
        if self.store.ride(move |tx| shelf.write(tx)).is_err() {
            self.shelf.lock().fetched = false;
        }
    }

    /// Writes what waits now, for a reader that wants to see it.
    async fn flush(&self) -> Result<(), TracesError> {
        if self.shelf.lock().is_empty() {
            return Ok(());
        }
        let shelf = Arc::clone(&self.shelf);
        self.store.write(move |tx| shelf.write(tx)).await.map_err(TracesError::Write)
    }
}

impl Shelf {
    /// True when a rider has to be sent.
    fn put(&self, lines: impl Iterator<Item = Pending>) -> bool {
        let mut waiting = self.lock();
        for line in lines {
            let bytes = line.text.len() + LINE_OVERHEAD;
            if waiting.bytes + bytes > WAITING_MAX {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            waiting.bytes += bytes;
            waiting.lines.push(line);
        }
        waiting.is_to_be_fetched()
    }

    /// True when a rider has to be sent.
    fn put_run(&self, run: PendingRun) -> bool {
        let mut waiting = self.lock();
        let bytes = run.states.len() + LINE_OVERHEAD;
        if waiting.bytes + bytes > WAITING_MAX {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        } else {
            waiting.bytes += bytes;
            waiting.runs.push(run);
        }
        waiting.is_to_be_fetched()
    }

    /// Runs on the writer's thread. When it fails what waited is gone: it is counted, and nobody waits for it.
    fn write(&self, tx: &rusqlite::Connection) -> rusqlite::Result<()> {
        let Waiting { lines, runs, .. } = std::mem::take(&mut *self.lock());
        let written = sql::insert(tx, &lines).and_then(|()| sql::insert_runs(tx, &runs)).and_then(|()| self.sweep(tx));
        written.inspect_err(|_| {
            let lost = lines.len().saturating_add(runs.len());
            self.dropped.fetch_add(u64::try_from(lost).unwrap_or(u64::MAX), Ordering::Relaxed);
        })
    }

    /// Keeps the budget.
    fn sweep(&self, tx: &rusqlite::Connection) -> rusqlite::Result<()> {
        let swept = sql::sweep(tx, self.budget)?;
        self.swept.fetch_add(swept, Ordering::Relaxed);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
