//! Counters in memory, and what a call holds of them until it settles.
//!
//! Reserved units live here alone: a crash frees them by forgetting them, and there is no table to sweep.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use types::{LimitKind, ObjectName, Period, Quota, Units};

/// Units of one object in one period that are used or reserved. The limit does not tell them apart, so they are one
/// number, and checking and taking are one step: two callers cannot both take the last unit.
#[derive(Debug)]
pub(crate) struct Counter {
    taken: AtomicU64,
}

impl Counter {
    /// A counter at what usage.db says is used.
    pub(crate) const fn at(used: Units) -> Self {
        Self { taken: AtomicU64::new(used.get()) }
    }

    /// Used and reserved, together.
    pub(crate) fn taken(&self) -> Units {
        Units::saturating(self.taken.load(Ordering::Relaxed))
    }

    /// Takes `units` if all that is taken then stays within `ceiling`; else answers what is taken.
    fn take(&self, units: Units, ceiling: Units) -> Result<(), Units> {
        // Relaxed: no other memory hangs on it.
        self.taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                taken.checked_add(units.get()).filter(|sum| *sum <= ceiling.get())
            })
            .map(drop)
            .map_err(Units::saturating)
    }

    fn give_back(&self, units: u64) {
        let lower = |taken: u64| Some(taken.saturating_sub(units));
        let before = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lower);
        debug_assert!(before.is_ok_and(|taken| taken >= units), "more was given back than was taken");
    }
}

/// What one call holds of one object. Dropping it gives back what has not been kept.
#[derive(Debug)]
pub(crate) struct Hold {
    pub(crate) object: ObjectName,
    pub(crate) period: Period,
    /// The declared maximum.
    pub(crate) need: Units,
    /// `None`: the plan has no quota of this object; it is counted and never refused.
    quota: Option<Counted>,
}

#[derive(Debug)]
struct Counted {
    counter: Arc<Counter>,
    amount: Units,
    kind: LimitKind,
    held: AtomicU64,
}

impl Hold {
    /// Sets `need` aside under `quota`, or answers what is taken already.
    pub(crate) fn take(counter: Arc<Counter>, quota: &Quota, period: Period, need: Units) -> Result<Self, Units> {
        let ceiling = match quota.limit {
            LimitKind::Hard => quota.amount,
            LimitKind::Soft => Units::MAX,
        };
        counter.take(need, ceiling)?;
        let counted = Counted { counter, amount: quota.amount, kind: quota.limit, held: AtomicU64::new(need.get()) };
        Ok(Self { object: quota.object.clone(), period, need, quota: Some(counted) })
    }

    /// A need of an object that the plan does not limit.
    pub(crate) const fn unlimited(object: ObjectName, period: Period, need: Units) -> Self {
        Self { object, period, need, quota: None }
    }

    /// What is billed at most: what is held, under a hard quota as under a soft one.
    pub(crate) fn billable(&self, units: Units) -> Units {
        match &self.quota {
            Some(counted) => units.min(Units::saturating(counted.held.load(Ordering::Relaxed))),
            None => units,
        }
    }

    /// Where overage begins: the included amount of a soft quota, no number at all for the others.
    pub(crate) fn overage_from(&self) -> Units {
        match &self.quota {
            Some(Counted { amount, kind: LimitKind::Soft, .. }) => *amount,
            _ => Units::MAX,
        }
    }

    /// The quota's amount and what is taken of it, for the headers.
    pub(crate) fn standing(&self) -> Option<(Units, Units)> {
        self.quota.as_ref().map(|counted| (counted.amount, counted.counter.taken()))
    }

    /// `billed` of the units are used from now on; the rest goes back. To be called after the commit, once.
    pub(crate) fn keep(&self, billed: Units) {
        if let Some(counted) = &self.quota {
            let held = counted.held.swap(0, Ordering::Relaxed);
            counted.counter.give_back(held.saturating_sub(billed.get()));
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.keep(Units::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use types::{Per, Timestamp};

    use super::*;

    const PERIOD: Period = Period { start: Timestamp::from_micros(0), end: Timestamp::from_micros(1) };

    fn hold(used: u64, reserved: u64, need: u64) -> Result<(), Units> {
        let quota = Quota {
            object: ObjectName::requests(),
            amount: Units::saturating(200),
            per: Per::Month,
            limit: LimitKind::Hard,
            overage: None,
        };
        let counter = Arc::new(Counter::at(Units::saturating(used)));
        let before = Hold::take(Arc::clone(&counter), &quota, PERIOD, Units::saturating(reserved));
        let answer = Hold::take(Arc::clone(&counter), &quota, PERIOD, Units::saturating(need)).map(drop);
        drop(before);
        assert_eq!(counter.taken().get(), used, "what is dropped goes back");
        answer
    }

    // The vectors of the market reference: a hard quota of 200.
    #[test]
    fn a_hard_quota_admits_up_to_its_amount_and_not_one_more() {
        assert_eq!(hold(199, 0, 1), Ok(()));
        assert_eq!(hold(199, 1, 1), Err(Units::saturating(200)));
        assert_eq!(hold(195, 0, 10), Err(Units::saturating(195)));
    }
}
