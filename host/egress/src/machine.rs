//! What this machine is called and where this host listens: no component reaches either.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use types::{Clock, Moment};

/// How long a reading of the interfaces counts: they change when a network comes or goes.
const FRESH: Duration = Duration::from_secs(10);

/// The machine's addresses, and the ports that this host serves.
#[derive(Debug)]
pub(crate) struct Machine {
    clock: Clock,
    addresses: ArcSwap<Read>,
    listeners: ArcSwap<Vec<u16>>,
}

#[derive(Debug)]
struct Read {
    at: Moment,
    addresses: Arc<[IpAddr]>,
}

impl Machine {
    /// Reads the interfaces.
    pub(crate) fn new(clock: Clock) -> std::io::Result<Self> {
        let first = Read { at: clock.moment(), addresses: interfaces()? };
        Ok(Self { clock, addresses: ArcSwap::from_pointee(first), listeners: ArcSwap::default() })
    }

    /// Whether one of the interfaces has this address.
    pub(crate) fn has(&self, ip: IpAddr) -> bool {
        self.addresses().contains(&ip)
    }

    /// Notes where this host listens, whatever the address: a socket on one is often reached by another.
    pub(crate) fn listens(&self, sockets: &[SocketAddr]) {
        self.listeners.store(Arc::new(sockets.iter().map(SocketAddr::port).collect()));
    }

    pub(crate) fn listens_on(&self, port: u16) -> bool {
        self.listeners.load().contains(&port)
    }

    pub(crate) fn addresses(&self) -> Arc<[IpAddr]> {
        let now = self.clock.moment();
        let read = self.addresses.load();
        if now.since(read.at) < FRESH {
            return Arc::clone(&read.addresses);
        }
        match interfaces() {
            Ok(addresses) => {
                self.addresses.store(Arc::new(Read { at: now, addresses: Arc::clone(&addresses) }));
                addresses
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the interfaces could not be read again");
                Arc::clone(&read.addresses)
            }
        }
    }
}

fn interfaces() -> std::io::Result<Arc<[IpAddr]>> {
    Ok(if_addrs::get_if_addrs()?.into_iter().map(|interface| interface.ip()).collect())
}
