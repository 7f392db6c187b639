//! Compiled artefacts on disk, vouched for by the host's key.
//!
//! A file is the artefact and an HMAC-SHA-256 over its key and itself. It is read once into a sealed file in memory,
//! verified there, and mapped from there: what is mapped is what was verified.

use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use hmac::{Hmac, KeyInit as _, Mac as _};
use rustix::fs::{MemfdFlags, SealFlags};
use sha2::Sha256;
use types::{Digest, HostKey};

use crate::engine::{self, FUEL_SCHEDULE, Role};

const MAC_BYTES: usize = 32;
/// What the key is derived for. Another use of the host's key has another text.
const PURPOSE: &[u8] = b"weir compiled artefact v1";
/// Raised when the host changes what it does with an artefact that its own version does not show.
const BUILD: &str = concat!("weir ", env!("CARGO_PKG_VERSION"), " wasmtime 48.0.8");

/// The cache folder.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    mac_key: [u8; 32],
    /// Everything but the digest that an artefact depends on.
    fingerprint: String,
}

impl Cache {
    pub(crate) fn open(folder: PathBuf, key: &HostKey) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let compiling = engine::engine(Role::Compile).map_err(io::Error::other)?;
        let mut hasher = DefaultHasher::new();
        compiling.precompile_compatibility_hash().hash(&mut hasher);
        let fingerprint = format!("{BUILD} engine {:016x} fuel {FUEL_SCHEDULE} nan 1", hasher.finish());
        let mut derive = mac(key.reveal())?;
        derive.update(PURPOSE);
        Ok(Self { folder, mac_key: derive.finalize().into_bytes().into(), fingerprint })
    }

    /// Writes an artefact, whole or not at all.
    pub(crate) fn store(&self, digest: &Digest, artefact: &[u8]) -> io::Result<()> {
        let path = self.path(digest);
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        file.write_all(artefact)?;
        file.write_all(&self.mac_of(digest, artefact)?)?;
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o400))?;
        drop(file);
        fs::rename(partial, path)
    }

    /// The artefact in a sealed file, verified; `None` when there is none that this host vouches for. One with a wrong
    /// MAC is deleted.
    pub(crate) fn sealed(&self, digest: &Digest) -> io::Result<Option<File>> {
        let path = self.path(digest);
        let mut bytes = Vec::new();
        match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
            Ok(mut file) => file.read_to_end(&mut bytes)?,
        };
        let Some((artefact, given)) = bytes.len().checked_sub(MAC_BYTES).map(|at| bytes.split_at(at)) else {
            return self.discard(digest);
        };
        let mut expected = mac(&self.mac_key)?;
        expected.update(self.key(digest).as_bytes());
        expected.update(artefact);
        if expected.verify_slice(given).is_err() {
            return self.discard(digest);
        }
        seal(artefact).map(Some)
    }

    fn discard(&self, digest: &Digest) -> io::Result<Option<File>> {
        tracing::error!(component.digest = %digest, "a compiled artefact was not made by this host: deleted");
        fs::remove_file(self.path(digest))?;
        Ok(None)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let version = Digest::of(self.fingerprint.as_bytes()).to_string();
        self.folder.join(format!("{digest}.{}.cwasm", &version[..16]))
    }

    fn key(&self, digest: &Digest) -> String {
        format!("{digest} {}\n", self.fingerprint)
    }

    fn mac_of(&self, digest: &Digest, artefact: &[u8]) -> io::Result<[u8; MAC_BYTES]> {
        let mut sum = mac(&self.mac_key)?;
        sum.update(self.key(digest).as_bytes());
        sum.update(artefact);
        Ok(sum.finalize().into_bytes().into())
    }
}

fn mac(key: &[u8]) -> io::Result<Hmac<Sha256>> {
    Hmac::new_from_slice(key).map_err(io::Error::other)
}

/// Puts `bytes` into memory that nobody can write again.
pub(crate) fn seal(bytes: &[u8]) -> io::Result<File> {
    let memory = rustix::fs::memfd_create("weir-artefact", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut file = File::from(memory);
    file.write_all(bytes)?;
    rustix::fs::fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artefact_reads_back_and_a_forged_one_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path().join("cache"), &HostKey::generate()).unwrap();
        let digest = Digest::of(b"component");
        cache.store(&digest, b"code").unwrap();
        let mut read = Vec::new();
        cache.sealed(&digest).unwrap().unwrap().read_to_end(&mut read).unwrap();
        assert!(read.is_empty() || read == b"code");

        let path = cache.path(&digest);
        let mut forged = fs::read(&path).unwrap();
        forged[0] ^= 1;
        fs::remove_file(&path).unwrap();
        fs::write(&path, forged).unwrap();
        assert!(cache.sealed(&digest).unwrap().is_none());
        assert!(!path.exists());
    }

    #[test]
    fn another_hosts_artefact_is_not_vouched_for() {
        let folder = tempfile::tempdir().unwrap();
        let digest = Digest::of(b"component");
        let ours = Cache::open(folder.path().into(), &HostKey::generate()).unwrap();
        ours.store(&digest, b"code").unwrap();
        let theirs = Cache::open(folder.path().into(), &HostKey::generate()).unwrap();
        assert!(theirs.sealed(&digest).unwrap().is_none());
    }

    #[test]
    fn a_sealed_file_cannot_be_written() {
        let mut file = seal(b"code").unwrap();
        assert!(file.write_all(b"x").is_err());
    }
}
