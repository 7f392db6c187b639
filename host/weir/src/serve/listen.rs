//! The two sockets, and their certificates.

use std::io;
use std::net::SocketAddr;

use anyhow::{Context as _, anyhow};
use tls::{Files, Tls};
use tokio::net::TcpListener;

use crate::config::{HostToml, TlsTable};
use crate::folder::{Addresses, Folder};

/// The bound sockets of both planes.
pub(super) struct Listeners {
    /// The data plane's.
    pub(super) gateway: (TcpListener, Option<Tls>),
    /// The control plane's.
    pub(super) control: (TcpListener, Option<Tls>),
    /// The files behind their certificates.
    pub(super) certificates: Vec<Files>,
}

impl Listeners {
    /// Binds both.
    pub(super) async fn bind(folder: &Folder, config: &HostToml) -> anyhow::Result<Self> {
        let mut certificates = Vec::new();
        let (gateway, control) = (&config.gateway, &config.control);
        let tls = certify(folder, "gateway", gateway.tls.as_ref(), &mut certificates)?;
        let gateway = (bind(folder, "gateway", gateway.listen).await?, tls);
        let tls = certify(folder, "control", control.tls.as_ref(), &mut certificates)?;
        let control = (bind(folder, "control", control.listen).await?, tls);
        Ok(Self { gateway, control, certificates })
    }

    /// Where both can be reached.
    pub(super) fn addresses(&self) -> anyhow::Result<Addresses> {
        let url = |(listener, tls): &(TcpListener, Option<Tls>)| {
            let scheme = if tls.is_some() { "https" } else { "http" };
            listener.local_addr().map(|address| format!("{scheme}://{address}"))
        };
        Ok(Addresses { gateway: url(&self.gateway)?, control: url(&self.control)?, pid: std::process::id() })
    }
}

/// Reads the certificates of a section, if it has any.
fn certify(
    folder: &Folder,
    section: &str,
    table: Option<&TlsTable>,
    certificates: &mut Vec<Files>,
) -> anyhow::Result<Option<Tls>> {
    let Some(table) = table else { return Ok(None) };
    let (files, tls) = Files::load(table.pairs(folder.path()))
        .with_context(|| format!("[{section}] tls in {} cannot be used", folder.host_toml().display()))?;
    super::certificates::warn_of_open_keys(&files);
    certificates.push(files);
    Ok(Some(tls))
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
