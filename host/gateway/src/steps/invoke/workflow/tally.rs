//! What the components of one call have used, and what is left for the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use express::TaskFailed;
use sandbox::{Limits, LogLine, LogStream, Ran, Spent};
use serde_json::Value;
use types::{Clock, Fuel, Moment, ObjectName, Outcome, Units};

use crate::functions::failed;
use crate::steps::invoke::guest::split;

/// Lines of one call that are kept, of all its components together.
const LINES_MAX: usize = 1_000;

/// Fuel that one component has spent is gone for the next, and so is what it has reported.
pub(super) struct Tally {
    /// What the whole call may use.
    fuel: Fuel,
    wall: std::time::Duration,
    /// What it may report, all together.
    allowances: Vec<(ObjectName, Units)>,
    clock: Clock,
    began: Moment,
    used: Mutex<Used>,
}

#[derive(Default)]
pub(super) struct Used {
    pub(super) spent: Spent,
    pub(super) reported: Vec<(ObjectName, Units)>,
    pub(super) lines: Vec<LogLine>,
    pub(super) dropped: u32,
    /// What ended the last one that came to no end of its own, with more of it for the provider's log.
    pub(super) stopped: Option<(Outcome, String)>,
    has_run: bool,
}

impl Tally {
    pub(super) fn new(whole: &Limits, allowances: Vec<(ObjectName, Units)>, clock: Clock) -> Self {
        let (fuel, wall, began) = (whole.fuel, whole.wall, clock.moment());
        Self { fuel, wall, allowances, clock, began, used: Mutex::default() }
    }

    /// What a component may use: its own release's limits, and no more than the call has left. Sets what it may report.
    ///
    /// # Errors
    ///
    /// `Wasm.OutOfFuel`: nothing is left.
    pub(super) fn begin(
        &self,
        own: &Arc<Limits>,
        allowances: &mut Vec<(ObjectName, Units)>,
    ) -> Result<Arc<Limits>, TaskFailed> {
        let (spent, reported) = {
            let used = self.used();
            (used.spent.fuel, used.reported.clone())
        };
        allowances.clone_from(&self.allowances);
        for (object, left) in &mut *allowances {
            let reported = reported.iter().find(|(name, _)| name == object).map_or(Units::ZERO, |(_, units)| *units);
            *left = left.saturating_sub(reported);
        }
        let fuel = self.fuel.saturating_sub(spent);
        if fuel == Fuel::ZERO {
            let cause = "the components of this call have used up the fuel of its release";
            return Err(self.stop(Outcome::OutOfFuel, cause.to_owned()));
        }
        let wall = self.wall.saturating_sub(self.clock.moment().since(self.began));
        if fuel >= own.fuel && wall >= own.wall {
            return Ok(Arc::clone(own));
        }
        Ok(Arc::new(Limits { fuel: fuel.min(own.fuel), wall: wall.min(own.wall), ..Limits::clone(own) }))
    }

    /// The answer of a component, or the error that Retry and Catch match. What it used is added up.
    pub(super) fn end(&self, ran: Ran<Bytes>) -> Result<Value, TaskFailed> {
        let (answer, facts) = split(ran);
        {
            let mut used = self.used();
            used.add(&facts.spent, facts.reported);
            used.keep(facts.logs, facts.logs_dropped);
            used.has_run |= facts.outcome.may_have_run();
        }
        match (facts.outcome, answer, facts.failure) {
            (Outcome::Ok, Some(answer), _) => {
                serde_json::from_slice(&answer).map_err(|error| self.stop(Outcome::InvalidResponse, error.to_string()))
            }
            (Outcome::GuestError, _, Some(failure)) => Err(failed(failure.code, failure.message)),
            (outcome, ..) => Err(self.stop(outcome, facts.detail.unwrap_or_default())),
        }
    }

    /// A component did not come to an end of its own.
    pub(super) fn stop(&self, outcome: Outcome, detail: String) -> TaskFailed {
        self.used().stopped = Some((outcome, detail.clone()));
        failed(outcome.error_name().unwrap_or("Wasm.HostError"), detail)
    }

    pub(super) fn stopped(&self) -> Option<Outcome> {
        self.used().stopped.as_ref().map(|(outcome, _)| *outcome)
    }

    /// Whether any of them may have done what a second run would do again.
    pub(super) fn has_run(&self) -> bool {
        self.used().has_run
    }

    /// Adds what HTTP tasks have used.
    pub(super) fn went_out(&self, out: &egress::Used) {
        let mut used = self.used();
        used.spent.egress_calls = used.spent.egress_calls.saturating_add(out.requests);
        used.spent.egress_bytes = used.spent.egress_bytes.saturating_add(out.bytes);
        let at = self.clock.now();
        let line = |fault: &String| LogLine { at, stream: LogStream::Log, text: format!("egress: {fault}") };
        used.lines.extend(out.faults.iter().map(line));
    }

    /// All of it, once nothing runs any more.
    pub(super) fn take(&self) -> Used {
        std::mem::take(&mut *self.used())
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Used {
    fn add(&mut self, spent: &Spent, reported: Vec<(ObjectName, Units)>) {
        self.spent.fuel = self.spent.fuel.saturating_add(spent.fuel);
        self.spent.component_time = self.spent.component_time.saturating_add(spent.component_time);
        self.spent.egress_calls = self.spent.egress_calls.saturating_add(spent.egress_calls);
        self.spent.egress_bytes = self.spent.egress_bytes.saturating_add(spent.egress_bytes);
        self.spent.memory_peak = self.spent.memory_peak.max(spent.memory_peak);
        for (object, units) in reported {
            match self.reported.iter_mut().find(|(known, _)| *known == object) {
                Some((_, sum)) => *sum = sum.saturating_add(units),
                None => self.reported.push((object, units)),
            }
        }
    }

    fn keep(&mut self, lines: Vec<LogLine>, dropped: u32) {
        let room = LINES_MAX.saturating_sub(self.lines.len());
        let over = u32::try_from(lines.len().saturating_sub(room)).unwrap_or(u32::MAX);
        self.lines.extend(lines.into_iter().take(room));
        self.dropped = self.dropped.saturating_add(dropped).saturating_add(over);
    }
}
