//! Operations that are written together.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;

use crate::job::{Savepoint, TransactionLost};
use crate::writer::is_trouble;

/// What a room writes as one group, however many callers it came from: so that a key that many of them touch is
/// written once. It lives on the writer's thread, and may keep what it needs in memory between groups.
pub trait Group: Send + 'static {
    /// One operation with all its parameters: no await, no clock, no network.
    type Op: Send + 'static;
    /// What its caller is told after the commit.
    type Answer: Send + 'static;

    /// Writes all of `ops`, and gives one answer for each, in their order.
    ///
    /// # Errors
    ///
    /// When it cannot be written. The writer undoes it, calls [`Group::undone`], and tries each half, so that in the
    /// end only the operations that cannot be written alone are answered with an error. A panic is treated the same.
    fn settle(&mut self, tx: &Connection, ops: &[Self::Op]) -> rusqlite::Result<Vec<Self::Answer>>;

    /// All that was settled since the last call of this is on disk.
    fn committed(&mut self);

    /// Something that was settled since the last [`Group::committed`] is undone: forget everything remembered since
    /// then, and read it again through `tx`. Other halves of the same group may still stand there.
    fn undone(&mut self);
}

/// For rooms without grouped operations.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoGroup;

impl Group for NoGroup {
    type Op = Infallible;
    type Answer = Infallible;

    fn settle(&mut self, _tx: &Connection, _ops: &[Infallible]) -> rusqlite::Result<Vec<Infallible>> {
        Ok(Vec::new())
    }

    fn committed(&mut self) {}

    fn undone(&mut self) {}
}

/// One result per operation, in order.
pub(crate) type Settled<A> = Vec<rusqlite::Result<A>>;

/// Settles `ops` in the transaction that has just begun and holds nothing else yet.
pub(crate) fn settle_all<G: Group>(
    group: &mut G,
    tx: &Connection,
    ops: &[G::Op],
) -> Result<Settled<G::Answer>, TransactionLost> {
    // The transaction itself is the first savepoint: the usual group pays for no other.
    match attempt(group, tx, ops) {
        Ok(answers) => Ok(answers.into_iter().map(Ok).collect()),
        Err(error) if is_trouble(&error) => Err(TransactionLost(error)),
        Err(error) => {
            restart(tx).map_err(TransactionLost)?;
            group.undone();
            let mut settled = Vec::with_capacity(ops.len());
            halve(group, tx, ops, error, &mut settled)?;
            Ok(settled)
        }
    }
}

/// `ops` failed together with `error`: settles its halves, each within a savepoint.
fn halve<G: Group>(
    group: &mut G,
    tx: &Connection,
    ops: &[G::Op],
    error: rusqlite::Error,
    settled: &mut Settled<G::Answer>,
) -> Result<(), TransactionLost> {
    if ops.len() <= 1 {
        settled.extend(ops.iter().zip([error]).map(|(_, error)| Err(error)));
        return Ok(());
    }
    let (first, second) = ops.split_at(ops.len() / 2);
    for half in [first, second] {
        let savepoint = Savepoint::begin(tx)?;
        match attempt(group, tx, half) {
            Ok(answers) => {
                savepoint.release()?;
                settled.extend(answers.into_iter().map(Ok));
            }
            Err(error) if is_trouble(&error) => return Err(TransactionLost(error)),
            Err(error) => {
                let undone = savepoint.undo();
                group.undone();
                undone?;
                halve(group, tx, half, error, settled)?;
            }
        }
    }
    Ok(())
}

fn attempt<G: Group>(group: &mut G, tx: &Connection, ops: &[G::Op]) -> rusqlite::Result<Vec<G::Answer>> {
    let answers = catch_unwind(AssertUnwindSafe(|| group.settle(tx, ops))).unwrap_or_else(|_| {
        tracing::error!(store.ops = ops.len(), "a grouped operation panicked and is undone");
        Err(refused("a grouped operation panicked"))
    })?;
    // An answer too few would leave a caller with another's.
    if answers.len() == ops.len() { Ok(answers) } else { Err(refused("a group gave the wrong number of answers")) }
}

fn restart(tx: &Connection) -> rusqlite::Result<()> {
    if !tx.is_autocommit() {
        tx.prepare_cached("ROLLBACK")?.execute([])?;
    }
    tx.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop)
}

fn refused(why: &str) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT), Some(why.to_owned()))
}
