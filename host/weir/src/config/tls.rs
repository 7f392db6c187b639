//! `[gateway.tls]` and `[control.tls]`: the certificates of a listener.

use std::path::{Path, PathBuf};

/// A certificate with its key, and further ones for other names.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsTable {
    /// The certificate and its chain, in PEM, relative to the data folder.
    certificate: PathBuf,
    /// Its private key, likewise.
    key: PathBuf,
    /// Shown to clients that ask for a name which the first has not.
    #[serde(default)]
    others: Vec<PairTable>,
}

/// One more certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PairTable {
    certificate: PathBuf,
    key: PathBuf,
}

impl TlsTable {
    /// The files, the first pair first.
    pub(crate) fn pairs(&self, folder: &Path) -> Vec<tls::Pair> {
        let pair =
            |certificate: &Path, key: &Path| tls::Pair { certificate: folder.join(certificate), key: folder.join(key) };
        let others = self.others.iter().map(|other| pair(&other.certificate, &other.key));
        std::iter::once(pair(&self.certificate, &self.key)).chain(others).collect()
    }
}
