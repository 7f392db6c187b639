//! `[ledger]`: how long the rows of usage.db are kept.

use std::num::NonZeroU32;
use std::time::Duration;

use types::ByteCount;

/// The section `[ledger]`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LedgerSection {
    /// How many days calls, their usage and the audit chain are kept. Never fewer than a billing period has.
    pub(crate) calls_days: NonZeroU32,
    /// Above how many MiB the oldest calls go early, but for those whose invoices are not final; no limit when absent. An
    /// operator sets it whose disk would fill before the days are over: how large that disk is no constant can know.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::HostToml;

    #[test]
    fn usage_db_has_a_size_budget_when_the_operator_gives_it_one() {
        let size_max = |text: &str| HostToml::parse(text).unwrap().ledger.settings().size_max;
        assert_eq!(size_max(""), None);
        assert_eq!(size_max("[ledger]\nsize_max_mib = 3\n"), Some(ByteCount::mib(3)));
    }

    #[test]
    fn the_default_of_the_days_is_the_ledgers_own() {
        assert_eq!(LedgerSection::default().settings().calls, ledger::Settings::default().calls);
    }
}
