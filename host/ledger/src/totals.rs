//! What was settled since the start, for operators' metrics. Counted by the writer after each commit: nothing of it is
//! on a call's way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use types::{ApiId, Distribution, Histogram, ObjectName, Outcome};

use crate::ledger::Ledger;
use crate::settle::Settlement;

/// How many pairs of API and object are told apart; those after them are counted without their API.
const PAIRS_MAX: usize = 2_000;

/// What was settled of one object of one API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitsTotal {
    /// Whose. `None`: of APIs that are too many to be told apart.
    pub api: Option<ApiId>,
    /// What.
    pub object: ObjectName,
    /// Units that counted.
    pub billed: u64,
    /// Units that did not.
    pub unbilled: u64,
}

/// How long components ran in calls that ended in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeTotal {
    /// How they ended.
    pub outcome: Outcome,
    /// The components' own time.
    pub component: Distribution,
}

/// Since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// By API and object.
    pub units: Vec<UnitsTotal>,
    /// By outcome, those that there were.
    pub outcomes: Vec<OutcomeTotal>,
}

/// The sums. The writer holds the lock for a group; whoever reads, for a copy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Totals(Arc<Mutex<Sums>>);

#[derive(Debug, Default)]
pub(crate) struct Sums {
    units: BTreeMap<(Option<ApiId>, ObjectName), (u64, u64)>,
    outcomes: BTreeMap<&'static str, (Outcome, Histogram)>,
}

impl Totals {
    pub(crate) fn sums(&self) -> MutexGuard<'_, Sums> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sums {
    /// Adds a call whose commit is on disk.
    pub(crate) fn add(&mut self, call: &Settlement) {
        for line in &call.lines {
            let mut key = (Some(call.subscriber.api), line.object.clone());
            if self.units.len() >= PAIRS_MAX && !self.units.contains_key(&key) {
                key.0 = None;
            }
            let (billed, unbilled) = self.units.entry(key).or_default();
            *billed = billed.saturating_add(line.billed.get());
            *unbilled = unbilled.saturating_add(line.units.get().saturating_sub(line.billed.get()));
        }
        let outcome = call.ended.outcome;
        let (_, times) = self.outcomes.entry(outcome.as_str()).or_insert_with(|| (outcome, Histogram::default()));
        times.observe(call.ended.component_time);
    }
}

impl Ledger {
    /// What was settled since the start.
    pub fn settled(&self) -> Settled {
        let sums = self.totals().sums();
        let units = sums.units.iter().map(|((api, object), (billed, unbilled))| UnitsTotal {
            api: *api,
            object: object.clone(),
            billed: *billed,
            unbilled: *unbilled,
        });
        let outcomes =
            sums.outcomes.values().map(|(outcome, times)| OutcomeTotal { outcome: *outcome, component: times.read() });
        Settled { units: units.collect(), outcomes: outcomes.collect() }
    }
}
