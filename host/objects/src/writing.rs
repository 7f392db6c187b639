//! An object on its way into its place.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::ObjectError;
use crate::name::Name;
use crate::owned::Owned;

/// What is being written, beside the buckets: no bucket has such a name.
pub(crate) const WRITING: &str = ".writing";

/// An object on its way. Dropped before its end it is as if it had never begun.
#[derive(Debug)]
pub struct Writing {
    owned: Owned,
    name: Name,
    file: io::BufWriter<File>,
    path: PathBuf,
    bytes: u64,
    is_finished: bool,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Its size.
    pub bytes: u64,
    /// Whether there was none of that name.
    pub is_new: bool,
}

impl Writing {
    pub(crate) fn begin(owned: &Owned, name: &Name) -> Result<Self, ObjectError> {
        let into = owned.path(name)?;
        owned.admit(&into)?;
        let opened = open(&owned.folder().join(WRITING));
        let (file, path) = opened.inspect_err(|_| owned.give_back(0))?;
        let (owned, name, file) = (owned.clone(), name.clone(), io::BufWriter::new(file));
        Ok(Self { owned, name, file, path, bytes: 0, is_finished: false })
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds to it. Blocks.
    ///
    /// # Errors
    ///
    /// [`ObjectError::TooLarge`], [`ObjectError::NoRoom`] and [`ObjectError::File`]: drop it then.
    pub fn put(&mut self, part: &[u8]) -> Result<(), ObjectError> {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        let bytes = self.bytes.saturating_add(length);
        let most = self.owned.limits().object_max;
        if bytes > most.get() {
            return Err(ObjectError::TooLarge(most));
        }
        self.owned.take(length)?;
        self.bytes = bytes;
        self.file.write_all(part).map_err(ObjectError::write)
    }

    /// Puts the whole object in its place, on disk; one that was there is replaced. Blocks.
    ///
    /// # Errors
    ///
    /// [`ObjectError::NoFile`] and [`ObjectError::File`]: it is not there, but where the last step alone has failed.
    pub fn finish(mut self) -> Result<Written, ObjectError> {
        self.file.flush().map_err(ObjectError::write)?;
        self.file.get_ref().sync_all().map_err(ObjectError::write)?;
        let (into, replaced) = self.owned.put_in_place(&self.name, &self.path)?;
        self.is_finished = true;
        sync_above(&into, self.owned.folder()).map_err(ObjectError::write)?;
        Ok(Written { bytes: self.bytes, is_new: replaced.is_none() })
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        self.owned.give_back(self.bytes);
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "an unfinished object stays behind");
        }
    }
}

fn open(folder: &Path) -> Result<(File, PathBuf), ObjectError> {
    make_folder(folder).map_err(ObjectError::write)?;
    let path = folder.join(uuid::Uuid::new_v4().to_string());
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(ObjectError::write)?;
    Ok((file, path))
}

pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Forces the names above a file to disk: that of each folder up to `root`, and that of `root`.
pub(crate) fn sync_above(path: &Path, root: &Path) -> io::Result<()> {
    for folder in path.ancestors().skip(1) {
        File::open(folder)?.sync_all()?;
        if folder == root {
            break;
        }
    }
    root.parent().map_or(Ok(()), |above| File::open(above)?.sync_all())
}
