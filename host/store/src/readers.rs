//! Read connections beside the writer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use crate::open::open_reader;

/// Why a read gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// SQLite refused it.
    #[error("could not read")]
    Sqlite(#[source] rusqlite::Error),
    /// It panicked; the connection goes on.
    #[error("a read panicked")]
    Panicked,
    /// The runtime is stopping.
    #[error("the store is closed")]
    Closed,
}

/// A few connections that cannot write, lent one at a time.
pub(crate) struct Readers {
    free: Mutex<Vec<Connection>>,
    returned: Condvar,
    /// One permit per connection: async callers wait here, without holding a thread.
    permits: Semaphore,
}

impl Readers {
    pub(crate) fn open(path: &Path, count: usize) -> rusqlite::Result<Self> {
        let open = || open_reader(path, OpenFlags::SQLITE_OPEN_READ_WRITE);
        let connections = (0..count.max(1)).map(|_| open()).collect::<rusqlite::Result<Vec<_>>>()?;
        let permits = Semaphore::new(connections.len());
        Ok(Self { free: Mutex::new(connections), returned: Condvar::new(), permits })
    }

    /// Waits until it is worth a thread to read.
    pub(crate) async fn turn(&self) -> Result<tokio::sync::SemaphorePermit<'_>, ReadError> {
        self.permits.acquire().await.map_err(|_| ReadError::Closed)
    }

    /// Runs `op` on the next free connection. Blocks.
    pub(crate) fn read<T>(&self, op: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, ReadError> {
        let connection = self.lend();
        let result = catch_unwind(AssertUnwindSafe(|| op(&connection)));
        self.lock().push(connection);
        self.returned.notify_one();
        match result {
            Ok(read) => read.map_err(ReadError::Sqlite),
            Err(_) => Err(ReadError::Panicked),
        }
    }

    fn lend(&self) -> Connection {
        let mut free = self.lock();
        loop {
            if let Some(connection) = free.pop() {
                return connection;
            }
            free = self.returned.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
