//! Retention: what is too old goes, a small step at a time, between the calls.

use std::time::Duration;

use rusqlite::Connection;
use store::WriteError;
use types::{OutboxId, Timestamp};

use crate::ledger::Ledger;
use crate::settings::Settings;
use crate::sql::retention;

/// What one step of retention removed. All zero: nothing is too old.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Swept {
    /// Calls, with their usage rows and links.
    pub calls: u64,
    /// Links of the audit chain.
    pub links: u64,
    /// Rows of rollups, latency buckets and denials.
    pub sums: u64,
    /// Marks of relayed facts.
    pub relayed: u64,
    /// Claims of idempotency keys.
    pub claims: u64,
}

/// Before which moments things go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cuts {
    pub(crate) now_us: i64,
    pub(crate) calls_us: i64,
    pub(crate) minutes_us: i64,
    pub(crate) hours_us: i64,
    pub(crate) relayed: OutboxId,
    pub(crate) size_max: Option<u64>,
}

impl Cuts {
    fn at(now: Timestamp, settings: &Settings) -> Self {
        let before = |kept: Duration| {
            let kept = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
            Timestamp::from_micros(now.as_micros().saturating_sub(kept))
        };
        // The first id that could have been drawn at that moment.
        let relayed = u128::from(before(settings.relayed).as_millis()).checked_shl(80).unwrap_or(0);
        Self {
            now_us: now.as_micros(),
            calls_us: before(settings.calls).as_micros(),
            minutes_us: before(settings.minutes).as_micros(),
            hours_us: before(settings.hours).as_micros(),
            relayed: OutboxId::from_u128(relayed),
            size_max: settings.size_max.map(types::ByteCount::get),
        }
    }
}

impl Ledger {
    /// One bounded step of retention: at most about twelve hundred rows. To be called on a timer; when it removed
    /// something there may be more.
    ///
    /// Calls go by whole links of the audit chain, oldest first, and the last hash stays as an anchor: the chain still
    /// verifies from there on. A counter keeps what its removed calls added up to.
    ///
    /// # Errors
    ///
    /// When it cannot be written; nothing was removed then.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, WriteError<rusqlite::Error>> {
        let cuts = Cuts::at(now, self.settings());
        self.store().write(move |tx: &Connection| retention::step(tx, &cuts)).await
    }
}
