//! Moves pages from the write-ahead log into the file, beside the commits.
//!
//! A second connection does the bulk on a thread of its own, and then what came meanwhile, until that is little. The log
//! begins anew only when *all* of it is moved: so the writer itself moves the last few pages, between two commits. A
//! reader that stays keeps the log from beginning anew; then the next attempt waits for as much again.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::open::open_checkpointer;

/// Pages in the log before it is worth moving them: 55 MiB. Each time somebody waits a few milliseconds for his commit, so
/// seldom is better; with what comes while they are moved it stays below the size that an emptied log is cut to.
const PAGES: u64 = 7_000;
/// Pages that are few enough for the writer: a millisecond. A guess.
const REST: u64 = 64;
/// How often the thread tries to leave no more than that.
const PASSES: usize = 4;

/// Where the log is on its way into the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It is left alone until it holds so many pages.
    Filling { until: u64 },
    /// The thread moves its bulk.
    Moving,
    /// The writer has moved the rest: the next commit shows whether the log began anew.
    Moved,
}

/// What the writer is to do before its next commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Nothing,
    StartThread,
    MoveRest,
}

/// What the thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thread {
    Working,
    Idle,
}

impl Phase {
    /// The step after a commit that left `pages` in the log.
    fn after_commit(self, pages: u64, thread: Thread) -> (Self, Step) {
        match self {
            Self::Filling { until } if pages >= until => (Self::Moving, Step::StartThread),
            Self::Moving if thread == Thread::Working => (Self::Moving, Step::Nothing),
            // The log began anew: after the writer's step, or by itself in a pause between two commits.
            Self::Moving | Self::Moved if pages < PAGES => (Self::Filling { until: PAGES }, Step::Nothing),
            Self::Moving => (Self::Moved, Step::MoveRest),
            Self::Moved => (Self::Filling { until: pages.saturating_add(PAGES) }, Step::Nothing),
            filling @ Self::Filling { .. } => (filling, Step::Nothing),
        }
    }
}

/// The writer's hold on the checkpoints. Dropping it ends the thread.
pub(crate) struct Checkpoints {
    phase: Phase,
    pages: Arc<AtomicU64>,
    done: Arc<AtomicBool>,
    start: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    pub(crate) fn start(path: &Path) -> io::Result<Self> {
        let (start, begin) = sync_channel(1);
        let done = Arc::new(AtomicBool::new(false));
        let pages = Arc::<AtomicU64>::default();
        let (path, flag, count) = (path.to_owned(), Arc::clone(&done), Arc::clone(&pages));
        let thread = std::thread::Builder::new().name("store-checkpoint".to_owned()).spawn(move || {
            while begin.recv() == Ok(()) {
                // Opened for each: after an I/O error an old connection is worth nothing.
                if let Err(error) = open_checkpointer(&path)
                    .and_then(|connection| move_bulk(&connection, || count.load(Ordering::Relaxed)))
                {
                    tracing::warn!(%error, "a checkpoint failed");
                }
                flag.store(true, Ordering::Release);
            }
        })?;
        Ok(Self { phase: Phase::Filling { until: PAGES }, pages, done, start: Some(start), thread: Some(thread) })
    }

    /// Learns from the writer's connection how many pages each commit leaves in the log.
    pub(crate) fn watch(&self, writer: &mut Connection) -> rusqlite::Result<()> {
        let pages = Arc::clone(&self.pages);
        writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count| {
            pages.store(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))
    }

    /// Called by the writer after each commit, when its callers have been answered. True when it moved pages itself.
    pub(crate) fn after_commit(&mut self, writer: &Connection) -> bool {
        let pages = self.pages.load(Ordering::Relaxed);
        let thread = if self.done.load(Ordering::Acquire) { Thread::Idle } else { Thread::Working };
        let (phase, step) = self.phase.after_commit(pages, thread);
        self.phase = phase;
        match step {
            Step::Nothing => {}
            Step::StartThread => {
                self.done.store(false, Ordering::Release);
                // Room for one, and the thread is idle in this phase: it cannot be full.
                if self.start.as_ref().is_none_or(|start| start.try_send(()).is_err()) {
                    self.phase = Phase::Filling { until: pages.saturating_add(PAGES) };
                }
            }
            Step::MoveRest => {
                if let Err(error) = passive(writer) {
                    tracing::warn!(%error, "the rest of a checkpoint failed");
                }
                return true;
            }
        }
        false
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.start = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the checkpoint thread panicked");
        }
    }
}

/// Moves what is in the log, and what came while it was moved. `pages` says how many it holds now.
fn move_bulk(connection: &Connection, mut pages: impl FnMut() -> u64) -> rusqlite::Result<()> {
    for _ in 0..PASSES {
        let moved = passive(connection)?;
        if pages().saturating_sub(moved) <= REST {
            break;
        }
    }
    Ok(())
}

/// Moves what no reader needs, and waits for nobody. How many pages of the log are in the file now.
fn passive(connection: &Connection) -> rusqlite::Result<u64> {
    let moved: i64 = connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |row| row.get(2))?;
    Ok(u64::try_from(moved).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use rusqlite::OpenFlags;

    use super::*;
    use crate::open::{Synchronous, open_writer};

    #[test]
    fn the_log_is_moved_by_the_thread_and_finished_by_the_writer() {
        let filling = Phase::Filling { until: PAGES };
        assert_eq!(filling.after_commit(PAGES - 1, Thread::Working), (filling, Step::Nothing));
        assert_eq!(filling.after_commit(PAGES, Thread::Working), (Phase::Moving, Step::StartThread));
        assert_eq!(Phase::Moving.after_commit(PAGES + 9, Thread::Working), (Phase::Moving, Step::Nothing));
        assert_eq!(Phase::Moving.after_commit(PAGES + 9, Thread::Idle), (Phase::Moved, Step::MoveRest));
        assert_eq!(Phase::Moved.after_commit(3, Thread::Idle), (filling, Step::Nothing));
    }

    #[test]
    fn a_log_that_a_reader_holds_is_tried_again_after_as_much_more() {
        let later = Phase::Filling { until: 3 * PAGES };
        assert_eq!(Phase::Moved.after_commit(2 * PAGES, Thread::Idle), (later, Step::Nothing));
        assert_eq!(later.after_commit(3 * PAGES - 1, Thread::Idle), (later, Step::Nothing));
    }

    #[test]
    fn what_comes_while_the_bulk_is_moved_is_moved_as_well_but_for_a_rest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.db");
        let writer = open_writer(&path, Synchronous::Full).unwrap();
        writer.execute_batch("CREATE TABLE t(page BLOB) STRICT").unwrap();
        let add = |pages: u64| {
            for _ in 0..pages {
                writer.execute("INSERT INTO t VALUES (zeroblob(8000))", []).unwrap();
            }
        };
        let held = || {
            let (_, log, _): (i64, i64, i64) = writer
                .query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .unwrap();
            u64::try_from(log).unwrap()
        };
        let in_file = || std::fs::metadata(&path).unwrap().len() / 8_192;
        add(200);
        // Who reads keeps the log from beginning anew in the pause between two passes.
        let reader = Connection::open_with_flags(&path, OpenFlags::default()).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM t;").unwrap();
        let mut seen = Vec::new();
        move_bulk(&open_checkpointer(&path).unwrap(), || {
            seen.push(in_file());
            // Many come during the first pass, and few during the next.
            add(if seen.len() == 1 { 200 } else { 1 });
            if seen.len() == 1 {
                reader.execute_batch("COMMIT").unwrap();
            }
            held()
        })
        .unwrap();
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert!(seen[0] >= 200 && seen[1] >= seen[0] + 200, "{seen:?}");
    }
}
