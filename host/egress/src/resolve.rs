//! Names to addresses: once for each request, here and nowhere else.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;

use crate::fault::SendError;
use crate::settings::PolicyError;
use crate::target::Host;

/// Answers kept, each as long as its records say.
const CACHED: u64 = 4_096;
/// An answer is asked for anew after this, whatever its records say.
const KEPT_AT_MOST: Duration = Duration::from_mins(5);
/// One question to one server.
const ONE_TRY: Duration = Duration::from_secs(1);
/// Questions for one name.
const TRIES: usize = 2;

/// Asks the system's name servers, or the operator's.
pub(crate) struct Resolver(TokioResolver);

impl Resolver {
    pub(crate) fn new(nameservers: &[SocketAddr]) -> Result<Self, PolicyError> {
        let unreadable = |error| PolicyError::Resolver(Box::new(error));
        let mut builder = if nameservers.is_empty() {
            TokioResolver::builder_tokio().map_err(unreadable)?
        } else {
            let servers = nameservers.iter().map(server).collect();
            let config = ResolverConfig::from_parts(None, Vec::new(), servers);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        bound(builder.options_mut());
        Ok(Self(builder.build().map_err(unreadable)?))
    }

    /// Every address behind `host`, A before AAAA.
    pub(crate) async fn addresses(&self, host: &Host, port: u16) -> Result<Vec<SocketAddr>, SendError> {
        let name = match host {
            Host::Address(address) => return Ok(vec![SocketAddr::new(*address, port)]),
            Host::Name(name) => name,
        };
        // With a dot at the end it is not looked for below the domains of this machine.
        let found = self.0.lookup_ip(format!("{name}.")).await.map_err(|error| {
            tracing::debug!(error = &error as &dyn std::error::Error, "a name was not resolved");
            SendError::NoAddress
        })?;
        let addresses: Vec<SocketAddr> = found.iter().map(|address| SocketAddr::new(address, port)).collect();
        if addresses.is_empty() { Err(SendError::NoAddress) } else { Ok(addresses) }
    }
}

fn server(socket: &SocketAddr) -> NameServerConfig {
    let on_port = |mut connection: ConnectionConfig| {
        connection.port = socket.port();
        connection
    };
    let connections = vec![on_port(ConnectionConfig::udp()), on_port(ConnectionConfig::tcp())];
    NameServerConfig::new(socket.ip(), true, connections)
}

fn bound(options: &mut ResolverOpts) {
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.timeout = ONE_TRY;
    options.attempts = TRIES;
    options.cache_size = CACHED;
    options.positive_max_ttl = Some(KEPT_AT_MOST);
    options.negative_max_ttl = Some(KEPT_AT_MOST);
}
