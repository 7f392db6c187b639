//! Sums by minute, hour and day, gathered in memory and written a little later.
//!
//! A settlement must not pay for views: what its group adds to them is gathered here and written once a second, in one
//! transaction with the number of the last link that it covers (`rolled`). After a crash, or an undone commit, the sums
//! are made from the call rows behind that number instead: they are exact, only later.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use types::{Moment, Outcome};

use crate::latency::bucket_of;
use crate::sql::calls::Facts;
use crate::sql::dimension::CallIds;

/// How long sums are gathered.
const GATHER: Duration = Duration::from_secs(1);
/// How many different keys are gathered at most: what one step may write is bounded.
const KEYS_MAX: usize = 256;

const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 86_400_000_000;

/// How wide a sum is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Grain {
    Minute,
    Hour,
    Day,
}

impl Grain {
    pub(crate) const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// Where the span that holds `at_us` starts.
    pub(crate) fn start(self, at_us: i64) -> i64 {
        let width = match self {
            Self::Minute => MINUTE_US,
            Self::Hour => HOUR_US,
            Self::Day => DAY_US,
        };
        at_us.saturating_sub(at_us.rem_euclid(width))
    }
}

/// What a latency is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum What {
    Total,
    Component,
}

impl What {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Component => "component",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TrafficKey {
    pub(crate) start_us: i64,
    pub(crate) subscription: i64,
    pub(crate) plan: i64,
    pub(crate) route: i64,
    pub(crate) release: i64,
    pub(crate) outcome: Outcome,
}

/// In the order of the columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) calls: i64,
    /// 2xx, 3xx, 4xx, 5xx.
    pub(crate) statuses: [i64; 4],
    /// Client gone, units, billed units, total µs, component µs, fuel.
    pub(crate) sums: [i64; 6],
    pub(crate) memory_peak_bytes: i64,
    /// Request, response and egress bytes, egress calls.
    pub(crate) volumes: [i64; 4],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UnitsKey {
    pub(crate) start_us: i64,
    pub(crate) subscription: i64,
    pub(crate) plan: i64,
    pub(crate) route: i64,
    pub(crate) release: i64,
    pub(crate) object: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LatencyKey {
    pub(crate) start_us: i64,
    pub(crate) route: i64,
    pub(crate) release: i64,
    pub(crate) plan: i64,
    pub(crate) what: What,
    pub(crate) bucket: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AppLatencyKey {
    pub(crate) start_us: i64,
    pub(crate) app: i64,
    pub(crate) what: What,
    pub(crate) bucket: u32,
}

/// One completed call, as the sums see it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) ids: CallIds,
    pub(crate) facts: Facts,
    /// Object, units, billed units: the further objects alone.
    pub(crate) usage: Vec<(i64, i64, i64)>,
}

/// Sums by minute, and those by app by hour.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    pub(crate) traffic: HashMap<TrafficKey, Traffic>,
    pub(crate) units: HashMap<UnitsKey, (i64, i64)>,
    pub(crate) latency: HashMap<LatencyKey, i64>,
    pub(crate) latency_app: HashMap<AppLatencyKey, i64>,
    /// When each key was last used, in microseconds.
    pub(crate) keys_used: HashMap<i64, i64>,
}

impl Sums {
    pub(crate) fn is_empty(&self) -> bool {
        self.traffic.is_empty()
    }

    pub(crate) fn add(&mut self, entry: &Entry) {
        let Entry { ids, facts, usage } = entry;
        let start_us = Grain::Minute.start(facts.ended_us);
        let CallIds { subscription, plan, route, release, app, .. } = *ids;
        self.keys_used
            .entry(ids.api_key)
            .and_modify(|at| *at = facts.admitted_us.max(*at))
            .or_insert(facts.admitted_us);
        let key = TrafficKey { start_us, subscription, plan, route, release, outcome: facts.outcome };
        self.traffic.entry(key).or_default().add(&Traffic::of(facts));
        for (object, units, billed) in usage {
            let key = UnitsKey { start_us, subscription, plan, route, release, object: *object };
            let sum = self.units.entry(key).or_default();
            *sum = (sum.0.saturating_add(*units), sum.1.saturating_add(*billed));
        }
        for (what, micros) in [(What::Total, facts.total_us), (What::Component, facts.component_us)] {
            let bucket = bucket_of(Duration::from_micros(micros.unsigned_abs()));
            count(&mut self.latency, LatencyKey { start_us, route, release, plan, what, bucket });
            let hour = Grain::Hour.start(facts.ended_us);
            count(&mut self.latency_app, AppLatencyKey { start_us: hour, app, what, bucket });
        }
    }

    fn keys(&self) -> usize {
        self.traffic
            .len()
            .max(self.keys_used.len())
            .max(self.latency_app.len())
            .max(self.latency.len())
            .max(self.units.len())
    }
}

fn count<K: Eq + Hash>(calls: &mut HashMap<K, i64>, key: K) {
    let sum = calls.entry(key).or_default();
    *sum = sum.saturating_add(1);
}

/// The same sums over wider spans, in the order of their keys: so that they are written from left to right.
pub(crate) fn widened<K: Copy + Ord, V: Copy>(
    sums: &HashMap<K, V>,
    widen: impl Fn(K) -> K,
    add: impl Fn(&mut V, &V),
) -> BTreeMap<K, V> {
    let mut wide = BTreeMap::new();
    for (key, value) in sums {
        wide.entry(widen(*key)).and_modify(|sum| add(sum, value)).or_insert(*value);
    }
    wide
}

impl Traffic {
    fn of(facts: &Facts) -> Self {
        let mut statuses = [0; 4];
        let class = facts.status.checked_div(100).and_then(|class| usize::try_from(class.saturating_sub(2)).ok());
        if let Some(calls) = class.and_then(|class| statuses.get_mut(class)) {
            *calls = 1;
        }
        Self {
            calls: 1,
            statuses,
            sums: [facts.client_gone, facts.units, facts.billed_units, facts.total_us, facts.component_us, facts.fuel],
            memory_peak_bytes: facts.memory_peak_bytes,
            volumes: [facts.request_bytes, facts.response_bytes, facts.egress_bytes, facts.egress_calls],
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let more = |sums: &mut [i64], others: &[i64]| {
            for (sum, other) in sums.iter_mut().zip(others) {
                *sum = sum.saturating_add(*other);
            }
        };
        self.calls = self.calls.saturating_add(other.calls);
        more(&mut self.statuses, &other.statuses);
        more(&mut self.sums, &other.sums);
        self.memory_peak_bytes = self.memory_peak_bytes.max(other.memory_peak_bytes);
        more(&mut self.volumes, &other.volumes);
    }
}

/// What is gathered, and which links it covers: those after `from` up to `to`.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) sums: Sums,
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// What is gathered may not be all that was committed: make the sums from the rows.
    pub(crate) stale: bool,
    since: Option<Moment>,
}

impl Gathered {
    /// Takes in a committed call of `link`.
    pub(crate) fn add(&mut self, link: i64, entry: &Entry, now: Moment) {
        if self.stale || link <= self.from {
            return;
        }
        self.sums.add(entry);
        self.to = self.to.max(link);
        self.since.get_or_insert(now);
    }

    /// Whether it is time to write.
    pub(crate) fn is_due(&self, now: Moment) -> bool {
        self.stale || self.sums.keys() >= KEYS_MAX || self.since.is_some_and(|since| now.since(since) >= GATHER)
    }

    /// Whether there is anything to write.
    pub(crate) fn is_empty(&self) -> bool {
        !self.stale && self.sums.is_empty()
    }

    /// Begins anew behind `link`.
    pub(crate) fn restart(&mut self, link: i64) {
        *self = Self { sums: Sums::default(), from: link, to: link, stale: false, since: None };
    }
}

/// Shared by the group and by what rides, both on the writer's thread: the lock is never waited for.
#[derive(Debug, Clone)]
pub(crate) struct Rollups(Arc<Mutex<Gathered>>);

impl Rollups {
    /// Nothing gathered yet, and perhaps calls that no sum holds.
    pub(crate) fn new() -> Self {
        let gathered = Gathered { sums: Sums::default(), from: 0, to: 0, stale: true, since: None };
        Self(Arc::new(Mutex::new(gathered)))
    }

    pub(crate) fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
