//! A backup: a folder with copies of what a host keeps, and a list of them.
//!
//! The list is written last: a folder without it is no backup. What it names is compared by digest when it is read.

use std::fs;
use std::io::{Read, Write as _};
use std::path::{Component, Path};

use anyhow::{Context as _, bail};
use api::At;
use sha2::Digest as _;
use types::Digest;

/// The list.
pub(crate) const LIST: &str = "backup.json";
/// The databases in the order in which they are copied. What crossed from one to another before the first was copied is
/// in the later ones; the other order would lose what crosses in between.
pub(crate) const DATABASES: [&str; 5] = ["workflows.db", "catalog.db", "usage.db", "kv.db", "traces.db"];
/// The operator's configuration.
pub(crate) const CONFIGURATION: &str = "host.toml";
/// The folder of uploads.
pub(crate) const COMPONENTS: &str = "components";
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
    /// A list of `files` that were copied between these moments.
    pub(crate) fn of(files: Vec<Entry>, began: At, ended: At) -> Self {
        Self { format: FORMAT, weir_version: env!("CARGO_PKG_VERSION").to_owned(), began, ended, files }
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
            None => Ok(list),
        }
    }

    /// Writes the list into `folder` and forces it to disk, the folder's names too.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let path = folder.join(LIST);
        let written = fs::File::create(&path).and_then(|mut file| {
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.sync_all()?;
            fs::File::open(folder)?.sync_all()
        });
        written.with_context(|| format!("could not write {}", path.display()))
    }

    /// How many bytes the files have together.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, entry| sum.saturating_add(entry.bytes))
    }
}

/// Whether a name is one that `weir backup` writes. Anything else, such as `../x`, might be written outside.
fn is_known(name: &str) -> bool {
    let parts: Vec<Component<'_>> = Path::new(name).components().collect();
    match parts.as_slice() {
        [Component::Normal(_)] => DATABASES.contains(&name) || name == CONFIGURATION,
        [Component::Normal(folder), Component::Normal(file)] => {
            folder.to_str() == Some(COMPONENTS) && file.to_str().is_some_and(is_component)
        }
        _ => false,
    }
}

/// Whether a file of the folder of uploads is a finished one: `<sha256>.wasm`.
pub(crate) fn is_component(file: &str) -> bool {
    file.strip_suffix(".wasm").is_some_and(|digest| digest.parse::<Digest>().is_ok())
}

/// Copies a file, forces the copy to disk, and answers its size and digest. `progress` is told of each part's bytes.
pub(crate) fn copy_file(from: &Path, into: &Path, progress: impl FnMut(u64)) -> anyhow::Result<(u64, Digest)> {
    let mut source = fs::File::open(from).with_context(|| format!("could not read {}", from.display()))?;
    let mut copy = fs::File::create_new(into).with_context(|| format!("could not make {}", into.display()))?;
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
        for name in ["usage.db", "host.toml", component.as_str()] {
            assert!(is_known(name), "{name}");
        }
        let evil = ["../usage.db", "/etc/passwd", "components/../x", "host.key", "usage.db/x", "components/a.wasm", ""];
        for name in evil {
            assert!(!is_known(name), "{name}");
        }
    }
}
