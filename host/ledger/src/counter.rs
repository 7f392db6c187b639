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
    use proptest::collection::vec;
    use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
    use types::{Per, Timestamp};

    use super::*;

    const PERIOD: Period = Period { start: Timestamp::from_micros(0), end: Timestamp::from_micros(1) };

    fn hard(amount: u64) -> Quota {
        Quota {
            object: ObjectName::requests(),
            amount: Units::saturating(amount),
            per: Per::Month,
            limit: LimitKind::Hard,
            overage: None,
        }
    }

    fn hold(used: u64, reserved: u64, need: u64) -> Result<(), Units> {
        let quota = hard(200);
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

    /// What calls and crashes do to a counter.
    #[derive(Debug, Clone)]
    enum Move {
        Reserve(u64),
        /// Settles the call at this place, billing this share of its need, in hundredths.
        Settle(usize, u64),
        Drop(usize),
        /// Forgets what is in memory and reads the counter again.
        Crash,
    }

    fn moves() -> impl Strategy<Value = Move> {
        prop_oneof![
            4 => (0_u64..300).prop_map(Move::Reserve),
            3 => (any::<usize>(), 0_u64..=100).prop_map(|(at, share)| Move::Settle(at, share)),
            2 => any::<usize>().prop_map(Move::Drop),
            1 => Just(Move::Crash),
        ]
    }

    /// A counter with a hard quota of 1,000, the calls that hold of it, and what is on disk.
    struct Book {
        quota: Quota,
        counter: Arc<Counter>,
        holds: Vec<Hold>,
        stored: u64,
    }

    impl Book {
        fn make(&mut self, step: &Move) {
            match *step {
                Move::Reserve(units) => {
                    let need = Units::saturating(units);
                    let before = self.counter.taken().get();
                    match Hold::take(Arc::clone(&self.counter), &self.quota, PERIOD, need) {
                        Ok(hold) => self.holds.push(hold),
                        Err(taken) => {
                            assert_eq!(taken.get(), before);
                            assert!(before + units > 1_000, "{units} were refused at {before}");
                        }
                    }
                }
                Move::Settle(at, share) if !self.holds.is_empty() => {
                    let hold = self.holds.swap_remove(at % self.holds.len());
                    let billed = hold.need.get() * share / 100;
                    self.stored += billed;
                    hold.keep(Units::saturating(billed));
                }
                Move::Drop(at) if !self.holds.is_empty() => drop(self.holds.swap_remove(at % self.holds.len())),
                Move::Settle(..) | Move::Drop(_) => {}
                Move::Crash => {
                    self.counter = Arc::new(Counter::at(Units::saturating(self.stored)));
                    self.holds.clear();
                }
            }
        }
    }

    proptest! {
        /// However calls interleave, each unit is free, reserved or used: never two, never none.
        #[test]
        fn no_unit_is_promised_twice(steps in vec(moves(), 1..200)) {
            let quota = hard(1_000);
            let mut book = Book { quota, counter: Arc::new(Counter::at(Units::ZERO)), holds: Vec::new(), stored: 0 };
            for step in steps {
                book.make(&step);
                let reserved: u64 = book.holds.iter().map(|hold| hold.need.get()).sum();
                prop_assert_eq!(book.counter.taken().get(), reserved + book.stored, "after {:?}", step);
                prop_assert!(book.counter.taken().get() <= 1_000, "after {:?}", step);
            }
        }
    }
}
