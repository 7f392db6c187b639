//! What has been started and what has ended since the file was opened.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// What has started executions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// An operation, a task or a schedule.
    Operation,
    /// A call.
    Call,
    /// A map run: its children.
    MapRun,
}

/// Executions that were started, by what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StartCounts {
    /// By operations, tasks and schedules.
    pub operation: u64,
    /// By calls.
    pub call: u64,
    /// By map runs, as children.
    pub map_run: u64,
}

/// Executions that have ended, by their status. One that was begun again ends once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EndCounts {
    /// `SUCCEEDED`.
    pub succeeded: u64,
    /// `FAILED`.
    pub failed: u64,
    /// `TIMED_OUT`.
    pub timed_out: u64,
    /// `ABORTED`.
    pub aborted: u64,
}

/// The counts as they grow.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    operation: AtomicU64,
    call: AtomicU64,
    map_run: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    timed_out: AtomicU64,
    aborted: AtomicU64,
}

impl Tally {
    pub(crate) fn started(&self, by: By, count: u64) {
        let counter = match by {
            By::Operation => &self.operation,
            By::Call => &self.call,
            By::MapRun => &self.map_run,
        };
        counter.fetch_add(count, Relaxed);
    }

    pub(crate) fn ended(&self, status: &str) {
        let counter = match status {
            "SUCCEEDED" => &self.succeeded,
            "TIMED_OUT" => &self.timed_out,
            "ABORTED" => &self.aborted,
            _ => &self.failed,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn starts(&self) -> StartCounts {
        let of = |counter: &AtomicU64| counter.load(Relaxed);
        StartCounts { operation: of(&self.operation), call: of(&self.call), map_run: of(&self.map_run) }
    }

    pub(crate) fn ends(&self) -> EndCounts {
        let of = |counter: &AtomicU64| counter.load(Relaxed);
        EndCounts {
            succeeded: of(&self.succeeded),
            failed: of(&self.failed),
            timed_out: of(&self.timed_out),
            aborted: of(&self.aborted),
        }
    }
}
