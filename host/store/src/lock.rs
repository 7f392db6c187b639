//! One host per data folder.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// The file that is locked, inside the data folder.
const LOCK_FILE: &str = "weir.lock";

/// Proof that this process alone works on a data folder. Dropping it, or the end of the process, lets go.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

/// Why a data folder could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("another host already works on {}", folder.display())]
    Taken {
        /// The data folder.
        folder: PathBuf,
    },
    /// The lock file could not be made or locked.
    #[error("could not lock {}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl DataLock {
    /// Takes `folder`, which must exist.
    ///
    /// # Errors
    ///
    /// [`LockError::Taken`] when another process has it; [`LockError::Io`] when the lock file cannot be made.
    pub fn acquire(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(LOCK_FILE);
        let io = |source| LockError::Io { path: path.clone(), source };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken { folder: folder.to_owned() }),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_until_it_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let held = DataLock::acquire(folder.path()).unwrap();
        assert!(matches!(DataLock::acquire(folder.path()), Err(LockError::Taken { .. })));
        drop(held);
        DataLock::acquire(folder.path()).unwrap();
    }
}
