//! The handle that rooms hold.

use std::convert::Infallible;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{JoinHandle, Thread};

use rusqlite::Connection;
use tokio::sync::oneshot;
use types::Clock;

use crate::checkpoint::Checkpoints;
use crate::group::{Group, NoGroup};
use crate::job::{Rider, Write};
use crate::open::{OpenError, Options, migrate, open_writer, synchronous_level};
use crate::queue::{Entry, Queue};
use crate::readers::{ReadError, Readers};
use crate::stats::{Counters, Stats};
use crate::writer::Writer;

/// Why an operation was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E> {
    /// The operation itself said so. Nothing of it is written.
    #[error("the operation was refused")]
    Refused(#[source] E),
    /// It panicked. Nothing of it is written.
    #[error("the operation panicked")]
    Panicked,
    /// The commit failed: it may or may not be on disk. Never repeated as if nothing had happened.
    #[error("the commit failed")]
    Uncertain,
    /// The store is closed. Nothing of it is written.
    #[error("the store is closed")]
    Closed,
    /// All places are taken. Nothing of it is written, and trying later is safe.
    #[error("too many operations wait")]
    Full,
    /// SQLite refused it or its whole group. Nothing of it is written.
    #[error("could not write")]
    Sqlite(#[source] rusqlite::Error),
}

/// All places in the queue are taken: refuse new work, and try later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many operations wait")]
pub struct Full;

/// One open file. Cheap to clone; when the last handle is dropped the writer finishes what is queued and ends.
pub struct Store<G: Group = NoGroup>(Arc<House<G>>);

impl<G: Group> Clone for Store<G> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<G: Group> std::fmt::Debug for Store<G> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.0.path).finish_non_exhaustive()
    }
}

struct House<G: Group> {
    path: PathBuf,
    wal_path: PathBuf,
    queue: Arc<Queue<G>>,
    counters: Arc<Counters>,
    readers: Arc<Readers>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<G: Group> House<G> {
    /// Closes the queue and waits for the writer. Blocks.
    fn end(&self) {
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // An operation may hold the last handle: the writer does not wait for itself.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != std::thread::current().id())
            && thread.join().is_err()
        {
            tracing::error!(store.path = %self.path.display(), "the writer panicked");
        }
    }
}

impl<G: Group> Drop for House<G> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<G: Group> Store<G> {
    /// Opens `path`, makes it if need be, brings its schema up to date, and starts its writer. Blocks: for the start.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open(path: &Path, options: &Options, group: G) -> Result<Self, OpenError> {
        Self::open_with(path, options, group, Clock::system())
    }

    pub(crate) fn open_with(path: &Path, options: &Options, group: G, clock: Clock) -> Result<Self, OpenError> {
        let open = |source| OpenError::Open { path: path.to_owned(), source };
        let thread = |source| OpenError::Thread { path: path.to_owned(), source };
        let mut connection = open_writer(path, options.synchronous).map_err(open)?;
        migrate(&mut connection, path, options.migrations)?;
        let readers = Readers::open(path, options.readers).map_err(open)?;
        let counters = Arc::new(Counters::default());
        counters.synchronous.store(synchronous_level(&connection).map_err(open)?, Ordering::Relaxed);
        let checkpoints = Checkpoints::start(path).map_err(thread)?;
        checkpoints.watch(&mut connection).map_err(open)?;
        let queue = Arc::new(Queue::new(clock));
        let writer = Writer {
            path: path.to_owned(),
            synchronous: options.synchronous,
            connection,
            group,
            queue: Arc::clone(&queue),
            counters: Arc::clone(&counters),
            checkpoints,
        };
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let thread =
            std::thread::Builder::new().name(format!("store-{name}")).spawn(move || writer.run()).map_err(thread)?;
        let mut wal_path = path.as_os_str().to_owned();
        wal_path.push("-wal");
        Ok(Self(Arc::new(House {
            path: path.to_owned(),
            wal_path: wal_path.into(),
            queue,
            counters,
            readers: Arc::new(readers),
            thread: Mutex::new(Some(thread)),
        })))
    }

    /// Runs `op` on the writer's thread within a savepoint of its own, and answers after the commit that holds it.
    ///
    /// `op` is short (a guide: 1,000 rows, 5 ms): everybody waits for it. Dropping the future changes nothing once it
    /// was polled.
    ///
    /// # Errors
    ///
    /// See [`WriteError`].
    pub async fn write<T, E>(
        &self,
        op: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, WriteError<E>>
    where
        T: Send + 'static,
        E: Send + 'static + From<rusqlite::Error>,
    {
        self.0.queue.enter().map_err(|Full| WriteError::Full)?;
        let (job, answer) = Write::new(op);
        self.0.queue.send(Entry::Job(Box::new(job)));
        answer.await.unwrap_or(Err(WriteError::Closed))
    }

    /// [`Store::write`] for the start and the command line.
    ///
    /// # Errors
    ///
    /// See [`WriteError`].
    pub fn write_blocking<T, E>(
        &self,
        op: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, WriteError<E>>
    where
        T: Send + 'static,
        E: Send + 'static + From<rusqlite::Error>,
    {
        wait_for(self.write(op))
    }

    /// Runs `op` with the next commit that somebody waits for, or alone after a second. Nobody is told how it ended:
    /// an error is logged.
    ///
    /// # Errors
    ///
    /// [`Full`] when 1,024 wait, or the store is closed; `op` is dropped.
    pub fn ride(&self, op: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static) -> Result<(), Full> {
        self.0.queue.ride(Box::new(Rider::new(op)))
    }

    /// Runs `op` on a read connection, on a thread that may block. Short: a long read keeps the log from shrinking.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub async fn read<T: Send + 'static>(
        &self,
        op: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ReadError> {
        let _turn = self.0.readers.turn().await?;
        let readers = Arc::clone(&self.0.readers);
        tokio::task::spawn_blocking(move || readers.read(op)).await.unwrap_or(Err(ReadError::Closed))
    }

    /// [`Store::read`] for the start and the command line.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub fn read_blocking<T>(&self, op: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, ReadError> {
        self.0.readers.read(op)
    }

    /// Takes a place in the queue, so that a later [`Slot::send`] always finds room.
    ///
    /// # Errors
    ///
    /// [`Full`] when all 1,024 are taken.
    pub fn try_slot(&self) -> Result<Slot<G>, Full> {
        self.0.queue.enter()?;
        Ok(Slot { queue: Some(Arc::clone(&self.0.queue)) })
    }

    /// What the writer has done and how it is.
    pub fn stats(&self) -> Stats {
        // No log, no bytes: SQLite removes it when the last connection closes.
        let wal_bytes = std::fs::metadata(&self.0.wal_path).map_or(0, |wal| wal.len());
        self.0.counters.read(self.0.queue.len(), wal_bytes)
    }

    /// Whether the file can be written at present, without asking the system anything.
    pub fn is_poisoned(&self) -> bool {
        self.0.counters.poisoned.load(Ordering::Relaxed)
    }

    /// Writes what is queued and ends the writer. Later operations are answered [`WriteError::Closed`].
    pub async fn close(&self) {
        self.0.queue.close();
        let house = Arc::clone(&self.0);
        if tokio::task::spawn_blocking(move || house.end()).await.is_err() {
            tracing::error!(store.path = %self.0.path.display(), "closing was cut short");
        }
    }

    #[cfg(test)]
    pub(crate) fn queue(&self) -> &Queue<G> {
        &self.0.queue
    }
}

/// A place in the queue. Dropping it gives the place back.
#[must_use = "dropping a slot gives its place back"]
pub struct Slot<G: Group> {
    queue: Option<Arc<Queue<G>>>,
}

impl<G: Group> std::fmt::Debug for Slot<G> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

impl<G: Group> Slot<G> {
    /// Queues `op`. It is written whether or not the answer is awaited.
    pub fn send(mut self, op: G::Op) -> Answer<G::Answer> {
        let (reply, answer) = oneshot::channel();
        if let Some(queue) = self.queue.take() {
            queue.send(Entry::Grouped { op, reply });
        }
        Answer(answer)
    }
}

impl<G: Group> Drop for Slot<G> {
    fn drop(&mut self) {
        if let Some(queue) = &self.queue {
            queue.leave();
        }
    }
}

/// What becomes of a grouped operation: ready after the commit that holds it. Dropping it changes nothing.
#[derive(Debug)]
#[must_use = "an operation that nobody waits for may fail unseen"]
pub struct Answer<A>(oneshot::Receiver<Result<A, WriteError<Infallible>>>);

impl<A> Answer<A> {
    /// Waits on this thread: for the start and the command line.
    ///
    /// # Errors
    ///
    /// See [`WriteError`].
    pub fn wait(self) -> Result<A, WriteError<Infallible>> {
        wait_for(self)
    }
}

impl<A> Future for Answer<A> {
    type Output = Result<A, WriteError<Infallible>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or(Err(WriteError::Closed)))
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits on this thread, inside a runtime or not.
fn wait_for<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::park();
    }
}

#[cfg(test)]
mod tests;
