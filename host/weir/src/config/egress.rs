//! `[egress]`: where components may send requests.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use egress::{PrivateRange, Settings};
use types::{EgressRule, HostKey};

/// The section `[egress]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "two switches of the operator that do not exclude each other")]
pub(crate) struct EgressSection {
    /// Where requests may go, if their release says so too. Nowhere when empty.
    pub(crate) allow: Vec<EgressRule>,
    /// Ranges that nobody may reach, beside those that are not of the public internet.
    pub(crate) deny_cidr: Vec<ipnet::IpNet>,
    /// Ranges outside the public internet that one API may reach.
    pub(crate) allow_cidr: Vec<AllowCidr>,
    /// Whom to ask for names. Whom the system asks, when empty.
    pub(crate) nameservers: Vec<SocketAddr>,
    /// Certificates in PEM that are trusted beside the public ones; relative to the data folder.
    pub(crate) ca_file: Option<PathBuf>,
    /// This network reaches IPv4 as `64:ff9b::/96`.
    pub(crate) nat64: bool,
    /// Lets requests go to loopback addresses, but never to this host's own ports.
    pub(crate) allow_loopback_for_development: bool,
}

/// One line of `allow_cidr`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AllowCidr {
    /// The API's slug.
    pub(crate) api: String,
    /// The range.
    pub(crate) range: ipnet::IpNet,
}

impl EgressSection {
    /// The settings of the room.
    pub(crate) fn settings(&self, folder: &Path, host_key: HostKey) -> anyhow::Result<Settings> {
        let read = |file: &PathBuf| {
            let path = folder.join(file);
            std::fs::read(&path).with_context(|| format!("could not read egress.ca_file, {}", path.display()))
        };
        let private = |line: &AllowCidr| PrivateRange { api: line.api.as_str().into(), range: line.range };
        Ok(Settings {
            allow: self.allow.clone(),
            private: self.allow_cidr.iter().map(private).collect(),
            deny: self.deny_cidr.clone(),
            nat64: self.nat64,
            loopback_for_development: self.allow_loopback_for_development,
            nameservers: self.nameservers.clone(),
            extra_roots: self.ca_file.as_ref().map(read).transpose()?,
            ..Settings::closed(host_key)
        })
    }
}
