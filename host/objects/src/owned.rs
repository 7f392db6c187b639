//! The objects of one organisation.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::account::{Account, Limits, Opened, Used};
use crate::error::ObjectError;
use crate::name::{Name, check_bucket};
use crate::walk::{self, Listed};
use crate::writing::{Writing, make_folder, sync_above};

/// The objects of one organisation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Owned {
    folder: PathBuf,
    limits: Limits,
    account: Arc<Account>,
}

/// An object that is read. It stays what it is when the object is replaced or deleted meanwhile.
#[derive(Debug)]
pub struct Reading {
    /// Its bytes.
    pub file: File,
    /// Its size, and when it was written.
    pub listed: Listed,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub used: Used,
}

impl Owned {
    pub(crate) fn new(folder: PathBuf, limits: Limits, account: Arc<Account>) -> Self {
        Self { folder, limits, account }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// How much may be kept.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Opens an object to read it. Blocks.
    ///
    /// # Errors
    ///
    /// [`ObjectError::Missing`], [`ObjectError::NoFile`] and [`ObjectError::File`].
    pub fn open(&self, name: &Name) -> Result<Reading, ObjectError> {
        let path = self.path(name)?;
        if !std::fs::symlink_metadata(&path).map_err(|source| unopened(source, name))?.is_file() {
            return Err(ObjectError::NoFile(name.uri()));
        }
        let file = File::open(path).map_err(|source| unopened(source, name))?;
        let data = file.metadata().map_err(|source| unopened(source, name))?;
        Ok(Reading { file, listed: Listed::of(name.key().to_owned(), &data) })
    }

    /// Begins to write an object. Blocks, as all that follows does.
    ///
    /// # Errors
    ///
    /// [`ObjectError::NoFile`], [`ObjectError::NoPlace`] and [`ObjectError::File`].
    pub fn write(&self, name: &Name) -> Result<Writing, ObjectError> {
        Writing::begin(self, name)
    }

    /// Deletes an object, on disk, and the folders that it leaves empty. Blocks.
    ///
    /// # Errors
    ///
    /// [`ObjectError::Missing`], [`ObjectError::NoFile`] and [`ObjectError::File`].
    pub fn delete(&self, name: &Name) -> Result<Listed, ObjectError> {
        let path = self.path(name)?;
        let mut account = self.opened()?;
        let data = std::fs::symlink_metadata(&path).map_err(|source| unopened(source, name))?;
        std::fs::remove_file(&path).map_err(|source| ObjectError::File { what: "delete", source })?;
        account.subtract(data.len(), 1);
        let kept =
            path.ancestors().skip(1).find(|folder| *folder == self.folder || std::fs::remove_dir(folder).is_err());
        drop(account);
        let synced = sync_above(&kept.unwrap_or(&self.folder).join("any"), &self.folder);
        synced.map_err(|source| ObjectError::File { what: "delete", source })?;
        Ok(Listed::of(name.key().to_owned(), &data))
    }

    /// Objects of a bucket whose keys begin with `prefix` and come after `after`, at most `most`, in the order of their keys.
    /// A bucket that nobody has written to is empty. Blocks.
    ///
    /// # Errors
    ///
    /// [`ObjectError::Bucket`], [`ObjectError::TooMany`] and [`ObjectError::File`].
    pub fn list(&self, bucket: &str, within: (&str, &str), most: usize) -> Result<Vec<Listed>, ObjectError> {
        check_bucket(bucket)?;
        walk::list(&self.folder.join(bucket), within, most)
    }

    /// The buckets, by name, with what is in them. Blocks: it looks at every object.
    ///
    /// # Errors
    ///
    /// [`ObjectError::File`].
    pub fn buckets(&self) -> Result<Vec<Bucket>, ObjectError> {
        let names = walk::buckets(&self.folder)?.into_iter();
        let mut all: Vec<Bucket> = names.map(|name| Bucket { name, used: Used::default() }).collect();
        walk::each(&self.folder, &mut |bucket, object| {
            if let Some(one) = all.iter_mut().find(|one| one.name == bucket) {
                one.used.bytes = one.used.bytes.saturating_add(object.bytes);
                one.used.objects = one.used.objects.saturating_add(1);
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// What is kept. Blocks.
    ///
    /// # Errors
    ///
    /// [`ObjectError::File`].
    pub fn used(&self) -> Result<Used, ObjectError> {
        Ok(self.opened()?.used())
    }

    fn opened(&self) -> Result<Opened<'_>, ObjectError> {
        self.account.open(|| {
            let mut used = Used::default();
            walk::each(&self.folder, &mut |_, object| {
                used.bytes = used.bytes.saturating_add(object.bytes);
                used.objects = used.objects.saturating_add(1);
                Ok(())
            })?;
            Ok(used)
        })
    }

    /// A place for one more object, or for one in the place of another.
    pub(crate) fn admit(&self, into: &Path) -> Result<(), ObjectError> {
        let mut account = self.opened()?;
        if account.used().objects >= self.limits.objects_max && std::fs::symlink_metadata(into).is_err() {
            return Err(ObjectError::NoPlace(self.limits.objects_max));
        }
        account.add(0, 1);
        Ok(())
    }

    /// Room for more bytes.
    pub(crate) fn take(&self, bytes: u64) -> Result<(), ObjectError> {
        let mut account = self.opened()?;
        if account.used().bytes.saturating_add(bytes) > self.limits.bytes_max.get() {
            return Err(ObjectError::NoRoom(self.limits.bytes_max));
        }
        account.add(bytes, 0);
        Ok(())
    }

    /// An object was not written after all.
    pub(crate) fn give_back(&self, bytes: u64) {
        if let Ok(mut account) = self.opened() {
            account.subtract(bytes, 1);
        }
    }

    /// Gives what was written at `from` its name: where it lies now, and the size of what was there.
    pub(crate) fn put_in_place(&self, name: &Name, from: &Path) -> Result<(PathBuf, Option<u64>), ObjectError> {
        let mut account = self.opened()?;
        // Others may have made or removed folders on the way since it began.
        let into = self.path(name)?;
        if let Some(above) = into.parent() {
            make_folder(above).map_err(ObjectError::write)?;
        }
        let replaced = std::fs::symlink_metadata(&into).ok().map(|data| data.len());
        std::fs::rename(from, &into).map_err(ObjectError::write)?;
        if let Some(bytes) = replaced {
            account.subtract(bytes, 1);
        }
        Ok((into, replaced))
    }

    /// Where an object lies. No part of the way may be a link.
    pub(crate) fn path(&self, name: &Name) -> Result<PathBuf, ObjectError> {
        let mut path = self.folder.join(name.bucket());
        for part in name.key().split('/') {
            if std::fs::symlink_metadata(&path).is_ok_and(|found| !found.is_dir()) {
                return Err(ObjectError::NoFile(name.uri()));
            }
            path.push(part);
        }
        if std::fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(ObjectError::NoFile(name.uri()));
        }
        Ok(path)
    }
}

fn unopened(source: io::Error, name: &Name) -> ObjectError {
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ObjectError::Missing(name.uri()),
        _ => ObjectError::File { what: "open", source },
    }
}

#[cfg(test)]
mod tests;
