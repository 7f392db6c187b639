//! Where a request comes from: the socket's address, or what a trusted proxy says of it.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use http::HeaderMap;

/// A text is not a network such as `10.0.0.0/8`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a network: an address, or an address, a slash and a prefix length")]
pub struct NetworkError(pub String);

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Whether `address` lies in it. An IPv4 address that is written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let differing = match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros(),
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros(),
            _ => return false,
        };
        differing >= self.prefix
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let refuse = || NetworkError(text.to_owned());
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| refuse())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(longest), str::parse).map_err(|_| refuse())?;
        if prefix > longest { Err(refuse()) } else { Ok(Self { address, prefix }) }
    }
}

/// How many entries of `X-Forwarded-For` are read, from its end.
const HOPS_MAX: usize = 16;

/// The address that a request is accounted to.
///
/// `X-Forwarded-For` is read from its end, as long as the one who wrote an entry is trusted: what stands further left
/// anybody may have made up.
pub(crate) fn of(peer: SocketAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let mut source = peer.ip().to_canonical();
    if trusted.is_empty() {
        return source;
    }
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let said = headers.get_all("x-forwarded-for").iter().rev().filter_map(|value| value.to_str().ok());
    for entry in said.flat_map(|value| value.rsplit(',')).take(HOPS_MAX) {
        if !is_trusted(source) {
            break;
        }
        let Ok(address) = entry.trim().parse::<IpAddr>() else { break };
        source = address.to_canonical();
    }
    source
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        of(SocketAddr::new(peer.parse().unwrap(), 1), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(source("192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(source("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(source("::ffff:10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(source("::1", &[]), "::1");
    }

    #[test]
    fn what_stands_left_of_an_untrusted_address_is_not_believed() {
        assert_eq!(source("10.0.0.1", &["1.1.1.1, 203.0.113.9, 10.2.0.1"]), "203.0.113.9");
        assert_eq!(source("10.0.0.1", &["1.1.1.1", "203.0.113.9"]), "203.0.113.9");
        assert_eq!(source("10.0.0.1", &["203.0.113.9, rubbish"]), "10.0.0.1");
    }

    #[test]
    fn a_network_is_read_strictly() {
        assert!("10.0.0.0/33".parse::<Network>().is_err());
        assert!("10.0.0".parse::<Network>().is_err());
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("192.0.2.1".parse().unwrap()));
        assert!(!all.contains("2001:db8::1".parse().unwrap()));
    }
}
