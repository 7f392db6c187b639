//! The files behind a listener's certificates, looked at again and again.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::client::verify_server_name;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::accept::Tls;
use crate::pair::{Pair, TlsError};

/// What is offered to a client, the better first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The certificates of one listener, as files.
#[derive(Debug)]
pub struct Files {
    pairs: Vec<Pair>,
    current: Arc<ArcSwap<ServerConfig>>,
    /// What the files looked like when they were last read, well or not.
    read: Marks,
    /// They could not be used when they were last read.
    failed: bool,
    /// What they looked like at the last look, if that was different.
    changed: Option<Marks>,
}

/// What a look at the files found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    /// They are the same, or are just being written.
    Unchanged,
    /// They have changed, and new connections are served with what is in them now.
    Taken,
}

/// A file's identity and age: device, inode, size, and when its content and its status, such as who may read it, changed.
type Mark = Option<(u64, u64, u64, (i64, i64), (i64, i64))>;
type Marks = Vec<Mark>;

impl Files {
    /// Reads `pairs`. The first is shown to clients that ask for no name, or for one that no certificate has.
    ///
    /// # Errors
    ///
    /// [`TlsError`] for the first pair that cannot be used.
    pub fn load(pairs: Vec<Pair>) -> Result<(Self, Tls), TlsError> {
        let read = marks(&pairs);
        let current = Arc::new(ArcSwap::from_pointee(config(&pairs)?));
        let tls = Tls::new(Arc::clone(&current));
        Ok((Self { pairs, current, read, failed: false, changed: None }, tls))
    }

    /// The pairs that it was made from.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Takes up files that have changed since they were last read and have not changed since the last look: whoever
    /// writes two files one after the other is not caught between them. Files that could not be used are read again at
    /// each look: what was in the way need not have changed them. Blocks for as long as reading small files takes.
    ///
    /// # Errors
    ///
    /// [`TlsError`] once for each change that cannot be used. What was read before stays in use.
    pub fn refresh(&mut self) -> Result<Refreshed, TlsError> {
        let now = marks(&self.pairs);
        if now == self.read {
            self.changed = None;
            let again = if self.failed { self.take().ok() } else { None };
            return Ok(again.unwrap_or(Refreshed::Unchanged));
        }
        if self.changed.as_ref() != Some(&now) {
            self.changed = Some(now);
            return Ok(Refreshed::Unchanged);
        }
        self.changed = None;
        self.read = now;
        self.take()
    }

    fn take(&mut self) -> Result<Refreshed, TlsError> {
        let read = config(&self.pairs);
        self.failed = read.is_err();
        self.current.store(Arc::new(read?));
        Ok(Refreshed::Taken)
    }
}

fn marks(pairs: &[Pair]) -> Marks {
    pairs.iter().flat_map(|pair| [mark(&pair.certificate), mark(&pair.key)]).collect()
}

fn mark(path: &Path) -> Mark {
    let file = fs::metadata(path).ok()?;
    let (modified, changed) = ((file.mtime(), file.mtime_nsec()), (file.ctime(), file.ctime_nsec()));
    Some((file.dev(), file.ino(), file.size(), modified, changed))
}

fn config(pairs: &[Pair]) -> Result<ServerConfig, TlsError> {
    let keys = pairs.iter().map(|pair| pair.read().map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = pairs.first() else { return Err(TlsError::Nothing) };
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|source| TlsError::Unfit { certificate: first.certificate.clone(), key: first.key.clone(), source })?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(ByName(keys)));
    config.alpn_protocols = PROTOCOLS.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(config)
}

/// Picks the first certificate that has the name which the client asks for; else the first of all.
#[derive(Debug)]
struct ByName(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().and_then(|name| ServerName::try_from(name).ok());
        let fits = |key: &&Arc<CertifiedKey>| {
            let parsed = key.cert.first().and_then(|certificate| ParsedCertificate::try_from(certificate).ok());
            matches!((&name, parsed), (Some(name), Some(parsed)) if verify_server_name(&parsed, name).is_ok())
        };
        let keys = &self.0;
        // With one certificate there is nothing to choose.
        let named = if keys.len() > 1 { keys.iter().find(fits) } else { None };
        named.or_else(|| keys.first()).cloned()
    }
}
