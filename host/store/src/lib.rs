//! Opens SQLite: pragmas, migrations, the writer thread with group commit, and the readers beside it.
//!
//! Rooms that keep a file hand in what to run; this room decides when it is written and who is told. It knows no
//! table. It never answers an operation before the commit that holds it.
//!
//! ```text
//! callers -> 1,024 places -> writer thread: what is queued (<= 256) -> BEGIN IMMEDIATE
//!   grouped operations: Group::settle, all at once   (error: undone, halved; only the offender is told)
//!   each other:         SAVEPOINT, run, RELEASE      (error: rolled back to it; only that caller is told)
//! COMMIT -> the answers                              (failed: every caller is told, none "done")
//! ```

mod backup;
mod checkpoint;
mod group;
mod job;
mod lock;
mod open;
mod queue;
mod readers;
mod stats;
mod store;
mod writer;

pub use backup::{Copied, CopyError, copy, faults};
pub use group::{Group, NoGroup};
pub use lock::{DataLock, LockError};
pub use open::{OpenError, Options, Synchronous, open_read_only};
pub use readers::ReadError;
pub use stats::Stats;
pub use store::{Answer, Full, Slot, Store, WriteError};
