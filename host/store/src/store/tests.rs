use std::sync::mpsc;
use std::time::Duration;

use rusqlite::OptionalExtension as _;
use tempfile::TempDir;
use types::{ManualClock, Timestamp};

use super::*;
use crate::{Synchronous, open_read_only};

const SCHEMA: &[&str] = &["
    CREATE TABLE entry(id INTEGER PRIMARY KEY, key TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount >= 0)) STRICT;
    CREATE TABLE total(key TEXT PRIMARY KEY, amount INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE parent(id INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE child(id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED) STRICT;
"];
const OPTIONS: Options = Options { synchronous: Synchronous::Full, migrations: SCHEMA, readers: 2 };

/// Adds entries, and each key's total once per group.
#[derive(Default)]
struct Tally {
    settled: usize,
    undone: Arc<std::sync::atomic::AtomicUsize>,
}

#[derive(Debug, Clone, Copy)]
struct Add {
    id: i64,
    key: &'static str,
    amount: i64,
}

/// An amount that makes `settle` panic.
const PANIC: i64 = 666;

impl Group for Tally {
    type Op = Add;
    type Answer = i64;

    fn settle(&mut self, tx: &Connection, ops: &[Add]) -> rusqlite::Result<Vec<i64>> {
        self.settled += ops.len();
        let mut sums = std::collections::BTreeMap::<&str, i64>::new();
        for op in ops {
            assert_ne!(op.amount, PANIC, "asked to panic");
            tx.prepare_cached("INSERT INTO entry(id, key, amount) VALUES (?1, ?2, ?3)")?
                .execute((op.id, op.key, op.amount))?;
            *sums.entry(op.key).or_default() += op.amount;
        }
        for (key, sum) in sums {
            tx.prepare_cached(
                "INSERT INTO total VALUES (?1, ?2) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount",
            )?
            .execute((key, sum))?;
        }
        Ok(ops.iter().map(|op| op.id).collect())
    }

    fn committed(&mut self) {
        self.settled = 0;
    }

    fn undone(&mut self) {
        self.undone.fetch_add(1, Ordering::Relaxed);
    }
}

fn open() -> (TempDir, Store<Tally>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("tally.db"), &OPTIONS, Tally::default()).unwrap();
    (folder, store)
}

/// Keeps the writer busy until the sender is dropped, so that what is queued meanwhile becomes one group.
fn hold(store: &Store<Tally>) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel();
    let (begun, begin) = mpsc::channel();
    let job = Write::new(move |_: &Connection| -> rusqlite::Result<()> {
        begun.send(()).unwrap();
        assert!(held.recv().is_err(), "released by dropping the sender");
        Ok(())
    });
    store.queue().enter().unwrap();
    store.queue().send(Entry::Job(Box::new(job.0)));
    begin.recv().unwrap();
    release
}

fn send_together(store: &Store<Tally>, ops: &[Add]) -> Vec<Result<i64, WriteError<Infallible>>> {
    let release = hold(store);
    let answers: Vec<_> = ops.iter().map(|op| store.try_slot().unwrap().send(*op)).collect();
    drop(release);
    answers.into_iter().map(Answer::wait).collect()
}

fn adds(count: i64) -> Vec<Add> {
    (0..count).map(|id| Add { id, key: if id % 3 == 0 { "a" } else { "b" }, amount: id }).collect()
}

fn rows(store: &Store<Tally>) -> (Vec<i64>, Vec<(String, i64)>) {
    store
        .read_blocking(|db| {
            let ids = db
                .prepare("SELECT id FROM entry ORDER BY id")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<i64>>>()?;
            let totals = db
                .prepare("SELECT key, amount FROM total ORDER BY key")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok((ids, totals))
        })
        .unwrap()
}

#[test]
fn a_group_leaves_the_rows_that_its_operations_leave_one_by_one() {
    let (_one, alone) = open();
    for op in adds(64) {
        assert_eq!(alone.try_slot().unwrap().send(op).wait().unwrap(), op.id);
    }
    let (_two, together) = open();
    let answers = send_together(&together, &adds(64));
    assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), (0..64).collect::<Vec<_>>());
    assert_eq!(rows(&together), rows(&alone));
    assert_eq!(alone.stats().commits, 64);
    assert_eq!(together.stats().commits, 2, "the one that held the writer, and the group");
    assert_eq!(together.stats().group_max, 64);
}

#[test]
fn a_bad_operation_at_any_position_is_alone_in_its_failure() {
    for (amount, how) in [(-1, "refused"), (PANIC, "panics")] {
        for position in 0..9 {
            let (_folder, store) = open();
            let mut ops = adds(9);
            ops[position].amount = amount;
            for (index, answer) in send_together(&store, &ops).into_iter().enumerate() {
                assert_eq!(answer.is_err(), index == position, "{index}, while {position} {how}");
            }
            let good: Vec<_> = ops.iter().filter(|op| op.amount != amount).collect();
            let total = |key| good.iter().filter(|op| op.key == key).map(|op| op.amount).sum::<i64>();
            let (ids, totals) = rows(&store);
            assert_eq!(ids, good.iter().map(|op| op.id).collect::<Vec<_>>());
            assert_eq!(totals, [("a".to_owned(), total("a")), ("b".to_owned(), total("b"))]);
        }
    }
}

#[test]
fn two_operations_that_exclude_each_other_leave_one() {
    let (_folder, store) = open();
    let twice = [Add { id: 1, key: "a", amount: 1 }; 2];
    let answers = send_together(&store, &twice);
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(rows(&store), (vec![1], vec![("a".to_owned(), 1)]));
}

#[tokio::test]
async fn a_failing_write_at_any_position_leaves_its_neighbours() {
    for position in 0..5 {
        let (_folder, store) = open();
        let release = hold(&store);
        let mut writes = tokio::task::JoinSet::new();
        for id in 0..5 {
            let store = store.clone();
            writes.spawn(async move {
                let written = store.write(move |tx| -> rusqlite::Result<usize> {
                    tx.execute("INSERT INTO entry VALUES (?1, 'w', 1)", [id])?;
                    assert!(id != position || id % 2 == 0, "an odd offender panics");
                    if id == position { Err(rusqlite::Error::InvalidQuery) } else { Ok(1) }
                });
                (id, written.await)
            });
        }
        drop(release);
        for (id, written) in writes.join_all().await {
            match written {
                Ok(_) => assert_ne!(id, position),
                Err(WriteError::Refused(_)) => assert!(id == position && id % 2 == 0),
                Err(WriteError::Panicked) => assert!(id == position && id % 2 == 1),
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(rows(&store).0, (0..5).filter(|id| *id != position).collect::<Vec<_>>());
    }
}

#[test]
fn a_commit_that_fails_tells_everyone_and_the_writer_goes_on() {
    let (_folder, store) = open();
    let release = hold(&store);
    let grouped: Vec<_> = adds(3).into_iter().map(|op| store.try_slot().unwrap().send(op)).collect();
    let (orphan, answer) = Write::new(|tx: &Connection| tx.execute("INSERT INTO child(parent) VALUES (7)", []));
    store.queue().enter().unwrap();
    store.queue().send(Entry::Job(Box::new(orphan)));
    drop(release);
    for answer in grouped {
        assert!(matches!(answer.wait(), Err(WriteError::Uncertain)));
    }
    assert!(matches!(answer.blocking_recv().unwrap(), Err(WriteError::Uncertain)));
    assert_eq!(rows(&store), (vec![], vec![]));
    assert_eq!(store.stats().failures, 1);
    assert!(!store.is_poisoned());
    assert!(send_together(&store, &adds(3)).iter().all(Result::is_ok));
}

#[test]
fn a_rider_goes_with_the_next_commit_and_makes_none_of_its_own_within_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, hands) = ManualClock::at(Timestamp::from_micros(0));
    let store = Store::open_with(&folder.path().join("tally.db"), &OPTIONS, Tally::default(), clock).unwrap();
    let ride = |id: i64| {
        store.ride(move |tx| tx.execute("INSERT INTO entry VALUES (?1, 'r', 1)", [id]).map(drop)).unwrap();
    };
    let settled = || {
        store.queue().nudge();
        while !store.queue().is_asleep() {
            std::thread::yield_now();
        }
    };
    ride(1);
    hands.advance(Duration::from_millis(999));
    settled();
    assert_eq!(store.stats().commits, 0);
    store.try_slot().unwrap().send(Add { id: 2, key: "a", amount: 1 }).wait().unwrap();
    assert_eq!((rows(&store).0, store.stats().commits), (vec![1, 2], 1));
    ride(3);
    hands.advance(Duration::from_secs(1));
    store.queue().nudge();
    while store.stats().commits < 2 {
        std::thread::yield_now();
    }
    assert_eq!(rows(&store).0, [1, 2, 3]);
}

#[test]
fn all_that_is_queued_is_written_before_the_end() {
    let (folder, store) = open();
    let release = hold(&store);
    let answers: Vec<_> = adds(5).into_iter().map(|op| store.try_slot().unwrap().send(op)).collect();
    store.ride(|tx| tx.execute("INSERT INTO entry VALUES (99, 'r', 1)", []).map(drop)).unwrap();
    let slot = store.try_slot().unwrap();
    drop(release);
    drop(store);
    assert!(answers.into_iter().all(|answer| answer.wait().is_ok()));
    assert!(matches!(slot.send(adds(1)[0]).wait(), Err(WriteError::Closed)));
    let file = open_read_only(&folder.path().join("tally.db")).unwrap();
    let count: i64 = file.query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 6);
}

/// How often a kept statement has been compiled again after four uses.
fn compiled_again(db: &Connection) -> rusqlite::Result<i32> {
    const TEXT: &str = "SELECT amount FROM entry WHERE id = ?1 AND key = ?2 LIMIT ?3";
    for id in 0..4 {
        db.prepare_cached(TEXT)?.query_row((id, "a", 5), |row| row.get::<_, i64>(0)).optional()?;
    }
    Ok(db.prepare_cached(TEXT)?.get_status(rusqlite::StatementStatus::RePrepare))
}

#[test]
fn a_kept_statement_is_compiled_once_whatever_it_is_given() {
    let (_folder, store) = open();
    store.write_blocking(|tx| tx.execute("INSERT INTO entry VALUES (1, 'a', 1)", []).map(drop)).unwrap();
    assert_eq!(store.write_blocking(compiled_again).unwrap(), 0);
    assert_eq!(store.read_blocking(compiled_again).unwrap(), 0);
}

#[test]
fn a_slot_is_a_place_and_there_are_only_so_many() {
    let (_folder, store) = open();
    let slots: Vec<_> = std::iter::from_fn(|| store.try_slot().ok()).collect();
    assert_eq!(slots.len(), crate::queue::PLACES);
    let write = store.write_blocking(|_| -> rusqlite::Result<()> { Ok(()) });
    assert!(matches!(write, Err(WriteError::Full)));
    drop(slots);
    store.write_blocking(|_| -> rusqlite::Result<()> { Ok(()) }).unwrap();
}

#[test]
fn a_file_that_another_holds_refuses_everyone_and_then_goes_on() {
    let (folder, store) = open();
    let other = rusqlite::Connection::open_with_flags(
        folder.path().join("tally.db"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE,
    )
    .unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for answer in send_held(&store, &adds(2)) {
        assert!(matches!(answer, Err(WriteError::Sqlite(_))), "{answer:?}");
    }
    assert!(store.is_poisoned());
    other.execute_batch("ROLLBACK").unwrap();
    while store.is_poisoned() {
        std::thread::yield_now();
    }
    assert!(send_together(&store, &adds(2)).iter().all(Result::is_ok));
}

/// Without holding the writer, which would need the file.
fn send_held(store: &Store<Tally>, ops: &[Add]) -> Vec<Result<i64, WriteError<Infallible>>> {
    let answers: Vec<_> = ops.iter().map(|op| store.try_slot().unwrap().send(*op)).collect();
    answers.into_iter().map(Answer::wait).collect()
}

#[test]
fn a_full_file_refuses_its_group_and_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let group = Tally::default();
    let undone = Arc::clone(&group.undone);
    let store = Store::open(&folder.path().join("tally.db"), &OPTIONS, group).unwrap();
    // The writer's connection may not grow the file; the one that it opens next may.
    store.write_blocking(|tx| tx.pragma_update_and_check(None, "max_page_count", 1, |_| Ok(()))).unwrap();
    let ops: Vec<_> = (0..200_i64).map(|id| Add { id, key: KEY, amount: 1 }).collect();
    let answers = send_together(&store, &ops);
    assert!(answers.iter().all(|answer| matches!(answer, Err(WriteError::Sqlite(_)))));
    assert_eq!(undone.load(Ordering::Relaxed), 1);
    while store.is_poisoned() {
        std::thread::yield_now();
    }
    assert!(send_together(&store, &ops).iter().all(Result::is_ok));
}

/// Long enough that 200 entries need a page more.
const KEY: &str =
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789";

#[test]
fn the_log_begins_anew_while_commits_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { synchronous: Synchronous::Normal, ..OPTIONS };
    let store = Store::open(&folder.path().join("tally.db"), &options, Tally::default()).unwrap();
    store.write_blocking(|tx| tx.execute_batch("CREATE TABLE blob(bytes BLOB)")).unwrap();
    for _ in 0..150 {
        store.write_blocking(|tx| tx.execute("INSERT INTO blob VALUES (randomblob(1000000))", [])).unwrap();
    }
    let stats = store.stats();
    assert!(stats.wal_bytes < 120_000_000, "150 MB were written, and the log holds {}", stats.wal_bytes);
    assert_eq!(stats.commits, 151);
}

#[test]
fn readers_cannot_write_and_a_full_commit_is_full() {
    let (folder, store) = open();
    let write = store.read_blocking(|db| db.execute("INSERT INTO parent VALUES (1)", []));
    assert!(matches!(write, Err(ReadError::Sqlite(_))));
    assert_eq!(store.stats().synchronous, 2);
    let path = folder.path().join("tally.db");
    let beside = open_read_only(&path).unwrap();
    assert!(beside.execute("INSERT INTO parent VALUES (1)", []).is_err());
    assert!(open_read_only(&folder.path().join("nothing.db")).is_err());
}

#[test]
fn a_schema_is_brought_up_step_by_step_and_never_down() {
    const NEXT: &[&str] = &[SCHEMA[0], "CREATE TABLE later(id INTEGER) STRICT"];
    const BROKEN: &[&str] = &[SCHEMA[0], NEXT[1], "CREATE TABLE half(id INTEGER) STRICT; NONSENSE"];
    let (folder, store) = open();
    drop(store);
    let path = folder.path().join("tally.db");
    let with = |migrations| Store::open(&path, &Options { migrations, ..OPTIONS }, NoGroup);
    assert!(matches!(with(BROKEN), Err(OpenError::Migration { version: 3, .. })));
    let store = with(NEXT).unwrap();
    store.read_blocking(|db| db.prepare("SELECT id FROM later").map(drop)).unwrap();
    assert!(store.read_blocking(|db| db.prepare("SELECT id FROM half").map(drop)).is_err());
    drop(store);
    assert!(matches!(with(SCHEMA), Err(OpenError::Newer { found: 2, known: 1, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_and_writes_from_many_tasks_all_end() {
    let (_folder, store) = open();
    let mut tasks = tokio::task::JoinSet::new();
    for id in 0..200 {
        let store = store.clone();
        tasks.spawn(async move {
            store.try_slot().unwrap().send(Add { id, key: "a", amount: 1 }).await.unwrap();
            store.read(move |db| db.query_row("SELECT id FROM entry WHERE id = ?1", [id], |row| row.get(0))).await
        });
    }
    let mut seen: Vec<i64> = tasks.join_all().await.into_iter().map(Result::unwrap).collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..200).collect::<Vec<_>>());
    store.close().await;
    let late = store.write(|_| -> rusqlite::Result<()> { Ok(()) }).await;
    assert!(matches!(late, Err(WriteError::Closed)));
}
