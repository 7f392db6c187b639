//! A disk that fails at each write and each sync in turn, under the writer that all rooms share.

use std::path::Path;

use anyhow::ensure;
use rusqlite::{Connection, OpenFlags};
use store::{NoGroup, Options, Store, Synchronous};
use tests::disk::{Fault, Scope, alone, fail_at, register, went_by};

const OPTIONS: Options = Options {
    synchronous: Synchronous::Full,
    migrations: &["CREATE TABLE entry(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT"],
    readers: 1,
};

/// Several pages.
const BYTES: i64 = 20_000;
/// Enough that an entry follows one that failed, and one that did not.
const ENTRIES: usize = 3;

fn insert(store: &Store, id: i64) -> bool {
    let written = store.write_blocking(move |tx| -> rusqlite::Result<usize> {
        tx.execute("INSERT INTO entry VALUES (?1, zeroblob(?2))", [id, BYTES])
    });
    written.is_ok()
}

/// The entries that a process finds which starts after this one lost its power now.
fn after_power_loss(path: &Path) -> anyhow::Result<Vec<i64>> {
    let folder = tempfile::tempdir()?;
    for name in ["entry.db", "entry.db-wal"] {
        std::fs::copy(path.with_file_name(name), folder.path().join(name))?;
    }
    let found = Connection::open_with_flags(folder.path().join("entry.db"), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let verdict: String = found.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    ensure!(verdict == "ok", "{verdict}");
    let ids = found
        .prepare("SELECT id FROM entry ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(ids)
}

#[test]
fn what_was_answered_is_on_the_disk_whichever_of_its_calls_fails() -> anyhow::Result<()> {
    let _alone = alone();
    register(Scope::EveryFile)?;
    for fault in Fault::ALL {
        for call in 0.. {
            let folder = tempfile::tempdir()?;
            let path = folder.path().join("entry.db");
            let store = Store::open(&path, &OPTIONS, NoGroup)?;
            fail_at(call, fault);
            let mut answered: Vec<i64> = (0..).take(ENTRIES).filter(|id| insert(&store, *id)).collect();
            if went_by() <= call {
                ensure!(answered.len() == ENTRIES, "{fault:?}: refused without a fault");
                break;
            }
            while store.is_poisoned() {
                std::thread::yield_now();
            }
            ensure!(insert(&store, 9), "{fault:?} at call {call}: the writer does not go on");
            answered.push(9);
            let found = after_power_loss(&path)?;
            ensure!(
                answered.iter().all(|id| found.contains(id)),
                "{fault:?} at call {call}: answered {answered:?}, found {found:?}"
            );
        }
    }
    Ok(())
}
