//! What the states of a run go through, noted as it goes on, and kept where its release says so.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use asl::{Change, Step, Watch};
use serde_json::Value;
use traces::{NewRun, StateTrace};
use types::{Fuel, Outcome, Timestamp, Traced};

use crate::call::Call;
use crate::spans::StateSpan;

/// What is noted of one run: enough for a workflow that a person can read. All together some 600 KiB, of which most runs
/// have a hundredth.
pub(super) const WATCH: Watch = Watch { steps: 1_000, document_bytes: 4 * 1024, bytes: 256 * 1024, inner: false };

/// The states of a run, in the order in which they were entered.
pub(super) struct Trail {
    began: Timestamp,
    states: Mutex<Vec<Visit>>,
}

/// One visit of a state. Documents become text when they are kept, and not before: most are not.
struct Visit {
    state: String,
    frame: u64,
    entered: Timestamp,
    left: Option<Timestamp>,
    failures: u32,
    fuel: Fuel,
    input: Arc<Value>,
    output: Option<Arc<Value>>,
    error: Option<String>,
    cause: Option<String>,
}

impl Trail {
    pub(super) fn new(began: Timestamp) -> Self {
        Self { began, states: Mutex::default() }
    }

    /// Takes what has happened.
    pub(super) fn saw(&self, steps: Vec<Step>) {
        let mut states = self.states();
        for Step { at, frame, state, change, .. } in steps {
            if let Change::Entered(input) = change {
                states.push(Visit::new((state.as_str(), frame), at, input));
            } else if let Some(visit) = latest(&mut states, frame, state.as_str()) {
                visit.note(at, change);
            }
        }
    }

    /// Adds what a component has used for the state at which `frame` stands.
    pub(super) fn spent(&self, frame: u64, state: &str, fuel: Fuel) {
        if let Some(visit) = latest(&mut self.states(), frame, state) {
            visit.fuel = visit.fuel.saturating_add(fuel);
        }
    }

    /// The same for whoever looks at it beyond this host: without documents.
    pub(super) fn spans(&self) -> Vec<StateSpan> {
        self.states().iter().map(Visit::span).collect()
    }

    /// Hands the run over to be kept, if its release keeps one that ended so. Never waits.
    pub(super) fn keep(&self, call: &Call, outcome: Outcome, error: Option<String>) {
        let house = &call.premises.house;
        let took = house.clock.now().since(self.began);
        let failed = outcome != Outcome::Ok || error.is_some();
        let kept = failed || keeps(call.target.served.release.traced, took, call.premises.seed(call.asked.call));
        if !kept {
            return;
        }
        let states = std::mem::take(&mut *self.states());
        house.traces.keep_run(NewRun {
            call: call.asked.call,
            api: call.target.api.id,
            started: self.began,
            took_us: micros(took),
            outcome: outcome.as_str().to_owned(),
            error,
            states: states.into_iter().map(Visit::into_trace).collect(),
        });
    }

    fn states(&self) -> MutexGuard<'_, Vec<Visit>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a run that succeeded is kept. `draw` is a number by chance.
fn keeps(traced: Traced, took: Duration, draw: u64) -> bool {
    match traced {
        Traced::All => true,
        Traced::Failed => false,
        Traced::Slow(slower_than_ms) => took >= Duration::from_millis(u64::from(slower_than_ms.get())),
        Traced::Sampled(one_in) => draw.is_multiple_of(u64::from(one_in.get())),
    }
}

/// The visit under way of the state at which `frame` stands. A frame is in one state at a time.
fn latest<'v>(states: &'v mut [Visit], frame: u64, state: &str) -> Option<&'v mut Visit> {
    states.iter_mut().rev().find(|visit| visit.frame == frame && visit.state == state)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Visit {
    fn new((state, frame): (&str, u64), entered: Timestamp, input: Arc<Value>) -> Self {
        Self {
            state: state.to_owned(),
            frame,
            entered,
            left: None,
            failures: 0,
            fuel: Fuel::ZERO,
            input,
            output: None,
            error: None,
            cause: None,
        }
    }

    fn note(&mut self, at: Timestamp, change: Change) {
        match change {
            Change::Left { output, .. } => {
                self.left = Some(at);
                self.output = Some(output);
            }
            Change::Failed { error, cause } => {
                self.left = Some(at);
                self.failures = self.failures.saturating_add(1);
                (self.error, self.cause) = (error, cause);
            }
            _ => {}
        }
    }

    fn span(&self) -> StateSpan {
        StateSpan {
            state: self.state.clone(),
            branch: self.frame,
            started: self.entered,
            took: self.left.map(|left| left.since(self.entered)),
            failures: self.failures,
            left: self.output.is_some(),
            error: self.error.clone(),
            fuel: self.fuel,
        }
    }

    fn into_trace(self) -> StateTrace {
        StateTrace {
            state: self.state,
            frame: self.frame,
            entered_us: self.entered.as_micros(),
            took_us: self.left.map(|left| micros(left.since(self.entered))),
            failures: self.failures,
            fuel: self.fuel.get(),
            input: Arc::unwrap_or_clone(self.input),
            output: self.output.map(Arc::unwrap_or_clone),
            error: self.error,
            cause: self.cause,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn a_run_that_succeeds_is_kept_by_its_time_or_by_chance() {
        let number = |number| NonZeroU32::new(number).unwrap();
        let (short, long) = (Duration::from_millis(499), Duration::from_millis(500));
        assert!(keeps(Traced::All, short, 1) && !keeps(Traced::Failed, long, 0));
        assert!(keeps(Traced::Slow(number(500)), long, 1) && !keeps(Traced::Slow(number(500)), short, 0));
        let sampled = (0..1_000).filter(|draw| keeps(Traced::Sampled(number(100)), short, *draw)).count();
        assert_eq!(sampled, 10);
    }
}
