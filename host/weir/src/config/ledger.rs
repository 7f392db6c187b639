//! `[ledger]`: how long the rows of usage.db are kept.

use std::num::NonZeroU32;
use std::time::Duration;

use types::ByteCount;

/// The section `[ledger]`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LedgerSection {
    /// How many days calls, their usage and the audit chain are kept.
    pub(crate) calls_days: NonZeroU32,
    /// Above how many MiB the oldest calls go early; no limit when absent.
    pub(crate) size_max_mib: Option<u64>,
}

impl Default for LedgerSection {
    fn default() -> Self {
        // Two years and one month for a late invoice.
        Self { calls_days: NonZeroU32::MIN.saturating_add(760), size_max_mib: None }
    }
}

impl LedgerSection {
    /// The ledger's settings.
    pub(crate) fn settings(&self) -> ledger::Settings {
        ledger::Settings {
            calls: Duration::from_hours(24).saturating_mul(self.calls_days.get()),
            size_max: self.size_max_mib.map(ByteCount::mib),
            ..ledger::Settings::default()
        }
    }
}
