//! `[control]`: the control plane, that operators and providers use.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::TlsTable;

/// The section `[control]`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ControlSection {
    /// Where it listens. Port 0: any free one, written to `addresses.json`.
    pub(crate) listen: SocketAddr,
    /// The certificates that it shows; plain HTTP when absent.
    pub(crate) tls: Option<TlsTable>,
    /// The URL by which people reach it. Where it listens, when absent.
    pub(crate) public_url: Option<String>,
    /// Whether anybody may sign up with a mail address. It needs `[mail]`.
    pub(crate) sign_up_by_mail: bool,
    /// The largest component that is taken, in MiB, 1 to 32. Components of JavaScript and Python need more than 8.
    pub(crate) component_mib: u64,
}

impl Default for ControlSection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081),
            tls: None,
            public_url: None,
            sign_up_by_mail: false,
            component_mib: 8,
        }
    }
}
