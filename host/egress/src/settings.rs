//! What the operator decides about the way out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use types::{ByteCount, EgressRule, HostKey};

/// How the room is opened.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "two switches of the operator that do not exclude each other")]
pub struct Settings {
    /// Where requests may go, if their release says so too. Empty: nowhere.
    pub allow: Vec<EgressRule>,
    /// Ranges outside the public internet that one API may reach.
    pub private: Vec<PrivateRange>,
    /// Ranges that nobody may reach.
    pub deny: Vec<IpNet>,
    /// This network has no IPv4, and writes such addresses as `64:ff9b::/96`. The embedded address is checked.
    pub nat64: bool,
    /// Lets requests go to loopback addresses, except this host's own doors. For development and tests alone.
    pub loopback_for_development: bool,
    /// Who is asked for names. Empty: whom the system asks. Read when the first name is asked for.
    pub nameservers: Vec<SocketAddr>,
    /// Certificates in PEM that are trusted beside the public ones.
    pub extra_roots: Option<Vec<u8>>,
    /// What placeholders of secrets are made from.
    pub host_key: HostKey,
    /// Requests under way in the whole host.
    pub requests: usize,
    /// Requests under way of one API.
    pub requests_of_an_api: usize,
}

/// A range that is opened to one API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateRange {
    /// The API's slug.
    pub api: Arc<str>,
    /// The range.
    pub range: IpNet,
}

impl Settings {
    /// Requests under way in the whole host where the operator sets nothing: a guess, below common limits on files.
    pub const REQUESTS: usize = 512;
    /// Requests under way of one API: an eighth of the host's.
    pub const REQUESTS_OF_AN_API: usize = 64;

    /// Nothing is allowed.
    pub fn closed(host_key: HostKey) -> Self {
        Self {
            allow: Vec::new(),
            private: Vec::new(),
            deny: Vec::new(),
            nat64: false,
            loopback_for_development: false,
            nameservers: Vec::new(),
            extra_roots: None,
            host_key,
            requests: Self::REQUESTS,
            requests_of_an_api: Self::REQUESTS_OF_AN_API,
        }
    }
}

/// Why the room was not opened.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A range that stays closed, whoever opens it.
    #[error("no API may be given {0}: loopback, link-local and metadata addresses stay closed")]
    NeverAllowed(IpNet),
    /// The certificates given are none.
    #[error("the certificates of egress.ca_file could not be read")]
    Roots(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The TLS library refused its settings.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    /// The machine's interfaces could not be read.
    #[error("the machine's own addresses could not be read")]
    Interfaces(#[source] std::io::Error),
}

/// What one call may do outside. All (start): to be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Requests in all.
    pub requests: u32,
    /// Requests at once.
    pub at_once: usize,
    /// Until a connection stands, names and TLS included.
    pub connect: Duration,
    /// From there to the response's head.
    pub first_byte: Duration,
    /// Between two parts of the response's body.
    pub between_bytes: Duration,
    /// One request's body.
    pub request_body: ByteCount,
    /// One response's body.
    pub response_body: ByteCount,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 10,
            at_once: 4,
            connect: Duration::from_secs(2),
            first_byte: Duration::from_secs(10),
            between_bytes: Duration::from_secs(10),
            request_body: ByteCount::mib(4),
            response_body: ByteCount::mib(4),
        }
    }
}
