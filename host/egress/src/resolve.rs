//! Names to addresses: once for each request, here and nowhere else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::read_system_conf;

use crate::fault::SendError;
use crate::target::Host;

/// Answers kept, each as long as its records say.
const CACHED: u64 = 4_096;
/// An answer is asked for anew after this, whatever its records say.
const KEPT_AT_MOST: Duration = Duration::from_mins(5);
/// One question to one server.
const ONE_TRY: Duration = Duration::from_secs(1);
/// Questions for one name.
const TRIES: usize = 2;

/// Asks the system's name servers, or the operator's. Made when the first name is asked for: a host that sends nothing out
/// needs no name server.
pub(crate) struct Resolver {
    nameservers: Vec<SocketAddr>,
    system: System,
    made: ArcSwapOption<TokioResolver>,
    /// Set when it was said that it could not be made.
    told: AtomicBool,
}

/// Reads whom the system asks.
type System = fn() -> Result<(ResolverConfig, ResolverOpts), NetError>;

impl Resolver {
    pub(crate) fn new(nameservers: Vec<SocketAddr>) -> Self {
        Self::over(nameservers, read_system_conf)
    }

    fn over(nameservers: Vec<SocketAddr>, system: System) -> Self {
        Self { nameservers, system, made: ArcSwapOption::empty(), told: AtomicBool::new(false) }
    }

    fn made(&self) -> Result<Arc<TokioResolver>, SendError> {
        if let Some(made) = self.made.load_full() {
            return Ok(made);
        }
        // Two requests at once may both make one; either will do.
        match self.make() {
            Ok(made) => {
                let made = Arc::new(made);
                self.made.store(Some(Arc::clone(&made)));
                Ok(made)
            }
            Err(error) => {
                if !self.told.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "no name is resolved until the system names a server for it, or egress.nameservers does"
                    );
                }
                Err(SendError::NoAddress)
            }
        }
    }

    fn make(&self) -> Result<TokioResolver, NetError> {
        let (config, mut options) = if self.nameservers.is_empty() {
            (self.system)()?
        } else {
            let servers = self.nameservers.iter().map(server).collect();
            (ResolverConfig::from_parts(None, Vec::new(), servers), ResolverOpts::default())
        };
        bound(&mut options);
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options).build()
    }

    /// Every address behind `host`, A before AAAA.
    pub(crate) async fn addresses(&self, host: &Host, port: u16) -> Result<Vec<SocketAddr>, SendError> {
        let name = match host {
            Host::Address(address) => return Ok(vec![SocketAddr::new(*address, port)]),
            Host::Name(name) => name,
        };
        // With a dot at the end it is not looked for below the domains of this machine.
        let found = self.made()?.lookup_ip(format!("{name}.")).await.map_err(|error| {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Names no server the first time it is read.
    fn late() -> Result<(ResolverConfig, ResolverOpts), NetError> {
        static READ: AtomicBool = AtomicBool::new(false);
        if READ.swap(true, Ordering::Relaxed) {
            let servers = vec![server(&SocketAddr::from(([127, 0, 0, 1], 53)))];
            Ok((ResolverConfig::from_parts(None, Vec::new(), servers), ResolverOpts::default()))
        } else {
            Err(std::io::Error::other("no name servers").into())
        }
    }

    #[tokio::test]
    async fn a_system_without_name_servers_is_read_again_by_the_next_request() {
        let resolver = Resolver::over(Vec::new(), late);
        assert!(!resolver.told.load(Ordering::Relaxed), "nothing is read before a name is asked for");
        let found = resolver.addresses(&Host::Name("a.example".to_owned()), 443).await;
        assert!(matches!(found, Err(SendError::NoAddress)), "{found:?}");
        assert!(resolver.told.load(Ordering::Relaxed));
        assert!(resolver.made().is_ok());
    }
}
