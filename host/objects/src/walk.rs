//! Looking through folders of objects.

use std::fs::{DirEntry, FileType};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use types::{OrganisationId, Timestamp};

use crate::error::ObjectError;
use crate::name::{KEY_MAX, Name, is_bucket};

/// Names that are read of one bucket for one piece of a listing. (A guess: some tenths of a second.)
pub(crate) const NAMES_MAX: usize = 200_000;

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written, in whole seconds.
    pub changed: Timestamp,
}

impl Listed {
    pub(crate) fn of(key: String, data: &std::fs::Metadata) -> Self {
        let changed = Timestamp::from_micros(data.mtime().saturating_mul(1_000_000));
        Self { key, bytes: data.len(), changed }
    }

    /// What differs when the object does, as far as its size and its second tell: as S3 has it, with quotes.
    pub fn etag(&self) -> String {
        format!("\"{:x}-{:x}\"", self.changed.as_micros().div_euclid(1_000_000), self.bytes)
    }
}

/// Objects of a bucket that begin with `prefix` and come after `after`, at most `most`, in the order of their keys.
pub(crate) fn list(bucket: &Path, (prefix, after): (&str, &str), most: usize) -> Result<Vec<Listed>, ObjectError> {
    let mut walk = Walk { prefix, after, most, names: 0, found: Vec::new() };
    walk.folder(bucket, "")?;
    Ok(walk.found)
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
        let mut names: Vec<(String, DirEntry)> = Vec::new();
        for entry in read(path)? {
            let entry = entry.map_err(failed)?;
            self.names = self.names.saturating_add(1);
            if self.names > NAMES_MAX {
                return Err(ObjectError::TooMany);
            }
            let Some((key, kind)) = named(&entry, above)? else { continue };
            let is_before = self.after >= key.as_str() && !(kind.is_dir() && self.after.starts_with(&key));
            let is_within = key.starts_with(self.prefix) || kind.is_dir() && self.prefix.starts_with(&key);
            if !is_before && is_within {
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
            } else if let Some(data) = still_there(entry.metadata())? {
                self.found.push(Listed::of(key, &data));
            }
        }
        Ok(())
    }
}

/// Calls `visit` with the bucket and each object of one organisation, whose folder this is, in no certain order.
pub(crate) fn each(
    organisation: &Path,
    visit: &mut dyn FnMut(&str, Listed) -> Result<(), ObjectError>,
) -> Result<(), ObjectError> {
    for bucket in buckets(organisation)? {
        let mut folders = vec![String::new()];
        while let Some(above) = folders.pop() {
            for entry in read(&organisation.join(&bucket).join(&above))? {
                let entry = entry.map_err(failed)?;
                match named(&entry, &above)? {
                    Some((key, kind)) if kind.is_dir() => folders.push(key),
                    Some((key, _)) => {
                        if let Some(data) = still_there(entry.metadata())? {
                            visit(&bucket, Listed::of(key, &data))?;
                        }
                    }
                    None => {}
                }
            }
        }
    }
    Ok(())
}

/// Calls `visit` with each object in the folder of all objects, its organisation and its name. Blocks.
///
/// # Errors
///
/// [`ObjectError::File`], and those of `visit`.
pub fn each_of(
    folder: &Path,
    visit: &mut dyn FnMut(OrganisationId, Name) -> Result<(), ObjectError>,
) -> Result<(), ObjectError> {
    for entry in read(folder)? {
        let entry = entry.map_err(failed)?;
        let organisation = entry.file_name().to_str().and_then(|name| name.parse::<OrganisationId>().ok());
        let Some(organisation) = organisation.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir())) else {
            continue;
        };
        each(&entry.path(), &mut |bucket, object| match Name::new(bucket, &object.key) {
            Ok(name) => visit(organisation, name),
            // No operation reads it either.
            Err(_) => Ok(()),
        })?;
    }
    Ok(())
}

/// The names of an organisation's buckets, in order.
pub(crate) fn buckets(organisation: &Path) -> Result<Vec<String>, ObjectError> {
    let mut names = Vec::new();
    for entry in read(organisation)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().into_string().ok().filter(|name| is_bucket(name));
        names.extend(name.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir())));
    }
    names.sort_unstable();
    Ok(names)
}

/// The key of an entry, that of a folder with a `/` at its end. `None`: what is no text is no key, and a link leads elsewhere.
fn named(entry: &DirEntry, above: &str) -> Result<Option<(String, FileType)>, ObjectError> {
    let kind = entry.file_type().map_err(failed)?;
    let Ok(name) = entry.file_name().into_string() else { return Ok(None) };
    let end = if kind.is_dir() { "/" } else { "" };
    let key = format!("{above}{name}{end}");
    Ok(Some((key, kind)).filter(|(key, kind)| key.len() <= KEY_MAX && (kind.is_dir() || kind.is_file())))
}

/// The entries of a folder; none where it is not there.
fn read(path: &Path) -> Result<impl Iterator<Item = io::Result<DirEntry>> + use<>, ObjectError> {
    let entries = match std::fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        read => Some(read.map_err(failed)?),
    };
    Ok(entries.into_iter().flatten())
}

/// What was deleted meanwhile is not there.
fn still_there<T>(found: io::Result<T>) -> Result<Option<T>, ObjectError> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some).map_err(failed),
    }
}

fn failed(source: io::Error) -> ObjectError {
    ObjectError::File { what: "list", source }
}
