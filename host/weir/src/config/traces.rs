//! `[traces]`: what is kept of what components write.

/// The section `[traces]`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TracesSection {
    /// How many MiB of logs are kept. The oldest go first.
    pub(crate) budget_mib: u64,
}

impl Default for TracesSection {
    fn default() -> Self {
        Self { budget_mib: 256 }
    }
}
