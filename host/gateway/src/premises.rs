//! What all calls of one gateway share.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use catalog::Catalog;
use ledger::Ledger;
use sandbox::Sandbox;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use traces::Traces;
use types::{ApiId, CallId, Clock, Code, KeyId, Timestamp};
use workflows::Workflows;

use crate::envelope::Envelope;
use crate::permit::{Permits, Shares};
use crate::platform;
use crate::served::ServedReleases;
use crate::settings::{Settings, SettingsError};
use crate::spans::Spans;
use crate::strangers::Strangers;
use crate::traffic::Traffic;

/// The rooms that a call goes through.
#[derive(Clone)]
pub struct House {
    /// Who and what.
    pub catalog: Catalog,
    /// Admission and records.
    pub ledger: Ledger,
    /// Where components run.
    pub sandbox: Sandbox,
    /// Where their logs go.
    pub traces: Traces,
    /// Services of AWS, where the operator has set them up.
    pub aws: Option<aws::Aws>,
    /// Time.
    pub clock: Clock,
}

/// The house, and what the gateway keeps beside it.
pub(crate) struct Premises {
    pub(crate) house: House,
    pub(crate) settings: Settings,
    pub(crate) envelope: Envelope,
    pub(crate) permits: Permits,
    pub(crate) strangers: Strangers<IpAddr>,
    /// How often keys asked for what is their own.
    pub(crate) inquirers: Strangers<KeyId>,
    /// Places for those who ask.
    pub(crate) inquiries: Semaphore,
    pub(crate) served: ServedReleases,
    pub(crate) traffic: Traffic,
    pub(crate) calls: TaskTracker,
    pub(crate) connections: TaskTracker,
    /// Set when the host stops: what still comes in is told so.
    pub(crate) draining: AtomicBool,
    /// Where executions are kept, which need this gateway for their tasks: so they come after it.
    pub(crate) workflows: OnceLock<Workflows>,
    /// Who is told of calls that have ended.
    pub(crate) spans: OnceLock<Arc<dyn Spans>>,
    in_flight: AtomicUsize,
    ids: Ids,
}

impl Premises {
    pub(crate) fn new(house: House, settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let envelope = Envelope::parse(&settings.envelope)?;
        let shares = Shares {
            cores: settings.cores,
            places: settings.guests,
            lent: settings.long_guests,
            queue: settings.waiting_per_api,
            patience: settings.patience,
        };
        let permits = Permits::new(shares, house.clock.clone());
        Ok(Self {
            strangers: Strangers::new(house.clock.moment()),
            inquirers: Strangers::new(house.clock.moment()),
            inquiries: Semaphore::new(platform::AT_ONCE),
            served: ServedReleases::default(),
            traffic: Traffic::default(),
            calls: TaskTracker::new(),
            connections: TaskTracker::new(),
            draining: AtomicBool::new(false),
            workflows: OnceLock::new(),
            spans: OnceLock::new(),
            in_flight: AtomicUsize::new(0),
            ids: Ids::default(),
            house,
            settings,
            envelope,
            permits,
        })
    }

    /// Draws the id of a call.
    pub(crate) fn draw_id(&self, now: Timestamp) -> CallId {
        self.ids.draw(now)
    }

    /// How many calls are in flight.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Relaxed)
    }

    /// Counts a request that was not admitted: for the books by API and minute, for metrics by its reason.
    pub(crate) fn deny(&self, api: Option<ApiId>, code: Code, now: Timestamp) {
        self.house.ledger.deny(api, code, now);
        self.traffic.denied(code);
    }

    /// What all that looks random in a workflow of this call follows from. Nobody can tell it from the call's id.
    pub(crate) fn seed(&self, call: CallId) -> u64 {
        self.ids.keys.0.hash_one(("seed", call.as_u128()))
    }

    /// A place among the calls in flight, or `None` when the house is full. Kept until the call has ended, whatever
    /// becomes of its connection.
    pub(crate) fn place(self: &Arc<Self>) -> Option<Place> {
        if self.in_flight.fetch_add(1, Relaxed) < self.settings.calls_in_flight {
            return Some(Place { premises: Arc::clone(self), _counted: self.calls.token() });
        }
        self.in_flight.fetch_sub(1, Relaxed);
        None
    }
}

/// A place among the calls in flight. A stop waits for it, from before the request's body has come.
pub(crate) struct Place {
    premises: Arc<Premises>,
    _counted: TaskTrackerToken,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.premises.in_flight.fetch_sub(1, Relaxed);
    }
}

/// Draws call ids without a system call each: their random part is a keyed hash of a count, and the keys come from the
/// kernel once. Ids are public, so they need to be distinct and not guessable from outside, no more.
#[derive(Debug, Default)]
struct Ids {
    keys: (RandomState, RandomState),
    count: AtomicU64,
}

impl Ids {
    fn draw(&self, now: Timestamp) -> CallId {
        let count = self.count.fetch_add(1, Relaxed);
        let (low, high) = (self.keys.0.hash_one(count), self.keys.1.hash_one(count));
        let random = (u128::from(high & 0xffff) << 64) | u128::from(low);
        CallId::from_u128((u128::from(now.as_millis()) << 80) | random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_distinct_and_sort_by_their_millisecond() {
        let ids = Ids::default();
        let early = ids.draw(Timestamp::from_micros(1_000));
        let drawn: std::collections::HashSet<CallId> =
            (0..1_000).map(|_| ids.draw(Timestamp::from_micros(2_000))).collect();
        assert_eq!(drawn.len(), 1_000);
        assert!(drawn.iter().all(|id| early < *id && id.to_string().parse() == Ok(*id)));
    }
}
