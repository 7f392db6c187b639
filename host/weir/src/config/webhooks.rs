//! `[webhooks]`: where the host may report to, and what it keeps of that.

use std::path::Path;
use std::time::Duration;

use egress::{PrivateRange, Settings};
use types::{EgressRule, HostKey};

use super::EgressSection;

/// The section `[webhooks]`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WebhooksSection {
    /// Where webhooks may go. Nowhere when empty.
    pub(crate) allow: Vec<EgressRule>,
    /// Ranges outside the public internet that they may reach.
    pub(crate) allow_cidr: Vec<ipnet::IpNet>,
    /// How many days messages, of webhooks and mail, are kept after their end, 1 to 366.
    pub(crate) keep_days: u64,
}

impl Default for WebhooksSection {
    fn default() -> Self {
        Self { allow: vec![EgressRule::any_name()], allow_cidr: Vec::new(), keep_days: 31 }
    }
}

impl WebhooksSection {
    /// The way out of webhooks: with a list of its own, and all else as components have it.
    pub(crate) fn way_out(&self, egress: &EgressSection, folder: &Path, host_key: HostKey) -> anyhow::Result<Settings> {
        let private = |range: &ipnet::IpNet| PrivateRange { api: delivery::WAY_OUT.into(), range: *range };
        Ok(Settings {
            allow: self.allow.clone(),
            private: self.allow_cidr.iter().map(private).collect(),
            requests_of_an_api: Settings::REQUESTS,
            ..egress.settings(folder, host_key)?
        })
    }

    /// How long messages are kept.
    pub(crate) const fn keep(&self) -> Duration {
        let days = if self.keep_days < 1 { 1 } else { self.keep_days };
        Duration::from_hours(24 * if days > 366 { 366 } else { days })
    }
}
