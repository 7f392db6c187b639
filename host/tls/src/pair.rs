//! A certificate and its key, as two PEM files.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

/// The largest file that is read, in bytes. Long chains have tens of kilobytes.
const FILE_MAX: u64 = 1 << 20;

/// Where a certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pair {
    /// The certificate and those that lead from it to a root, in PEM, the host's own first.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// Why a certificate or a key cannot be used. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("could not read the {what} {}", path.display())]
    Unreadable {
        /// `certificate` or `key`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file is larger than any certificate.
    #[error("{} is larger than 1 MiB: it cannot be a {what} in PEM", path.display())]
    TooLarge {
        /// `certificate` or `key`.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A file has something else in it.
    #[error("{} holds no {what} in PEM: a block that begins with -----BEGIN {block}----- is expected", path.display())]
    NotPem {
        /// `certificate` or `key`.
        what: &'static str,
        /// What the block is called.
        block: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The key is another certificate's.
    #[error("the key {} does not belong to the certificate {}: name the two that were made together", key.display(), certificate.display())]
    WrongKey {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// The library takes the pair for unfit.
    #[error("the certificate {} and its key {} cannot be used", certificate.display(), key.display())]
    Unfit {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why not.
        source: Error,
    },
    /// There is no certificate at all.
    #[error("no certificate is named")]
    Nothing,
}

impl Pair {
    /// Reads both files and checks that they belong together.
    pub(crate) fn read(&self) -> Result<CertifiedKey, TlsError> {
        let chain = self.chain()?;
        let key = self.private_key()?;
        CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|source| {
            let (certificate, key) = (self.certificate.clone(), self.key.clone());
            match source {
                Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::WrongKey { certificate, key },
                source => TlsError::Unfit { certificate, key, source },
            }
        })
    }

    /// Whether everybody on this machine may read the key.
    pub fn key_is_open(&self) -> bool {
        is_open(&self.key)
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let pem = read("certificate", &self.certificate)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| TlsError::NotPem {
            what: "certificate",
            block: "CERTIFICATE",
            path: self.certificate.clone(),
        })
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        let pem = read("key", &self.key)?;
        PrivateKeyDer::from_pem_slice(&pem).map_err(|_| TlsError::NotPem {
            what: "key",
            block: "PRIVATE KEY",
            path: self.key.clone(),
        })
    }
}

/// Whether everybody on this machine may read or write a secret's file. That its group may is the operator's choice: a
/// host that runs as a user of its own may read a key by its group alone.
pub fn is_open(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o007 != 0)
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { what, path: path.to_owned(), source };
    let mut pem = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    let read = file.take(FILE_MAX.saturating_add(1)).read_to_end(&mut pem).map_err(unreadable)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > FILE_MAX {
        return Err(TlsError::TooLarge { what, path: path.to_owned() });
    }
    Ok(pem)
}
