//! Connections: to addresses that were checked, with TLS for the name that was asked for.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use types::Scheme;

use crate::fault::SendError;
use crate::settings::PolicyError;
use crate::target::{Host, Target};

/// Addresses of one name that are tried.
const TRIED: usize = 4;

/// A connection, with TLS or without.
pub(crate) type Stream = Either<TlsStream<TcpStream>, TcpStream>;

/// The public certificate authorities, and the operator's own.
pub(crate) fn tls(extra_roots: Option<&[u8]>) -> Result<TlsConnector, PolicyError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for certificate in extra_roots.into_iter().flat_map(CertificateDer::pem_slice_iter) {
        let certificate = certificate.map_err(|error| PolicyError::Roots(Box::new(error)))?;
        roots.add(certificate).map_err(|error| PolicyError::Roots(Box::new(error)))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(PolicyError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Connects to the first of `addresses` that answers, before `until`. Says to which.
pub(crate) async fn connect(
    tls: &TlsConnector,
    target: &Target,
    addresses: &[SocketAddr],
    until: Instant,
) -> Result<(Stream, SocketAddr), SendError> {
    let mut failed = SendError::NoAddress;
    let tried = addresses.len().min(TRIED);
    for (position, address) in addresses.iter().take(tried).enumerate() {
        // What is left is shared among those that are left: one that does not answer leaves time for the others.
        let now = Instant::now();
        let left = until.saturating_duration_since(now);
        let share = u32::try_from(tried - position).ok().and_then(|rest| left.checked_div(rest)).unwrap_or(left);
        match tokio::time::timeout_at(now + share, one(tls, target, *address)).await {
            Ok(Ok(stream)) => return Ok((stream, *address)),
            Ok(Err(error)) => failed = error,
            Err(_) => failed = SendError::ConnectTimeout,
        }
    }
    Err(failed)
}

async fn one(tls: &TlsConnector, target: &Target, address: SocketAddr) -> Result<Stream, SendError> {
    let stream = TcpStream::connect(address).await.map_err(SendError::Connect)?;
    stream.set_nodelay(true).map_err(SendError::Connect)?;
    match target.scheme {
        Scheme::Http => Ok(Either::Right(stream)),
        Scheme::Https => {
            let stream = tls.connect(server_name(&target.host)?, stream).await.map_err(SendError::Tls)?;
            Ok(Either::Left(stream))
        }
    }
}

fn server_name(host: &Host) -> Result<ServerName<'static>, SendError> {
    match host {
        Host::Address(IpAddr::V4(address)) => Ok(ServerName::IpAddress((*address).into())),
        Host::Address(IpAddr::V6(address)) => Ok(ServerName::IpAddress((*address).into())),
        Host::Name(name) => ServerName::try_from(name.clone())
            .map_err(|error| SendError::Tls(std::io::Error::new(std::io::ErrorKind::InvalidInput, error))),
    }
}
