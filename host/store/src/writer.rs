//! The thread that writes.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::checkpoint::Checkpoints;
use crate::group::{Group, Settled, settle_all};
use crate::job::{Fate, TransactionLost, copy_of};
use crate::open::{Synchronous, open_writer, probe};
use crate::queue::{Batch, Queue, Woken};
use crate::stats::Counters;
use crate::store::WriteError;

/// How soon a file that could not be written is tried again; then after twice as long, and so on.
const RETRY_FIRST: Duration = Duration::from_millis(10);
/// How often at least.
const RETRY: Duration = Duration::from_millis(200);
/// As the connections are opened with; 0 while the file is tried again, so that nobody waits for an attempt.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// Why nothing can be written at present.
enum Trouble {
    /// Another process holds the file.
    Held(rusqlite::Error),
    /// The disk or the file failed: what the connection remembers is worth nothing.
    Broken(rusqlite::Error),
}

impl Trouble {
    fn of(error: &rusqlite::Error) -> Option<Self> {
        match error.sqlite_error_code()? {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Some(Self::Held(copy_of(error))),
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed => Some(Self::Broken(copy_of(error))),
            _ => None,
        }
    }

    fn error(&self) -> &rusqlite::Error {
        match self {
            Self::Held(error) | Self::Broken(error) => error,
        }
    }
}

/// Whether an operation's failure is that of the file, and so of all its neighbours.
pub(crate) fn is_trouble(error: &rusqlite::Error) -> bool {
    Trouble::of(error).is_some()
}

/// How a transaction failed.
enum Failure {
    /// Before COMMIT: nothing is written.
    Unwritten(rusqlite::Error),
    /// At COMMIT: it may or may not be on disk.
    Uncertain(rusqlite::Error),
}

impl From<TransactionLost> for Failure {
    fn from(TransactionLost(error): TransactionLost) -> Self {
        Self::Unwritten(error)
    }
}

/// All that the thread owns.
pub(crate) struct Writer<G: Group> {
    pub(crate) path: PathBuf,
    pub(crate) synchronous: Synchronous,
    pub(crate) connection: Connection,
    pub(crate) group: G,
    pub(crate) queue: Arc<Queue<G>>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) checkpoints: Checkpoints,
}

/// Closes the queue however the thread ends, so that nobody waits for a writer that is gone.
struct EndOfQueue<G: Group>(Arc<Queue<G>>);

impl<G: Group> Drop for EndOfQueue<G> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl<G: Group> Writer<G> {
    /// Writes until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let _end = EndOfQueue(Arc::clone(&self.queue));
        let mut batch = Batch::new();
        let mut trouble: Option<Trouble> = None;
        let mut patience = RETRY_FIRST;
        loop {
            let woken = self.queue.take(&mut batch, trouble.as_ref().map(|_| patience));
            if let Some(now) = trouble.take() {
                trouble = self.recover(now);
                patience = if trouble.is_some() { RETRY.min(patience * 2) } else { RETRY_FIRST };
                self.counters.poisoned.store(trouble.is_some(), Ordering::Relaxed);
            }
            match (woken, &trouble) {
                (Woken::End, _) => return,
                (Woken::Patience, _) => {}
                (Woken::Work, Some(trouble)) => answer_all(&mut batch, &Fate::Unwritten(trouble.error())),
                (Woken::Work, None) => trouble = self.write(&mut batch),
            }
            self.counters.note_cpu_time();
        }
    }

    /// One transaction, and the answers. Gives what is wrong with the file, if that is why it failed.
    fn write(&mut self, batch: &mut Batch<G>) -> Option<Trouble> {
        let begun = self.queue.moment();
        match self.transact(batch) {
            Ok(settled) => {
                let took = self.queue.moment().since(begun);
                self.counters.committed(batch.answered(), batch.riders.len(), took);
                self.group.committed();
                answer_committed(batch, settled);
                if self.checkpoints.after_commit(&self.connection) {
                    self.counters.own_checkpoints.fetch_add(1, Ordering::Relaxed);
                }
                None
            }
            Err(failure) => {
                self.counters.failures.fetch_add(1, Ordering::Relaxed);
                self.roll_back();
                self.group.undone();
                self.fail(batch, &failure)
            }
        }
    }

    fn transact(&mut self, batch: &mut Batch<G>) -> Result<Settled<G::Answer>, Failure> {
        let tx = &self.connection;
        execute(tx, "BEGIN IMMEDIATE").map_err(Failure::Unwritten)?;
        let settled = if batch.ops.is_empty() { Vec::new() } else { settle_all(&mut self.group, tx, &batch.ops)? };
        for job in batch.jobs.iter_mut().chain(&mut batch.riders) {
            job.run(tx)?;
        }
        execute(tx, "COMMIT").map_err(Failure::Uncertain)?;
        Ok(settled)
    }

    /// Tells everyone, and says what is wrong with the file.
    fn fail(&self, batch: &mut Batch<G>, failure: &Failure) -> Option<Trouble> {
        let (error, fate) = match failure {
            Failure::Unwritten(error) => (error, Fate::Unwritten(error)),
            Failure::Uncertain(error) => (error, Fate::Uncertain),
        };
        let trouble = Trouble::of(error);
        if trouble.is_some() {
            // Before the answers: who is refused sees why nothing is admitted now.
            self.counters.poisoned.store(true, Ordering::Relaxed);
        }
        tracing::error!(
            %error, store.path = %self.path.display(), store.ops = batch.answered(),
            "a group of operations could not be written",
        );
        answer_all(batch, &fate);
        trouble
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = execute(&self.connection, "ROLLBACK")
        {
            tracing::error!(%error, store.path = %self.path.display(), "a transaction could not be rolled back");
        }
    }

    /// Tries to write again. Gives the trouble that is left.
    fn recover(&mut self, trouble: Trouble) -> Option<Trouble> {
        let attempt = match &trouble {
            Trouble::Held(_) => self.probe_held(),
            Trouble::Broken(error) => self.reopen(error),
        };
        match attempt {
            Ok(()) => {
                tracing::info!(store.path = %self.path.display(), "the file can be written again");
                None
            }
            Err(error) => Some(match (trouble, Trouble::of(&error)) {
                // A broken file that is also held must still be opened anew.
                (broken @ Trouble::Broken(_), _) | (broken, None) => broken,
                (Trouble::Held(_), Some(now)) => now,
            }),
        }
    }

    fn probe_held(&self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(Duration::ZERO)?;
        let probed = probe(&self.connection);
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        probed
    }

    fn reopen(&mut self, after: &rusqlite::Error) -> rusqlite::Result<()> {
        let mut connection = open_writer(&self.path, self.synchronous)?;
        // A full disk tears nothing; after anything else the pages are looked at.
        if after.sqlite_error_code() != Some(ErrorCode::DiskFull) {
            quick_check(&connection)?;
        }
        probe(&connection)?;
        self.checkpoints.watch(&mut connection)?;
        self.connection = connection;
        Ok(())
    }
}

fn quick_check(connection: &Connection) -> rusqlite::Result<()> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        return Ok(());
    }
    let corrupt = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(rusqlite::Error::SqliteFailure(corrupt, Some(verdict)))
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

fn answer_committed<G: Group>(batch: &mut Batch<G>, settled: Settled<G::Answer>) {
    batch.ops.clear();
    for (reply, result) in batch.replies.drain(..).zip(settled) {
        // A caller that went away is told nothing; what was written stays.
        drop(reply.send(result.map_err(WriteError::Sqlite)));
    }
    for job in batch.jobs.drain(..).chain(batch.riders.drain(..)) {
        job.answer(Fate::Committed);
    }
}

fn answer_all<G: Group>(batch: &mut Batch<G>, fate: &Fate<'_>) {
    batch.ops.clear();
    for reply in batch.replies.drain(..) {
        let error: WriteError<Infallible> = match fate {
            Fate::Unwritten(error) => WriteError::Sqlite(copy_of(error)),
            Fate::Uncertain | Fate::Committed => WriteError::Uncertain,
        };
        drop(reply.send(Err(error)));
    }
    for job in batch.jobs.drain(..).chain(batch.riders.drain(..)) {
        job.answer(*fate);
    }
}
