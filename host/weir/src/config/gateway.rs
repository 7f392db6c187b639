//! `[gateway]`: the data plane, that consumers call.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::TlsTable;

/// The section `[gateway]`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GatewaySection {
    /// Where it listens. Port 0: any free one, written to `addresses.json`.
    pub(crate) listen: SocketAddr,
    /// The certificates that it shows; plain HTTP when absent.
    pub(crate) tls: Option<TlsTable>,
    /// Networks or addresses whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<String>,
    /// Another envelope than the built-in one, relative to the data folder.
    pub(crate) envelope: Option<PathBuf>,
}

impl Default for GatewaySection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            tls: None,
            trusted_proxies: Vec::new(),
            envelope: None,
        }
    }
}
