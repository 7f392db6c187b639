//! Which addresses may be connected to. Applied to the address itself, after resolving; whoever names it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::machine::Machine;
use crate::settings::{PolicyError, Settings};

/// IPv4 ranges that are not the public internet.
const DENIED_V4: [Ipv4Net; 19] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 31, 196, 0, 24),
    v4(192, 52, 193, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(192, 175, 48, 0, 24),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
    // The host agent of one cloud, on a public address.
    v4(168, 63, 129, 16, 32),
];
/// The one range of IPv6 that is the public internet.
const PUBLIC_V6: Ipv6Net = v6(0x2000, 0, 0, 3);
/// What of it is not: translation, Teredo, ORCHID, benchmarks; documentation; 6to4.
const DENIED_V6: [Ipv6Net; 4] =
    [v6(0x2001, 0, 0, 23), v6(0x2001, 0xdb8, 0, 32), v6(0x2002, 0, 0, 16), v6(0x3fff, 0, 0, 20)];
/// IPv4 addresses in IPv6, as networks without IPv4 write them.
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 0, 96);
/// What no range of an operator opens: loopback, link-local with its metadata services, and those on other addresses.
const NEVER: [IpNet; 15] = [
    IpNet::V4(v4(0, 0, 0, 0, 8)),
    IpNet::V4(v4(127, 0, 0, 0, 8)),
    IpNet::V4(v4(169, 254, 0, 0, 16)),
    IpNet::V4(v4(100, 100, 100, 200, 32)),
    IpNet::V4(v4(192, 0, 0, 192, 32)),
    IpNet::V4(v4(168, 63, 129, 16, 32)),
    IpNet::V4(v4(224, 0, 0, 0, 4)),
    IpNet::V4(v4(240, 0, 0, 0, 4)),
    // Unspecified, loopback, and IPv4 addresses in three of their disguises.
    IpNet::V6(v6(0, 0, 0, 32)),
    IpNet::V6(v6(0x64, 0xff9b, 0, 32)),
    IpNet::V6(v6(0xfe80, 0, 0, 10)),
    IpNet::V6(v6(0xfec0, 0, 0, 10)),
    IpNet::V6(v6(0xff00, 0, 0, 8)),
    IpNet::V6(v6(0xfd00, 0xec2, 0, 32)),
    IpNet::V6(v6(0xfd20, 0xce, 0, 32)),
];

/// Why an address may not be connected to. Names the rule, and never the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressDenied {
    /// In a range that is not the public internet.
    #[error("it leads to an address that is not of the public internet")]
    NotPublic,
    /// The operator's own list.
    #[error("it leads to an address that the operator denies")]
    Listed,
    /// One of this machine's.
    #[error("it leads back to this machine")]
    OwnMachine,
    /// A socket of this very host.
    #[error("it leads to this host's own door")]
    OwnListener,
}

/// The rules of one host.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "two switches of the operator that do not exclude each other")]
pub(crate) struct AddressRules {
    deny: Vec<IpNet>,
    private: Vec<(Arc<str>, IpNet)>,
    nat64: bool,
    loopback: bool,
    machine: Machine,
}

impl AddressRules {
    pub(crate) fn new(settings: &Settings, machine: Machine) -> Result<Self, PolicyError> {
        let mut private = Vec::new();
        for range in &settings.private {
            let opens_nothing = NEVER.iter().any(|never| never.contains(&range.range));
            if opens_nothing {
                return Err(PolicyError::NeverAllowed(range.range));
            }
            private.push((Arc::clone(&range.api), range.range));
        }
        Ok(Self {
            deny: settings.deny.clone(),
            private,
            nat64: settings.nat64,
            loopback: settings.loopback_for_development,
            machine,
        })
    }

    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Whether a request for `api` may be connected to `address`.
    pub(crate) fn check(&self, api: &str, address: SocketAddr) -> Result<(), AddressDenied> {
        let ip = address.ip();
        if self.deny.iter().any(|range| range.contains(&ip)) {
            return Err(AddressDenied::Listed);
        }
        let own = is_loopback(ip) || self.machine.has(ip);
        if own && self.machine.listens_on(address.port()) {
            return Err(AddressDenied::OwnListener);
        }
        if is_loopback(ip) && self.loopback {
            return Ok(());
        }
        if own {
            return Err(AddressDenied::OwnMachine);
        }
        if let IpAddr::V6(ip) = ip
            && self.nat64
            && NAT64.contains(&ip)
        {
            let [.., a, b, c, d] = ip.octets();
            return self.check(api, SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), address.port()));
        }
        if NEVER.iter().any(|range| range.contains(&ip)) {
            return Err(AddressDenied::NotPublic);
        }
        let opened = self.private.iter().any(|(name, range)| &**name == api && range.contains(&ip));
        if opened || is_public(ip) { Ok(()) } else { Err(AddressDenied::NotPublic) }
    }
}

/// The plain forms alone: one in disguise is refused as what it is disguised as.
fn is_loopback(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip == Ipv6Addr::LOCALHOST,
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !DENIED_V4.iter().any(|range| range.contains(&ip)),
        IpAddr::V6(ip) => PUBLIC_V6.contains(&ip) && !DENIED_V6.iter().any(|range| range.contains(&ip)),
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(a: u16, b: u16, c: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), length)
}

#[cfg(test)]
mod tests;
