//! How fast an organisation may start executions: a token bucket each, in memory, and so full again after a restart.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use types::{Moment, OrganisationId};

/// Organisations whose starts are counted at a time.
const COUNTED_MAX: usize = 10_000;
const SECOND_NS: u64 = 1_000_000_000;

/// How fast executions may be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartRate {
    /// Starts per second, in the long run.
    pub per_second: NonZeroU32,
    /// Starts at once, after a pause.
    pub burst: NonZeroU32,
}

impl StartRate {
    /// What one start takes of the time.
    fn interval(self) -> Duration {
        Duration::from_nanos(SECOND_NS.div_ceil(u64::from(self.per_second.get())))
    }
}

/// The buckets. Each is one moment: when it would be full again, had nobody taken any more.
#[derive(Debug)]
pub(crate) struct Starts {
    rate: Option<StartRate>,
    full_at: Mutex<HashMap<OrganisationId, Moment>>,
}

impl Starts {
    pub(crate) fn new(rate: Option<StartRate>) -> Self {
        Self { rate, full_at: Mutex::default() }
    }

    /// One more start, or how long it is until there may be one.
    pub(crate) fn take(&self, organisation: OrganisationId, now: Moment) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let interval = rate.interval();
        let room = interval.saturating_mul(rate.burst.get().saturating_sub(1));
        let mut all = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = all.get(&organisation).map_or(now, |full_at| (*full_at).max(now));
        let ahead = full_at.since(now);
        if ahead > room {
            return Err(ahead.saturating_sub(room));
        }
        if all.len() >= COUNTED_MAX && !all.contains_key(&organisation) {
            // Forgetting a full one changes nothing.
            all.retain(|_, full_at| *full_at > now);
            if all.len() >= COUNTED_MAX {
                all.clear();
            }
        }
        all.insert(organisation, full_at.after(interval));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use types::Clock;

    use super::*;

    fn starts(per_second: u32, burst: u32) -> Starts {
        let count = |count| NonZeroU32::new(count).unwrap();
        Starts::new(Some(StartRate { per_second: count(per_second), burst: count(burst) }))
    }

    fn organisation(number: u128) -> OrganisationId {
        OrganisationId::from_u128(number)
    }

    #[test]
    fn a_burst_is_let_through_and_then_one_for_each_interval() {
        let (starts, now) = (starts(10, 3), Clock::system().moment());
        let of = organisation(1);
        for _ in 0..3 {
            assert_eq!(starts.take(of, now), Ok(()));
        }
        let wait = Duration::from_millis(100);
        assert_eq!(starts.take(of, now), Err(wait));
        assert_eq!(starts.take(organisation(2), now), Ok(()), "the others have buckets of their own");
        let later = now.after(wait);
        assert_eq!((starts.take(of, later), starts.take(of, later)), (Ok(()), Err(wait)));
        let rested = later.after(Duration::from_secs(5));
        let taken = (0..10).filter(|_| starts.take(of, rested).is_ok()).count();
        assert_eq!(taken, 3, "a pause fills it, and no more than that");
    }

    #[test]
    fn buckets_that_are_full_are_forgotten_when_there_are_many() {
        let (starts, now) = (starts(1, 1), Clock::system().moment());
        for number in 0..u128::try_from(COUNTED_MAX).unwrap() {
            starts.take(organisation(number), now).unwrap();
        }
        let later = now.after(Duration::from_secs(2));
        starts.take(organisation(u128::MAX), later).unwrap();
        assert_eq!(starts.full_at.lock().unwrap().len(), 1);
    }
}
