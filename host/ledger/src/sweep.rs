//! Retention: what is too old goes, a small step at a time, between the calls.

use std::time::Duration;

use rusqlite::Connection;
use store::WriteError;
use types::{OutboxId, Timestamp};

use crate::ledger::Ledger;
use crate::settings::Settings;
use crate::sql::retention;

/// From the end of a billing period on, how long records of it may still come in before its invoice is final.
const COLLECTION: Duration = Duration::from_hours(1);
/// How long nothing goes that an invoice is made of, whatever the settings say.
///
/// No billing period is longer than 31 days, so what is older than this is of one that is over and invoiced, wherever
/// its subscription's anniversary lies. Where each one's lies is not asked: links go in the order of the chain and hold
/// calls of all, so that the oldest period that still runs would keep nearly as much.
const UNTIL_INVOICED: Duration = Duration::from_hours(31 * 24).saturating_add(COLLECTION);

/// What one step of retention removed, and what it had to leave.
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
    /// Bytes by which usage.db is still above its size budget. When nothing was removed, nothing more may go.
    pub over_bytes: u64,
}

impl Swept {
    /// Whether nothing was removed: there is nothing more to remove at present.
    pub fn removed_nothing(&self) -> bool {
        Self { over_bytes: 0, ..*self } == Self::default()
    }
}

/// Before which moments things go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cuts {
    pub(crate) now_us: i64,
    pub(crate) calls_us: i64,
    /// What ended before this is in an invoice that is final. Never before [`Cuts::calls_us`].
    pub(crate) invoiced_us: i64,
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
            calls_us: before(settings.calls.max(UNTIL_INVOICED)).as_micros(),
            invoiced_us: before(UNTIL_INVOICED).as_micros(),
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
    /// verifies from there on. A counter keeps what its removed calls added up to. Those go whose time is over and, while
    /// the file is above its size budget, younger ones, but none of a billing period whose invoice is not final: a
    /// budget that cannot be kept without them is not kept, and [`Swept::over_bytes`] says so.
    ///
    /// # Errors
    ///
    /// When it cannot be written; nothing was removed then.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, WriteError<rusqlite::Error>> {
        let cuts = Cuts::at(now, self.settings());
        let swept = self.store().write(move |tx: &Connection| retention::step(tx, &cuts)).await?;
        self.note_over_budget(swept.over_bytes);
        Ok(swept)
    }
}

#[cfg(test)]
mod tests {
    use types::{Per, Period};

    use super::*;

    proptest::proptest! {
        #[test]
        fn what_may_go_is_of_a_billing_period_that_has_been_over_for_an_hour(
            anchor in 0_i64..4_000_000_000_000_000, later in 0_i64..400_000_000_000_000,
        ) {
            let (anchor, now) = (Timestamp::from_micros(anchor), Timestamp::from_micros(anchor + later));
            let cuts = Cuts::at(now, &Settings { calls: Duration::ZERO, ..Settings::default() });
            proptest::prop_assert_eq!(cuts.calls_us, cuts.invoiced_us);
            let last = Timestamp::from_micros(cuts.invoiced_us - 1);
            // Before the anchor there were no calls.
            if last >= anchor {
                let period = Period::at(Per::Month, anchor, last);
                proptest::prop_assert!(period.end.since(anchor) + COLLECTION <= now.since(anchor), "{:?}", period);
            }
        }
    }
}
