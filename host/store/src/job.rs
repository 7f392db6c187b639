//! Operations that are written one by one, each within its own savepoint.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::WriteError;

/// SQLite gave up the whole transaction, or it cannot be rolled back to where an operation began: nothing of the
/// group is written.
#[derive(Debug)]
pub(crate) struct TransactionLost(pub(crate) rusqlite::Error);

/// How the transaction around an operation ended.
#[derive(Clone, Copy)]
pub(crate) enum Fate<'a> {
    Committed,
    /// The commit failed.
    Uncertain,
    /// Nothing of it is written, because of this.
    Unwritten(&'a rusqlite::Error),
}

/// One operation of any kind, with whoever waits for it.
pub(crate) trait Job: Send {
    /// Runs it within the transaction, and keeps its result. Errs when the transaction is lost with it.
    fn run(&mut self, tx: &Connection) -> Result<(), TransactionLost>;
    /// Tells the caller.
    fn answer(self: Box<Self>, fate: Fate<'_>);
}

/// A place in a transaction to which an operation can be undone.
pub(crate) struct Savepoint<'a>(&'a Connection);

impl<'a> Savepoint<'a> {
    pub(crate) fn begin(tx: &'a Connection) -> Result<Self, TransactionLost> {
        tx.prepare_cached("SAVEPOINT op").and_then(|mut begin| begin.execute([])).map_err(TransactionLost)?;
        Ok(Self(tx))
    }

    pub(crate) fn release(self) -> Result<(), TransactionLost> {
        let release = self.0.prepare_cached("RELEASE op").and_then(|mut release| release.execute([]));
        release.map(drop).map_err(TransactionLost)
    }

    pub(crate) fn undo(self) -> Result<(), TransactionLost> {
        let undo = self.0.prepare_cached("ROLLBACK TO op").and_then(|mut undo| undo.execute([]));
        undo.map_err(TransactionLost)?;
        self.release()
    }
}

/// How an operation ended within its savepoint.
enum Ran<T, E> {
    Done(T),
    Refused(E),
    Panicked,
}

/// Runs `op` so that it leaves all that it wrote, or nothing.
fn run_alone<T, E>(
    tx: &Connection,
    op: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<Ran<T, E>, TransactionLost> {
    let savepoint = Savepoint::begin(tx)?;
    let ran = match catch_unwind(AssertUnwindSafe(|| op(tx))) {
        Ok(Ok(value)) => Ran::Done(value),
        Ok(Err(error)) => Ran::Refused(error),
        Err(_) => Ran::Panicked,
    };
    if matches!(ran, Ran::Done(_)) {
        savepoint.release()?;
        return Ok(ran);
    }
    savepoint.undo()?;
    Ok(ran)
}

/// An operation that somebody waits for.
pub(crate) struct Write<F, T, E> {
    op: Option<F>,
    result: Option<Result<T, WriteError<E>>>,
    reply: oneshot::Sender<Result<T, WriteError<E>>>,
}

impl<F, T, E> Write<F, T, E> {
    pub(crate) fn new(op: F) -> (Self, oneshot::Receiver<Result<T, WriteError<E>>>) {
        let (reply, answer) = oneshot::channel();
        (Self { op: Some(op), result: None, reply }, answer)
    }
}

impl<F, T, E> Job for Write<F, T, E>
where
    F: FnOnce(&Connection) -> Result<T, E> + Send,
    T: Send,
    E: Send,
{
    fn run(&mut self, tx: &Connection) -> Result<(), TransactionLost> {
        let Some(op) = self.op.take() else { return Ok(()) };
        self.result = Some(match run_alone(tx, op)? {
            Ran::Done(value) => Ok(value),
            Ran::Refused(error) => Err(WriteError::Refused(error)),
            Ran::Panicked => {
                tracing::error!("an operation panicked and is undone");
                Err(WriteError::Panicked)
            }
        });
        Ok(())
    }

    fn answer(self: Box<Self>, fate: Fate<'_>) {
        let result = match (fate, self.result) {
            // What was undone alone stays what it was, whatever became of its neighbours.
            (_, Some(Err(error))) => Err(error),
            (Fate::Committed, Some(Ok(value))) => Ok(value),
            (Fate::Committed, None) => Err(WriteError::Closed),
            (Fate::Uncertain, _) => Err(WriteError::Uncertain),
            (Fate::Unwritten(error), _) => Err(WriteError::Sqlite(copy_of(error))),
        };
        // A caller that went away is told nothing; what was written stays.
        drop(self.reply.send(result));
    }
}

/// An operation that nobody waits for.
pub(crate) struct Rider<F> {
    op: Option<F>,
}

impl<F> Rider<F> {
    pub(crate) fn new(op: F) -> Self {
        Self { op: Some(op) }
    }
}

impl<F> Job for Rider<F>
where
    F: FnOnce(&Connection) -> rusqlite::Result<()> + Send,
{
    fn run(&mut self, tx: &Connection) -> Result<(), TransactionLost> {
        let Some(op) = self.op.take() else { return Ok(()) };
        match run_alone(tx, op)? {
            Ran::Done(()) => {}
            Ran::Refused(error) => tracing::warn!(%error, "a riding operation failed and is undone"),
            Ran::Panicked => tracing::error!("a riding operation panicked and is undone"),
        }
        Ok(())
    }

    fn answer(self: Box<Self>, fate: Fate<'_>) {
        if !matches!(fate, Fate::Committed) {
            tracing::warn!("a riding operation was lost with its group");
        }
    }
}

/// The same failure for another caller: `rusqlite::Error` cannot be cloned.
pub(crate) fn copy_of(error: &rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(code, message) => rusqlite::Error::SqliteFailure(*code, message.clone()),
        other => rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ERROR),
            Some(other.to_string()),
        ),
    }
}
