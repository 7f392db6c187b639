//! What the ledger keeps, and for how long: every default in one place.

use std::time::Duration;

use types::ByteCount;

/// How much the ledger keeps. The defaults are those of the documentation; an operator may keep more.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long call, usage, audit and act rows stay. Default: 25 months, two years and one month for a late invoice.
    /// Never less than a billing period and the hour after it.
    pub calls: Duration,
    /// How long rollups by minute stay. Default: 7 days.
    pub minutes: Duration,
    /// How long rollups by hour stay. Default: 13 months; those by day stay for good.
    pub hours: Duration,
    /// How long it is remembered which facts were relayed; no shorter than backups are kept. Default: 90 days.
    pub relayed: Duration,
    /// How large usage.db may grow before the oldest calls go early, but for those of billing periods whose invoices are
    /// not final. Default: none, because only the operator knows when a shorter time is better than a larger disk.
    pub size_max: Option<ByteCount>,
    /// How many subscriptions are kept in memory before idle ones make room. About 500 bytes each.
    pub accounts_max: usize,
    /// How many connections read beside the writer.
    pub readers: usize,
}

const DAY: Duration = Duration::from_hours(24);

impl Default for Settings {
    fn default() -> Self {
        Self {
            calls: DAY.saturating_mul(761),
            minutes: DAY.saturating_mul(7),
            hours: DAY.saturating_mul(396),
            relayed: DAY.saturating_mul(90),
            size_max: None,
            accounts_max: 262_144,
            readers: 4,
        }
    }
}
