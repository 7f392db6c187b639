use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::*;

fn on_lossy(path: &Path, synchronous: &str) -> Connection {
    register(Scope::ByName).unwrap();
    let connection = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), LOSSY).unwrap();
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    connection.pragma_update_and_check(None, "mmap_size", 1 << 20, |_| Ok(())).unwrap();
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(())).unwrap();
    connection.pragma_update(None, "synchronous", synchronous).unwrap();
    connection
}

/// What a process finds that starts after this one was killed now.
fn after_a_kill(path: &Path) -> i64 {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::copy(path, &copy).unwrap();
    std::fs::copy(path.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let found = Connection::open_with_flags(&copy, flags).unwrap();
    assert_eq!(found.query_row("PRAGMA quick_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
    found.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
}

#[test]
fn what_was_not_synced_is_lost_and_what_was_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lossy.db");
    let full = on_lossy(&path, "FULL");
    full.execute_batch("CREATE TABLE t(bytes BLOB); INSERT INTO t VALUES (zeroblob(10000))").unwrap();
    assert_eq!(after_a_kill(&path), 1);
    let normal = on_lossy(&path, "NORMAL");
    normal.execute("INSERT INTO t VALUES (randomblob(20000))", []).unwrap();
    let seen: i64 = full.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!((seen, after_a_kill(&path)), (2, 1), "every connection sees it, the disk has not");
    full.execute("INSERT INTO t VALUES (1)", []).unwrap();
    assert_eq!(after_a_kill(&path), 3, "the log is synced as a whole");
}

#[test]
fn checkpoints_truncations_and_vacuums_leave_a_sound_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lossy.db");
    let db = on_lossy(&path, "FULL");
    db.execute_batch("CREATE TABLE t(bytes BLOB)").unwrap();
    for round in 0..6 {
        for _ in 0..30 {
            db.execute("INSERT INTO t VALUES (randomblob(9000))", []).unwrap();
        }
        db.execute("DELETE FROM t WHERE rowid % 2 = 0", []).unwrap();
        let mode = if round % 2 == 0 { "PRAGMA wal_checkpoint(TRUNCATE)" } else { "PRAGMA wal_checkpoint(PASSIVE)" };
        db.query_row(mode, [], |_| Ok(())).unwrap();
        db.execute_batch("VACUUM").unwrap();
        let count: i64 = db.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(after_a_kill(&path), count);
    }
    drop(db);
    let closed = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    assert_eq!(closed.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
}
