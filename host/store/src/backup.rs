//! A copy of a file while it is written to, and whether a copy is sound.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::open::{open_reader, schema_version};

/// Pages that are copied between two words about the progress: 8 MiB.
const PAGES: i32 = 1_024;
/// How long to wait when another connection is in the way, and how often.
const WAIT: (Duration, u32) = (Duration::from_millis(50), 200);
/// How many faults of a file are told.
const FAULTS: u32 = 20;

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Which schema the copy has.
    pub schema_version: i64,
}

/// Why there is no copy, or a file could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// SQLite said no.
    #[error("could not {what} {}", path.display())]
    Sqlite {
        /// What was to be done.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The copy could not be made, or not be forced to disk.
    #[error("could not {what} {}", path.display())]
    File {
        /// What was to be done.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Copies the database `from`, as it is when this begins, into the new file `into`, which its owner alone may
/// read, and forces the copy to disk. A host that writes to it meanwhile does not wait; its log cannot shrink before this
/// ends. `progress` is told how many pages of how many are copied. Blocks.
///
/// # Errors
///
/// [`CopyError`]; what lies at `into` then is no copy.
pub fn copy(from: &Path, into: &Path, mut progress: impl FnMut(u64, u64)) -> Result<Copied, CopyError> {
    let failed = |what, path: &Path| {
        let path = path.to_owned();
        move |source| CopyError::Sqlite { what, path, source }
    };
    let source = open_reader(from, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed("open", from))?;
    // One transaction around all steps: they see one moment, and no step begins again because a writer was faster.
    let moment = source.unchecked_transaction().map_err(failed("read", from))?;
    let schema_version = schema_version(&moment).map_err(failed("read", from))?;
    let file_failed = |what| move |source| CopyError::File { what, path: into.to_owned(), source };
    // SQLite would make it readable for everybody.
    let mut private = std::fs::OpenOptions::new();
    private.write(true).create_new(true).mode(0o600).open(into).map_err(file_failed("make"))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(into, flags).map_err(failed("open", into))?;
    // Forced to disk once, below.
    copy.pragma_update(None, "synchronous", "OFF").map_err(failed("set up", into))?;
    steps(&moment, &mut copy, &mut progress).map_err(failed("copy", from))?;
    copy.close().map_err(|(_, source)| failed("close", into)(source))?;
    drop(moment);
    std::fs::File::open(into).and_then(|file| file.sync_all()).map_err(file_failed("force to disk"))?;
    Ok(Copied { schema_version })
}

fn steps(from: &Connection, into: &mut Connection, progress: &mut impl FnMut(u64, u64)) -> rusqlite::Result<()> {
    let backup = Backup::new(from, into)?;
    let mut waits = 0;
    loop {
        let step = backup.step(PAGES)?;
        let (all, left) = (backup.progress().pagecount, backup.progress().remaining);
        progress(u64::try_from(all.saturating_sub(left)).unwrap_or(0), u64::try_from(all).unwrap_or(0));
        match step {
            StepResult::Done => return Ok(()),
            StepResult::Busy | StepResult::Locked if waits < WAIT.1 => {
                waits = waits.saturating_add(1);
                std::thread::sleep(WAIT.0);
            }
            StepResult::Busy | StepResult::Locked => {
                return Err(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                    None,
                ));
            }
            _ => {}
        }
    }
}

/// What SQLite finds wrong in a file that nobody has open: pages, indexes, and rows that refer to nothing. Nothing at
/// all when it is sound. Reads the whole file. Blocks.
///
/// # Errors
///
/// [`CopyError`] when it cannot be read as a database.
pub fn faults(path: &Path) -> Result<Vec<String>, CopyError> {
    let failed = |source| CopyError::Sqlite { what: "check", path: path.to_owned(), source };
    // Not for reading only: the files beside a log would be left behind.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    let mut check = connection.prepare(&format!("PRAGMA integrity_check({FAULTS})")).map_err(failed)?;
    let said = check.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?;
    let mut faults: Vec<String> = said.collect::<rusqlite::Result<_>>().map_err(failed)?;
    faults.retain(|line| line != "ok");
    let mut check = connection.prepare("PRAGMA foreign_key_check").map_err(failed)?;
    let said = check.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?;
    for table in said.take(usize::try_from(FAULTS).unwrap_or(usize::MAX)) {
        faults.push(format!("a row of {} refers to one that is not there", table.map_err(failed)?));
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NoGroup, Options, Store, Synchronous};

    const OPTIONS: Options = Options {
        synchronous: Synchronous::Full,
        migrations: &["CREATE TABLE entry(id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"],
        readers: 1,
    };

    fn write(store: &Store, count: u32) {
        let op = move |tx: &Connection| -> rusqlite::Result<()> {
            for _ in 0..count {
                tx.execute("INSERT INTO entry(text) VALUES (?1)", ["x".repeat(4_000)])?;
            }
            Ok(())
        };
        store.write_blocking(op).unwrap();
    }

    #[test]
    fn a_copy_is_of_the_moment_at_which_it_began_whatever_is_written_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let (from, into) = (folder.path().join("a.db"), folder.path().join("b.db"));
        let store = Store::open(&from, &OPTIONS, NoGroup).unwrap();
        for _ in 0..10 {
            write(&store, 1_000);
        }
        let mut steps = 0;
        let copied = copy(&from, &into, |_, all| {
            assert!(all > u64::from(PAGES.unsigned_abs()), "one step would show nothing");
            steps += 1;
            write(&store, 10);
        });
        assert_eq!(copied.unwrap().schema_version, 1);
        assert!(steps > 1);
        let rows = |path: &Path| -> u32 {
            let reader = crate::open_read_only(path).unwrap();
            reader.query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap()
        };
        assert_eq!(rows(&into), 10_000);
        assert_eq!(rows(&from), 10_000 + 10 * steps);
        assert_eq!(faults(&into).unwrap(), Vec::<String>::new());
        let opened: Store = Store::open(&into, &OPTIONS, NoGroup).unwrap();
        write(&opened, 1);
    }

    #[test]
    fn a_damaged_file_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = Store::open(&path, &OPTIONS, NoGroup).unwrap();
        write(&store, 500);
        drop(store);
        let mut bytes = std::fs::read(&path).unwrap();
        let page = 8_192 * 20;
        bytes[page..page + 8_192].fill(0xa5);
        std::fs::write(&path, bytes).unwrap();
        // SQLite lists what is wrong, or cannot read the file at all.
        assert!(faults(&path).map_or(true, |faults| !faults.is_empty()));
    }
}
