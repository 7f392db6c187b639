//! What the ledger keeps in memory of one subscription: its token bucket and its counters.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use types::{
    ApiId, AppId, KeyId, Moment, ObjectName, Per, Period, PlanId, Quota, Rate, SubscriptionId, Terms, Timestamp, Units,
};

use crate::bucket::Bucket;
use crate::counter::Counter;
use crate::policy::PolicyState;
use crate::spend::Before;

/// Past this many counters, those of periods that are over make room.
const SLOTS_BEFORE_TIDYING: usize = 8;

/// Who a call is counted for, and on what terms.
#[derive(Debug, Clone)]
pub struct Subscriber {
    /// The subscription: what every counter belongs to.
    pub subscription: SubscriptionId,
    /// The version of the plan.
    pub plan: PlanId,
    /// Its name, such as `BASIC`, for messages.
    pub plan_name: Arc<str>,
    /// The app that calls.
    pub app: AppId,
    /// The key that it called with.
    pub key: KeyId,
    /// Whether that is a test key: its calls are bounded as others are, by counters of their own, and never billed.
    pub test: bool,
    /// The API that is called.
    pub api: ApiId,
    /// What the subscription's periods are counted from.
    pub anchor: Timestamp,
    /// Rate and quotas.
    pub terms: Arc<Terms>,
    /// What the overage of a billing period may cost, in millionths of the plan's currency. `None`: whatever it comes to.
    pub spend_cap: Option<u64>,
}

/// A counter, or the place where it will be once it has been read: whoever comes first reads, the others wait.
pub(crate) type CounterCell = Arc<OnceCell<Arc<Counter>>>;

#[derive(Debug)]
pub(crate) struct Account {
    hot: Mutex<Hot>,
    /// Held while a call under a spend cap looks and takes.
    spending: Mutex<()>,
}

#[derive(Debug)]
struct Hot {
    bucket: Option<Bucket>,
    slots: Vec<Slot>,
    /// Of accounts under a spend cap.
    before: Vec<Before>,
    used: Moment,
}

#[derive(Debug)]
struct Slot {
    object: ObjectName,
    per: Per,
    period: Period,
    cell: CounterCell,
    /// How long it stays when nobody uses it: the end of its period, or of the billing period that it counts in.
    until: Timestamp,
}

impl Account {
    pub(crate) fn new(now: Moment) -> Self {
        let hot = Hot { bucket: None, slots: Vec::new(), before: Vec::new(), used: now };
        Self { hot: Mutex::new(hot), spending: Mutex::new(()) }
    }

    /// The turn in which a call under a spend cap looks and takes.
    pub(crate) fn spending(&self) -> MutexGuard<'_, ()> {
        self.spending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counters in memory of the object's periods that touch `billing`. They stay there until it is over.
    pub(crate) fn periods(&self, object: &ObjectName, billing: Period) -> Vec<(Period, CounterCell)> {
        let mut hot = self.hot();
        let mut found: Vec<(Period, CounterCell)> = Vec::new();
        let touches = |slot: &&mut Slot| {
            slot.object == *object && slot.period.start < billing.end && billing.start < slot.period.end
        };
        for slot in hot.slots.iter_mut().filter(touches) {
            slot.until = slot.until.max(billing.end);
            // A counter has two slots where a plan came to count it by another span.
            if !found.iter().any(|(period, _)| period.start == slot.period.start) {
                found.push((slot.period, Arc::clone(&slot.cell)));
            }
        }
        found
    }

    /// What was read of the object's overage in `billing` before it was counted in memory.
    pub(crate) fn overage_before(&self, object: &ObjectName, billing: Timestamp) -> Option<Units> {
        let hot = self.hot();
        let known = hot.before.iter().find(|before| before.object == *object && before.billing == billing);
        known.map(|before| before.overage)
    }

    /// Remembers it; whoever was first is believed.
    pub(crate) fn note_before(&self, read: Before) {
        let mut hot = self.hot();
        if !hot.before.iter().any(|before| before.object == read.object && before.billing == read.billing) {
            hot.before.retain(|before| before.object != read.object);
            hot.before.push(read);
        }
    }

    /// Takes a token of `rate`, or says how long it is until there is one. With it, how the bucket stands then.
    pub(crate) fn pass(&self, rate: Option<Rate>, now: Moment) -> (Option<PolicyState>, Result<(), Duration>) {
        let mut hot = self.hot();
        hot.used = hot.used.max(now);
        let Some(rate) = rate else {
            hot.bucket = None;
            return (None, Ok(()));
        };
        let bucket = hot.bucket.get_or_insert_with(|| Bucket::full(rate, now));
        if bucket.rate() != rate {
            bucket.change(rate, now);
        }
        let answer = bucket.take(now);
        (Some(PolicyState::of_bucket(bucket)), answer)
    }

    /// The counter of `quota` for the period that holds `now`.
    pub(crate) fn counter(&self, quota: &Quota, anchor: Timestamp, now: Timestamp) -> (Period, CounterCell) {
        let mut hot = self.hot();
        let same = |slot: &&Slot| slot.per == quota.per && slot.object == quota.object && slot.period.contains(now);
        if let Some(slot) = hot.slots.iter().find(same) {
            return (slot.period, Arc::clone(&slot.cell));
        }
        let period = Period::at(quota.per, anchor, now);
        // The key of a counter is where its period starts: one counter each, by whatever name the plan calls it.
        let started = |slot: &&Slot| slot.object == quota.object && slot.period.start == period.start;
        let cell = hot.slots.iter().find(started).map(|slot| Arc::clone(&slot.cell)).unwrap_or_default();
        if hot.slots.len() >= SLOTS_BEFORE_TIDYING {
            hot.slots.retain(|slot| slot.until > now || slot.in_use());
        }
        hot.slots.push(Slot {
            object: quota.object.clone(),
            per: quota.per,
            period,
            cell: Arc::clone(&cell),
            until: period.end,
        });
        (period, cell)
    }

    /// When it was last used, if forgetting it would change nothing: no call holds anything of it, and its bucket is
    /// full. Needs the only reference to the account.
    pub(crate) fn idle_since(&self, now: Moment) -> Option<Moment> {
        let mut hot = self.hot();
        let full = hot.bucket.as_mut().is_none_or(|bucket| bucket.is_full(now));
        let free = !hot.slots.iter().any(Slot::in_use);
        (full && free).then_some(hot.used)
    }

    fn hot(&self) -> MutexGuard<'_, Hot> {
        self.hot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Whether a call holds units of the counter, or waits for it to be read.
    fn in_use(&self) -> bool {
        Arc::strong_count(&self.cell) > 1 || self.cell.get().is_some_and(|counter| Arc::strong_count(counter) > 1)
    }
}
