//! What the writer has done, for metrics and for the doctor.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use types::{Distribution, Histogram};

/// Facts of one file's writer, since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Transactions that were committed: with [`crate::Synchronous::Full`], one fsync each.
    pub commits: u64,
    /// Operations in them that somebody waited for.
    pub operations: u64,
    /// Operations in them that nobody waited for.
    pub riders: u64,
    /// The most operations that one commit has held.
    pub group_max: u64,
    /// Transactions that could not be begun or committed.
    pub failures: u64,
    /// Checkpoints that the writer finished itself between two commits.
    pub own_checkpoints: u64,
    /// How long transactions took that were committed: for everything in them, on the disk.
    pub commit_times: Distribution,
    /// Operations that wait now.
    pub queued: usize,
    /// The size of the write-ahead log's file.
    pub wal_bytes: u64,
    /// CPU time of the writer's thread.
    pub writer_cpu: Duration,
    /// `PRAGMA synchronous` as SQLite reads it back: 1 is NORMAL, 2 is FULL.
    pub synchronous: i64,
    /// The file cannot be written at present: full disk, I/O error, or another process holds it. Every operation is
    /// refused until the writer has written to it again.
    pub poisoned: bool,
}

/// What the writer counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) operations: AtomicU64,
    pub(crate) riders: AtomicU64,
    pub(crate) group_max: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) own_checkpoints: AtomicU64,
    pub(crate) commit_times: Histogram,
    pub(crate) writer_cpu_ns: AtomicU64,
    pub(crate) synchronous: AtomicI64,
    pub(crate) poisoned: AtomicBool,
}

impl Counters {
    /// One more commit, of `operations` and `riders`, that took so long.
    pub(crate) fn committed(&self, operations: usize, riders: usize, took: Duration) {
        let operations = u64::try_from(operations).unwrap_or(u64::MAX);
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.commit_times.observe(took);
        self.operations.fetch_add(operations, Ordering::Relaxed);
        self.riders.fetch_add(u64::try_from(riders).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.group_max.fetch_max(operations, Ordering::Relaxed);
    }

    /// Reads the calling thread's own clock, so only the writer calls it.
    pub(crate) fn note_cpu_time(&self) {
        let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let seconds = u64::try_from(spent.tv_sec).unwrap_or(0);
        let nanos = u64::try_from(spent.tv_nsec).unwrap_or(0);
        self.writer_cpu_ns.store(seconds.saturating_mul(1_000_000_000).saturating_add(nanos), Ordering::Relaxed);
    }

    pub(crate) fn read(&self, queued: usize, wal_bytes: u64) -> Stats {
        Stats {
            commits: self.commits.load(Ordering::Relaxed),
            operations: self.operations.load(Ordering::Relaxed),
            riders: self.riders.load(Ordering::Relaxed),
            group_max: self.group_max.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            own_checkpoints: self.own_checkpoints.load(Ordering::Relaxed),
            commit_times: self.commit_times.read(),
            queued,
            wal_bytes,
            writer_cpu: Duration::from_nanos(self.writer_cpu_ns.load(Ordering::Relaxed)),
            synchronous: self.synchronous.load(Ordering::Relaxed),
            poisoned: self.poisoned.load(Ordering::Relaxed),
        }
    }
}
