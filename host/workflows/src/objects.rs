//! Objects, as readers and writers of distributed Maps name them: files of the host's own folder, by organisation, bucket
//! and key. No name leads out of that folder, and no link is followed.

use std::fs::{DirBuilder, DirEntry, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Bytes of a key (the limit of S3), and of one part of it (of most file systems).
const KEY_MAX: usize = 1_024;
const PART_MAX: usize = 255;
/// Names that are read of one bucket for one piece of a listing. (A guess: some tenths of a second.)
const NAMES_MAX: usize = 200_000;
/// Bytes of one object that is written.
pub(crate) const OBJECT_MAX: u64 = 256 << 20;
/// What is being written, beside the buckets: no bucket has such a name.
const WRITING: &str = ".writing";

/// The objects of one organisation.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    folder: PathBuf,
}

/// A bucket and a key that can be a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectName {
    bucket: String,
    key: String,
}

/// Why there is no such object, or it cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ObjectError {
    #[error("'{0}' is not the name of a bucket: 3 to 63 of a-z, 0-9, '.' and '-'")]
    Bucket(String),
    #[error("'{0}' is not the key of an object here: parts between '/', none of them empty, '.' or '..'")]
    Key(String),
    #[error("there is no object '{0}'; objects lie in the host's folder 'objects', by organisation and bucket")]
    Missing(String),
    #[error("'{0}' is no file")]
    NoFile(String),
    #[error("the bucket has more than {NAMES_MAX} names")]
    TooMany,
    #[error("an object must not be larger than {OBJECT_MAX} bytes")]
    TooLarge,
    #[error("could not {what} an object")]
    File { what: &'static str, source: io::Error },
}

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) key: String,
    pub(crate) bytes: u64,
    /// Seconds since the epoch.
    pub(crate) changed_s: i64,
}

impl ObjectName {
    pub(crate) fn new(bucket: &str, key: &str) -> Result<Self, ObjectError> {
        check_bucket(bucket)?;
        let fits = |part: &str| !matches!(part, "" | "." | "..") && part.len() <= PART_MAX;
        if key.len() > KEY_MAX || !key.split('/').all(fits) || key.chars().any(char::is_control) {
            return Err(ObjectError::Key(key.chars().take(100).collect()));
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// As the context object of an item has it.
    pub(crate) fn uri(&self) -> String {
        format!("S3://{}/{}", self.bucket, self.key)
    }
}

pub(crate) fn check_bucket(bucket: &str) -> Result<(), ObjectError> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [bucket.bytes().next(), bucket.bytes().next_back()];
    let fits = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|byte| inner(byte) || matches!(byte, b'.' | b'-'))
        && ends.into_iter().all(|end| end.is_some_and(inner));
    if fits { Ok(()) } else { Err(ObjectError::Bucket(bucket.chars().take(100).collect())) }
}

impl Objects {
    pub(crate) fn of(folder: &Path, organisation: &str) -> Self {
        Self { folder: folder.join(organisation) }
    }

    /// Opens an object to read it. Blocks.
    pub(crate) fn open(&self, name: &ObjectName) -> Result<File, ObjectError> {
        let path = self.path(name)?;
        let missing = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ObjectError::Missing(name.uri()),
            _ => ObjectError::File { what: "open", source },
        };
        if !std::fs::symlink_metadata(&path).map_err(missing)?.is_file() {
            return Err(ObjectError::NoFile(name.uri()));
        }
        File::open(path).map_err(missing)
    }

    /// Begins to write an object. Blocks, as all that follows does.
    pub(crate) fn write(&self, name: &ObjectName) -> Result<Writing, ObjectError> {
        let failed = |source| ObjectError::File { what: "write", source };
        let into = self.path(name)?;
        let folder = self.folder.join(WRITING);
        make_folder(&folder).map_err(failed)?;
        if let Some(parent) = into.parent() {
            make_folder(parent).map_err(failed)?;
        }
        let path = folder.join(uuid::Uuid::new_v4().to_string());
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        Ok(Writing { file: io::BufWriter::new(file), path, into, bytes: 0 })
    }

    /// Objects whose keys begin with `prefix` and come after `after`, at most `most`, in the order of their keys. Blocks.
    pub(crate) fn list(
        &self,
        bucket: &str,
        (prefix, after): (&str, &str),
        most: usize,
    ) -> Result<Vec<Listed>, ObjectError> {
        check_bucket(bucket)?;
        let mut walk = Walk { prefix, after, most, names: 0, found: Vec::new() };
        walk.folder(&self.folder.join(bucket), "")?;
        Ok(walk.found)
    }

    /// Where an object lies. No part of the way may be a link.
    fn path(&self, name: &ObjectName) -> Result<PathBuf, ObjectError> {
        let mut path = self.folder.join(&name.bucket);
        for part in name.key.split('/') {
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

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// An object on its way. Dropped before its end it is as if it had never begun.
#[derive(Debug)]
pub(crate) struct Writing {
    file: io::BufWriter<File>,
    path: PathBuf,
    into: PathBuf,
    pub(crate) bytes: u64,
}

impl Writing {
    pub(crate) fn put(&mut self, text: &[u8]) -> Result<(), ObjectError> {
        self.bytes = self.bytes.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
        if self.bytes > OBJECT_MAX {
            return Err(ObjectError::TooLarge);
        }
        self.file.write_all(text).map_err(|source| ObjectError::File { what: "write", source })
    }

    /// Puts the whole object in its place, on disk.
    pub(crate) fn finish(mut self) -> Result<u64, ObjectError> {
        let failed = |source| ObjectError::File { what: "write", source };
        self.file.flush().map_err(failed)?;
        self.file.get_ref().sync_all().map_err(failed)?;
        std::fs::rename(&self.path, &self.into).map_err(failed)?;
        if let Some(parent) = self.into.parent() {
            File::open(parent).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        Ok(self.bytes)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // Gone already where it was put in its place.
        drop(std::fs::remove_file(&self.path));
    }
}

struct Walk<'w> {
    prefix: &'w str,
    after: &'w str,
    most: usize,
    names: usize,
    found: Vec<Listed>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path, above: &str) -> Result<(), ObjectError> {
        let failed = |source| ObjectError::File { what: "list", source };
        let read = match std::fs::read_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            read => read.map_err(failed)?,
        };
        let mut names: Vec<(String, DirEntry)> = Vec::new();
        for entry in read {
            let entry = entry.map_err(failed)?;
            self.names = self.names.saturating_add(1);
            if self.names > NAMES_MAX {
                return Err(ObjectError::TooMany);
            }
            let kind = entry.file_type().map_err(failed)?;
            // What is no text is no key, and a link leads elsewhere.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let end = if kind.is_dir() { "/" } else { "" };
            let key = format!("{above}{name}{end}");
            let is_before = self.after >= key.as_str() && !(kind.is_dir() && self.after.starts_with(&key));
            let is_within = key.starts_with(self.prefix) || kind.is_dir() && self.prefix.starts_with(&key);
            if !is_before && is_within && key.len() <= KEY_MAX && (kind.is_dir() || kind.is_file()) {
                names.push((key, entry));
            }
        }
        names.sort_by(|one, other| one.0.cmp(&other.0));
        for (key, entry) in names {
            if self.found.len() >= self.most {
                break;
            }
            if key.ends_with('/') {
                self.folder(&entry.path(), &key)?;
            } else {
                let data = entry.metadata().map_err(failed)?;
                self.found.push(Listed { key, bytes: data.len(), changed_s: data.mtime() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(objects: &Objects, key: &str, text: &str) {
        let mut writing = objects.write(&ObjectName::new("bucket", key).unwrap()).unwrap();
        writing.put(text.as_bytes()).unwrap();
        assert_eq!(writing.finish().unwrap(), text.len() as u64);
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for (bucket, key) in [
            ("..", "a"),
            ("Bucket", "a"),
            ("a/b", "a"),
            (".writing", "a"),
            ("bucket", ""),
            ("bucket", "../a"),
            ("bucket", "a/../b"),
            ("bucket", "a//b"),
            ("bucket", "/a"),
            ("bucket", "a/"),
            ("bucket", "a\0b"),
            ("bucket", &"a/".repeat(600)),
        ] {
            assert!(ObjectName::new(bucket, key).is_err(), "{bucket} {key}");
        }
    }

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::of(folder.path(), "one");
        put(&objects, "real", "x");
        let bucket = folder.path().join("one/bucket");
        std::os::unix::fs::symlink("/etc/passwd", bucket.join("file")).unwrap();
        std::os::unix::fs::symlink("/etc", bucket.join("folder")).unwrap();
        for key in ["file", "folder/passwd"] {
            let name = ObjectName::new("bucket", key).unwrap();
            assert!(matches!(objects.open(&name), Err(ObjectError::NoFile(_))), "{key}");
            assert!(objects.write(&name).is_err(), "{key}");
        }
        let keys: Vec<_> = objects.list("bucket", ("", ""), 10).unwrap().into_iter().map(|one| one.key).collect();
        assert_eq!(keys, ["real"]);
    }

    #[test]
    fn a_listing_goes_on_after_a_key_in_the_order_of_keys() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::of(folder.path(), "one");
        for key in ["a/2", "a/1", "a-b", "a/x/1", "b", "c/1"] {
            put(&objects, key, key);
        }
        let keys = |prefix: &str, after: &str, most| -> Vec<String> {
            objects.list("bucket", (prefix, after), most).unwrap().into_iter().map(|one| one.key).collect()
        };
        assert_eq!(keys("", "", 10), ["a-b", "a/1", "a/2", "a/x/1", "b", "c/1"]);
        assert_eq!(keys("a/", "", 2), ["a/1", "a/2"]);
        assert_eq!(keys("a/", "a/2", 10), ["a/x/1"]);
        assert_eq!(keys("", "a/x/1", 1), ["b"]);
        assert_eq!(objects.list("other", ("", ""), 9).unwrap(), []);
    }

    #[test]
    fn an_object_that_is_not_finished_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::of(folder.path(), "one");
        let name = ObjectName::new("bucket", "a/b").unwrap();
        let mut writing = objects.write(&name).unwrap();
        writing.put(b"x").unwrap();
        drop(writing);
        assert!(matches!(objects.open(&name), Err(ObjectError::Missing(_))));
        assert_eq!(std::fs::read_dir(folder.path().join("one/.writing")).unwrap().count(), 0);
    }
}
