//! What the ledger keeps in memory of one subscription: its token bucket and its counters.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use types::{
    ApiId, AppId, KeyId, Moment, ObjectName, Per, Period, PlanId, Quota, Rate, SubscriptionId, Terms, Timestamp,
};

use crate::bucket::Bucket;
use crate::counter::Counter;
use crate::policy::PolicyState;

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
    /// The API that is called.
    pub api: ApiId,
    /// What the subscription's periods are counted from.
    pub anchor: Timestamp,
    /// Rate and quotas.
    pub terms: Arc<Terms>,
}

/// A counter, or the place where it will be once it has been read: whoever comes first reads, the others wait.
pub(crate) type CounterCell = Arc<OnceCell<Arc<Counter>>>;

#[derive(Debug)]
pub(crate) struct Account {
    hot: Mutex<Hot>,
}

#[derive(Debug)]
struct Hot {
    bucket: Option<Bucket>,
    slots: Vec<Slot>,
    used: Moment,
}

#[derive(Debug)]
struct Slot {
    object: ObjectName,
    per: Per,
    period: Period,
    cell: CounterCell,
}

impl Account {
    pub(crate) fn new(now: Moment) -> Self {
        Self { hot: Mutex::new(Hot { bucket: None, slots: Vec::new(), used: now }) }
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
            hot.slots.retain(|slot| slot.period.end > now || slot.in_use());
        }
        hot.slots.push(Slot { object: quota.object.clone(), per: quota.per, period, cell: Arc::clone(&cell) });
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
