//! A backup: a folder with copies of what a host keeps, and a list of them.
//!
//! The list is written last: a folder without it is no backup. What it names is compared by digest when it is read.

mod named;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path};

use anyhow::{Context as _, bail};
use api::At;
use sha2::Digest as _;
use types::{Digest, OrganisationId};

pub(crate) use self::named::Named;
use crate::folder::{sync_folder, write_private};

/// The list.
pub(crate) const LIST: &str = "backup.json";
/// The databases in the order in which they are copied. What crossed from one to another before the first was copied is
/// in the later ones; the other order would lose what crosses in between.
pub(crate) const DATABASES: [&str; 6] = ["workflows.db", "delivery.db", "catalog.db", "usage.db", "kv.db", "traces.db"];
/// The operator's configuration.
pub(crate) const CONFIGURATION: &str = "host.toml";
/// The folder of uploads.
pub(crate) const COMPONENTS: &str = "components";
/// The folder of objects, by organisation, bucket and key.
pub(crate) const OBJECTS: &str = "objects";
/// The host's key, which no backup has.
pub(crate) const HOST_KEY: &str = "host.key";
/// What else a host or a backup has for itself: no file that `host.toml` names is restored in its place.
const RESERVED: [&str; 7] =
    [LIST, HOST_KEY, "operator.token", "addresses.json", "last-backup.json", "cache", "uploads"];
/// The form of the list that this program writes and reads.
const FORMAT: u32 = 1;
/// How much is read at a time.
const CHUNK: usize = 256 * 1_024;

/// What a backup holds.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct List {
    /// 1.
    pub(crate) format: u32,
    /// The version of the program that made it.
    pub(crate) weir_version: String,
    /// When it began: every call that was answered before is in it.
    pub(crate) began: At,
    /// When it was complete.
    pub(crate) ended: At,
    /// The files, in the order in which they were copied.
    pub(crate) files: Vec<Entry>,
    /// What the host needs and is not in it, as `host.toml` names it: keys, and what lies outside the data folder.
    #[serde(default)]
    pub(crate) left_out: Vec<String>,
}

/// One file of a backup.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Entry {
    /// Its path in the data folder.
    pub(crate) name: String,
    /// Its size.
    pub(crate) bytes: u64,
    /// Its digest.
    pub(crate) sha256: Digest,
    /// Which schema a database has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) schema_version: Option<i64>,
}

impl List {
    /// A list of what was copied between these moments.
    pub(crate) fn of(files: Vec<Entry>, left_out: Vec<String>, began: At, ended: At) -> Self {
        Self { format: FORMAT, weir_version: env!("CARGO_PKG_VERSION").to_owned(), began, ended, files, left_out }
    }

    /// Reads the list of the backup in `folder`, and refuses names that no backup has.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(LIST);
        let text = fs::read(&path).with_context(|| {
            format!("could not read {}: a folder without it is no backup, or one that was not finished", path.display())
        })?;
        let list: Self = serde_json::from_slice(&text).with_context(|| format!("{} is not valid", path.display()))?;
        if list.format != FORMAT {
            bail!(
                "{} has format {}, and this program knows {FORMAT}: use the program that made it",
                path.display(),
                list.format
            );
        }
        match list.files.iter().find(|entry| !is_known(&entry.name)) {
            Some(entry) => bail!("{} names {:?}, which is no file of a backup", path.display(), entry.name),
            None => list.check_schemas(&path).map(|()| list),
        }
    }

    /// Refuses databases that a newer program wrote, before anything is copied.
    fn check_schemas(&self, path: &Path) -> anyhow::Result<()> {
        let newer = self.files.iter().find_map(|entry| {
            let found = entry.schema_version?;
            let known = schema_known(&entry.name);
            (found > known).then_some((&entry.name, found, known))
        });
        let Some((name, found, known)) = newer else { return Ok(()) };
        bail!(
            "{} was written by weir {}: its {name} has schema version {found}, and this program, weir {}, knows versions \
             up to {known}. Restore it with that version or a newer one",
            path.display(),
            self.weir_version,
            env!("CARGO_PKG_VERSION"),
        )
    }

    /// Writes the list into `folder` and forces it to disk, the folder's names too.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let path = folder.join(LIST);
        write_private(&path, &serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("could not write {}", path.display()))?;
        self.sync_folders(folder)
    }

    /// Forces the names of its files to disk, in `folder` and the folders in it.
    pub(crate) fn sync_folders(&self, folder: &Path) -> anyhow::Result<()> {
        let within = self.files.iter().flat_map(|entry| Path::new(&entry.name).ancestors().skip(1));
        let within: BTreeSet<&Path> = within.chain([Path::new(COMPONENTS)]).collect();
        within.into_iter().try_for_each(|name| sync_folder(&folder.join(name)))
    }

    /// How many bytes the files have together.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, entry| sum.saturating_add(entry.bytes))
    }
}

/// The schema that this program brings a database to; 0 where it keeps no such database.
fn schema_known(name: &str) -> i64 {
    let known = match name {
        "catalog.db" => catalog::Catalog::SCHEMA_VERSION,
        "workflows.db" => workflows::Workflows::SCHEMA_VERSION,
        "delivery.db" => delivery::Delivery::SCHEMA_VERSION,
        "usage.db" => ledger::Ledger::SCHEMA_VERSION,
        "traces.db" => traces::Traces::SCHEMA_VERSION,
        _ => 0,
    };
    i64::try_from(known).unwrap_or(i64::MAX)
}

/// Whether a name is one that `weir backup` writes. Anything else, such as `../x`, might be written outside.
fn is_known(name: &str) -> bool {
    let parts: Option<Vec<&str>> = Path::new(name)
        .components()
        .map(|part| match part {
            Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect();
    match parts.as_deref() {
        None | Some([]) => false,
        Some([COMPONENTS, file]) => is_component(file),
        Some([OBJECTS, organisation, bucket, key @ ..]) => is_object(organisation, (*bucket, &*key.join("/"))),
        Some([first]) if DATABASES.contains(first) || *first == CONFIGURATION => true,
        Some([first, ..]) => is_free(first),
    }
}

/// Whether `host.toml` may name a file in a backup whose path begins so: it is neither the host's nor the backup's own.
fn is_free(first: &str) -> bool {
    let own = RESERVED.contains(&first) || [COMPONENTS, OBJECTS, CONFIGURATION].contains(&first);
    // `usage.db-wal` too.
    !own && !DATABASES.iter().any(|name| first.starts_with(name))
}

fn is_object(organisation: &str, (bucket, key): (&str, &str)) -> bool {
    organisation.parse::<OrganisationId>().is_ok() && objects::Name::new(bucket, key).is_ok()
}

/// Whether a file of the folder of uploads is a finished one: `<sha256>.wasm`.
pub(crate) fn is_component(file: &str) -> bool {
    file.strip_suffix(".wasm").is_some_and(|digest| digest.parse::<Digest>().is_ok())
}

/// Copies a file, for its owner alone, forces the copy to disk, and answers its size and digest. `progress` is told of
/// each part's bytes.
pub(crate) fn copy_file(from: &Path, into: &Path, progress: impl FnMut(u64)) -> anyhow::Result<(u64, Digest)> {
    let mut source = fs::File::open(from).with_context(|| format!("could not read {}", from.display()))?;
    let mut private = fs::OpenOptions::new();
    let mut copy = private
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(into)
        .with_context(|| format!("could not make {}", into.display()))?;
    let found = digest(&mut source, &mut |part| copy.write_all(part), progress)
        .with_context(|| format!("could not copy {} to {}", from.display(), into.display()))?;
    copy.sync_all().with_context(|| format!("could not force {} to disk", into.display()))?;
    Ok(found)
}

/// A file's size and digest.
pub(crate) fn measure(path: &Path, progress: impl FnMut(u64)) -> anyhow::Result<(u64, Digest)> {
    let read = fs::File::open(path).and_then(|mut file| digest(&mut file, &mut |_| Ok(()), progress));
    read.with_context(|| format!("could not read {}", path.display()))
}

fn digest(
    source: &mut impl Read,
    take: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    mut progress: impl FnMut(u64),
) -> std::io::Result<(u64, Digest)> {
    let (mut hasher, mut bytes, mut chunk) = (sha2::Sha256::new(), 0_u64, vec![0; CHUNK]);
    loop {
        let read = source.read(&mut chunk)?;
        let part = chunk.get(..read).unwrap_or_default();
        if part.is_empty() {
            return Ok((bytes, Digest::from_bytes(hasher.finalize().into())));
        }
        take(part)?;
        hasher.update(part);
        let length = u64::try_from(read).unwrap_or(u64::MAX);
        bytes = bytes.saturating_add(length);
        progress(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_a_backup_has_are_known() {
        let component = format!("components/{}.wasm", "a".repeat(64));
        let object = format!("objects/{}/orders/2026/may.csv", OrganisationId::from_u128(1));
        let names = ["usage.db", "host.toml", &component, &object, "tls/certificate.pem", "envelope.asl.json"];
        for name in names {
            assert!(is_known(name), "{name}");
        }
        let evil = ["../usage.db", "/etc/passwd", "components/../x", "tls/../../x", "components/a.wasm", ""];
        let own = ["host.key", "operator.token", "usage.db/x", "usage.db-wal", "backup.json", "cache/x", "components"];
        let hidden = format!("objects/{}/.writing/x", OrganisationId::from_u128(1));
        let objects = ["objects", "objects/x", "objects/org/orders/a", "objects/orders/a/b", &hidden];
        let evil = evil.into_iter().chain(own).chain(objects);
        for name in evil {
            assert!(!is_known(name), "{name}");
        }
    }
}
