//! The two sockets.

use std::io;
use std::net::SocketAddr;

use anyhow::{Context as _, anyhow};
use tokio::net::TcpListener;

use crate::config::HostToml;
use crate::folder::Folder;

/// The bound sockets of both planes.
pub(super) struct Listeners {
    /// The data plane's.
    pub(super) gateway: TcpListener,
    /// The control plane's.
    pub(super) control: TcpListener,
}

impl Listeners {
    /// Binds both.
    pub(super) async fn bind(folder: &Folder, config: &HostToml) -> anyhow::Result<Self> {
        Ok(Self {
            gateway: bind(folder, "gateway", config.gateway.listen).await?,
            control: bind(folder, "control", config.control.listen).await?,
        })
    }
}

async fn bind(folder: &Folder, section: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow!(
            "port {} of {} is in use: free it, or change `listen` under [{section}] in {} (port 0 takes any free one)",
            address.port(),
            address.ip(),
            folder.host_toml().display()
        ),
        _ => anyhow::Error::new(error),
    })
    .with_context(|| format!("could not listen on {address} for the {section}"))
}
