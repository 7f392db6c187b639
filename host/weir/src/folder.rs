//! The data folder: what lies where, and what is made on the first start.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use types::HostKey;

/// Where a running host can be reached: the file `addresses.json`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Addresses {
    /// The data plane, as `http://host:port`.
    pub(crate) gateway: String,
    /// The control plane, as `http://host:port`.
    pub(crate) control: String,
    /// The process.
    pub(crate) pid: u32,
}

/// The file `last-backup.json`.
#[derive(serde::Serialize, serde::Deserialize)]
struct LastBackup {
    at: api::At,
}

/// The data folder of a host.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`, which need not be there.
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The file or folder `name` in it.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The operator's configuration.
    pub(crate) fn host_toml(&self) -> PathBuf {
        self.join("host.toml")
    }

    /// Organisations, APIs, plans, keys.
    pub(crate) fn catalog_db(&self) -> PathBuf {
        self.join("catalog.db")
    }

    /// Calls, usage, audit.
    pub(crate) fn usage_db(&self) -> PathBuf {
        self.join("usage.db")
    }

    /// Standard executions.
    pub(crate) fn workflows_db(&self) -> PathBuf {
        self.join("workflows.db")
    }

    /// Webhooks and mail.
    pub(crate) fn delivery_db(&self) -> PathBuf {
        self.join("delivery.db")
    }

    /// Logs.
    pub(crate) fn traces_db(&self) -> PathBuf {
        self.join("traces.db")
    }

    /// Uploaded components.
    pub(crate) fn components(&self) -> PathBuf {
        self.join("components")
    }

    /// Compiled components. Safe to delete while no host runs.
    pub(crate) fn cache(&self) -> PathBuf {
        self.join("cache")
    }

    /// Uploads that are not finished. Emptied at each start.
    pub(crate) fn uploads(&self) -> PathBuf {
        self.join("uploads")
    }

    /// The token of the local command line.
    pub(crate) fn operator_token(&self) -> PathBuf {
        self.join("operator.token")
    }

    /// Keeps another token for the local command line, for its owner alone. Readers see the whole of it or the one before.
    pub(crate) fn keep_operator_token(&self, token: &str) -> anyhow::Result<()> {
        let path = self.operator_token();
        let unfinished = path.with_added_extension("new");
        // Made anew, so that no wider mode of an older file stays.
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => write_private(&unfinished, format!("{token}\n").as_bytes()),
        }
        .and_then(|()| fs::rename(&unfinished, &path))
        .with_context(|| format!("could not write {}", path.display()))?;
        sync_folder(&self.0)
    }

    /// Where a running host can be reached.
    pub(crate) fn addresses(&self) -> PathBuf {
        self.join("addresses.json")
    }

    /// Notes that a backup was complete at a moment, for `weir doctor`.
    pub(crate) fn note_backup(&self, at: api::At) -> anyhow::Result<()> {
        let path = self.last_backup();
        replace(&path, &serde_json::to_vec(&LastBackup { at })?)
    }

    /// When the last backup was complete; `None` when there was none, or nobody can say.
    pub(crate) fn read_last_backup(&self) -> Option<api::At> {
        let note: LastBackup = serde_json::from_slice(&fs::read(self.last_backup()).ok()?).ok()?;
        Some(note.at)
    }

    fn last_backup(&self) -> PathBuf {
        self.join("last-backup.json")
    }

    fn host_key(&self) -> PathBuf {
        self.join("host.key")
    }

    /// Makes the folder, for its owner alone, unless it is there.
    pub(crate) fn make(&self) -> anyhow::Result<()> {
        make_private(&self.0)
            .with_context(|| format!("could not make the data folder {}; name another with --data", self.0.display()))
    }

    /// Makes the folders in it, and empties the one for unfinished uploads.
    pub(crate) fn make_rooms(&self) -> anyhow::Result<()> {
        let uploads = self.uploads();
        if uploads.exists() {
            fs::remove_dir_all(&uploads).with_context(|| format!("could not empty {}", uploads.display()))?;
        }
        for folder in [self.components(), self.cache(), uploads] {
            fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
        }
        Ok(())
    }

    /// The host's key, made on the first start.
    pub(crate) fn read_or_make_host_key(&self) -> anyhow::Result<HostKey> {
        let path = self.host_key();
        match fs::read(&path) {
            Ok(bytes) => {
                let bytes = <[u8; 32]>::try_from(bytes).map_err(|bytes| {
                    anyhow::anyhow!(
                        "{} has {} bytes instead of 32; restore it from your copy: secrets cannot be read without it",
                        path.display(),
                        bytes.len()
                    )
                })?;
                Ok(HostKey::from_bytes(bytes))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = HostKey::generate();
                write_private(&path, key.reveal()).with_context(|| format!("could not write {}", path.display()))?;
                Ok(key)
            }
            Err(error) => Err(error).with_context(|| format!("could not read {}", path.display())),
        }
    }

    /// Writes down where the host can be reached. Readers see the whole file or none.
    pub(crate) fn write_addresses(&self, addresses: &Addresses) -> anyhow::Result<()> {
        replace(&self.addresses(), &serde_json::to_vec_pretty(addresses)?)
    }

    /// Takes back what [`Self::write_addresses`] wrote.
    pub(crate) fn remove_addresses(&self) -> anyhow::Result<()> {
        match fs::remove_file(self.addresses()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("could not remove {}", self.addresses().display()))
            }
            _ => Ok(()),
        }
    }

    /// Where the host of this folder can be reached; `None` while none runs.
    pub(crate) fn read_addresses(&self) -> anyhow::Result<Option<Addresses>> {
        match fs::read(self.addresses()) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .with_context(|| format!("{} is not valid", self.addresses().display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("could not read {}", self.addresses().display())),
        }
    }
}

/// Writes a file under another name first: readers see the whole of it, or what was there before.
fn replace(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let unfinished = path.with_added_extension("new");
    fs::write(&unfinished, content)
        .and_then(|()| fs::rename(&unfinished, path))
        .with_context(|| format!("could not write {}", path.display()))
}

/// Makes a folder and those above it, for their owner alone, unless they are there.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Forces the names in a folder to disk.
pub(crate) fn sync_folder(path: &Path) -> anyhow::Result<()> {
    // The folder of a name without one is where this program runs.
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    fs::File::open(path)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("could not force the names in {} to disk", path.display()))
}

/// Writes a new file, or the new content of one, that only its owner may read, and forces it to disk.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
