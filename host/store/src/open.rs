//! Opening a file: pragmas and migrations.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// How long a connection waits for a lock that another process holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// Prepared statements kept by the writer: more than any room has, so that none is parsed twice.
const WRITER_STATEMENTS: usize = 256;
/// Prepared statements kept by each reader.
const READER_STATEMENTS: usize = 64;

/// Pages that the writer keeps: 32 MiB. What it does not find there it finds in the mapping or with the operating system.
const WRITER_PAGES: i64 = 4_000;
/// Bytes of a file that each connection maps. Every connection has its own view of the same pages, so this counts
/// once for each of them in what the process holds.
const MAPPED: i64 = 32 << 20;

/// What a commit has reached when it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// The disk: it survives power loss. For everything that a client is told of.
    Full,
    /// The operating system: it survives a killed process, and the last commits may be lost with the power.
    Normal,
}

/// How a file is opened.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What a commit has reached when it is answered.
    pub synchronous: Synchronous,
    /// `migrations[i]` brings the schema from version `i` to `i + 1`. Never changed once released, only added to.
    pub migrations: &'static [&'static str],
    /// How many read connections there are. At least 1.
    pub readers: usize,
}

/// Why a file could not be opened. Nothing was written unless an earlier migration succeeded.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite could not open it or set it up.
    #[error("could not open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A migration failed, and was rolled back. Those before it stay.
    #[error("could not bring {} to schema version {version}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// The version that was to be reached.
        version: usize,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A newer release of this program wrote the file.
    #[error("{} has schema version {found}, and this program knows versions up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: i64,
        /// The newest version that this program knows.
        known: usize,
    },
    /// The operating system gave no thread.
    #[error("could not start a thread for {}", path.display())]
    Thread {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Opens `path` for reading only, beside a host that may be running on it. Changes nothing.
///
/// # Errors
///
/// [`OpenError::Open`] when there is no such file, or it is not a database.
pub fn open_read_only(path: &Path) -> Result<Connection, OpenError> {
    open_reader(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|source| OpenError::Open { path: path.to_owned(), source })
}

/// Keeps statements as they were compiled. Without it one that compares a column with a parameter is compiled anew for each
/// use, in case the value tells a better plan. So a partial index is used where the statement itself says its condition.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// The writer's connection, with the schema as it is in the file.
pub(crate) fn open_writer(path: &Path, synchronous: Synchronous) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    keep_plans(&connection)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // The first two count only in a file without tables, and only before it is in WAL mode.
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    let level = match synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", level)?;
    connection.pragma_update(None, "cache_size", WRITER_PAGES)?;
    connection.pragma_update_and_check(None, "mmap_size", MAPPED, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Savepoints keep the pages they might have to restore in memory instead of in a file.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // A checkpoint inside a commit would show as its latency: `checkpoint.rs` does it beside them.
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    connection.set_prepared_statement_cache_capacity(WRITER_STATEMENTS);
    Ok(connection)
}

/// A connection that cannot write.
pub(crate) fn open_reader(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    keep_plans(&connection)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Negative: KiB instead of pages.
    connection.pragma_update(None, "cache_size", -8192)?;
    connection.pragma_update_and_check(None, "mmap_size", MAPPED, |_| Ok(()))?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_prepared_statement_cache_capacity(READER_STATEMENTS);
    // Opening is lazy: this is the first statement that reads the file.
    schema_version(&connection)?;
    Ok(connection)
}

/// The connection that moves pages from the log to the file.
pub(crate) fn open_checkpointer(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    Ok(connection)
}

/// Brings the schema to the newest version, each step in a transaction of its own.
pub(crate) fn migrate(connection: &mut Connection, path: &Path, migrations: &[&str]) -> Result<(), OpenError> {
    let open = |source| OpenError::Open { path: path.to_owned(), source };
    let found = schema_version(connection).map_err(open)?;
    let done = usize::try_from(found).ok().filter(|done| *done <= migrations.len());
    let Some(done) = done else {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: migrations.len() });
    };
    for (sql, version) in migrations.iter().zip(1..).skip(done) {
        step(connection, sql, version).map_err(|source| OpenError::Migration {
            path: path.to_owned(),
            version,
            source,
        })?;
    }
    Ok(())
}

fn step(connection: &mut Connection, sql: &str, version: usize) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction.execute_batch(sql)?;
    transaction.pragma_update(None, "user_version", i64::try_from(version).unwrap_or(i64::MAX))?;
    transaction.commit()
}

pub(crate) fn schema_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Whether the writer can write: a page is rewritten as it is, and forced out.
pub(crate) fn probe(connection: &Connection) -> rusqlite::Result<()> {
    let version = schema_version(connection)?;
    connection.pragma_update(None, "user_version", version)
}

/// `PRAGMA synchronous` as SQLite reads it back: 1 is NORMAL, 2 is FULL.
pub(crate) fn synchronous_level(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "synchronous", |row| row.get(0))
}
