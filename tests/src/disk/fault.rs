//! Writes and syncs that fail, once, when a test says so.

use std::ffi::c_int;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::ffi;

/// How a write or a sync fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is no room. Syncs, which need none, are passed over.
    Full,
    /// The device fails.
    Io,
    /// The device fails after half of the bytes; syncs fail whole.
    Torn,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Full, Self::Io, Self::Torn];
}

#[derive(Debug)]
struct Plan {
    calls: u64,
    fails: Option<(u64, Fault)>,
}

static PLAN: Mutex<Plan> = Mutex::new(Plan { calls: 0, fails: None });

static TURN: Mutex<()> = Mutex::new(());

/// Waits until no other test of this process lets calls fail: there is one plan for all.
pub fn alone() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets the write or sync numbered `call` from now, from 0, fail once; only those of files on the lossy disk count.
pub fn fail_at(call: u64, fault: Fault) {
    *plan() = Plan { calls: 0, fails: Some((call, fault)) };
}

/// How many writes and syncs there were since [`fail_at`].
pub fn went_by() -> u64 {
    plan().calls
}

/// What is written of `bytes`, and the failure if there is one.
pub(super) fn at_write(bytes: &[u8]) -> (&[u8], Option<c_int>) {
    match next() {
        None => (bytes, None),
        Some(Fault::Full) => (&[], Some(ffi::SQLITE_FULL)),
        Some(Fault::Io) => (&[], Some(ffi::SQLITE_IOERR_WRITE)),
        Some(Fault::Torn) => (&bytes[..bytes.len() / 2], Some(ffi::SQLITE_IOERR_WRITE)),
    }
}

/// The failure, if there is one.
pub(super) fn at_sync() -> Option<c_int> {
    next().filter(|fault| *fault != Fault::Full).map(|_| ffi::SQLITE_IOERR_FSYNC)
}

fn next() -> Option<Fault> {
    let mut plan = plan();
    let this = plan.calls;
    plan.calls += 1;
    plan.fails.take_if(|(call, _)| *call == this).map(|(_, fault)| fault)
}

fn plan() -> MutexGuard<'static, Plan> {
    PLAN.lock().unwrap_or_else(PoisonError::into_inner)
}
