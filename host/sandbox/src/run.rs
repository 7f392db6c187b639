//! One call, from a fresh store to the facts of how it ended.

use std::pin::Pin;
use std::time::Duration;

use types::{ByteCount, Fuel, ObjectName, Outcome, Units};
use wasmtime::Store;

use crate::logs::LogLine;
use crate::outcome::{self, GuestFailure};
use crate::state::HostState;

/// What one call did. Facts only.
#[derive(Debug)]
pub struct Ran<T> {
    /// How it ended.
    pub outcome: Outcome,
    /// The answer, when the outcome is [`Outcome::Ok`].
    pub answer: Option<T>,
    /// What the guest said, when the outcome is [`Outcome::GuestError`].
    pub failure: Option<GuestFailure>,
    /// More of the outcome for the provider's log. Never for a consumer.
    pub detail: Option<String>,
    /// What it used. Complete whatever the outcome.
    pub spent: Spent,
    /// What the guest reported of its own objects, a sum each.
    pub reported: Vec<(ObjectName, Units)>,
    /// What the guest wrote.
    pub logs: Vec<LogLine>,
    /// How many lines more it wrote than are kept.
    pub logs_dropped: u32,
}

/// What a call used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Work, host calls included.
    pub fuel: Fuel,
    /// Wall time of the component: instantiate, call, waits.
    pub component_time: Duration,
    /// The largest sum of its memories.
    pub memory_peak: ByteCount,
    /// Requests that it sent out.
    pub egress_calls: u32,
    /// What went out and came in with them.
    pub egress_bytes: ByteCount,
}

/// How the guest's part of a call ended.
pub(crate) enum Ended<T> {
    Answered(T),
    Failed(GuestFailure),
    /// The guest answered something that no response can be made of.
    Invalid(String),
    TooLarge(String),
    Stopped(wasmtime::Error),
}

impl<T> Ended<T> {
    /// What an unanswered call is: the host's own error, with nothing spent.
    pub(crate) fn lost(outcome: Outcome, detail: &str) -> Ran<T> {
        Ran {
            outcome,
            answer: None,
            failure: None,
            detail: Some(detail.to_owned()),
            spent: Spent::default(),
            reported: Vec::new(),
            logs: Vec::new(),
            logs_dropped: 0,
        }
    }

    /// No place came free in time: the guest never ran.
    pub(crate) fn overloaded() -> Ran<T> {
        Self::lost(Outcome::Overloaded, "no place in the pool came free in time")
    }

    /// Reads the facts out of the store, and drops it.
    pub(crate) fn settle(self, mut store: Store<HostState>) -> Ran<T> {
        let left = store.get_fuel().unwrap_or(0);
        let state = store.data_mut();
        state.collect_output();
        let went_out = state.went_out();
        let spent = Spent {
            fuel: Fuel::saturating(state.limits.fuel.get().saturating_sub(left)),
            component_time: state.elapsed(),
            memory_peak: ByteCount::of(state.limiter.memory_peak()),
            egress_calls: went_out.requests,
            egress_bytes: went_out.bytes,
        };
        let (outcome, answer, failure, detail) = match self {
            Self::Answered(answer) => (Outcome::Ok, Some(answer), None, None),
            Self::Failed(failure) => (Outcome::GuestError, None, Some(failure), None),
            Self::Invalid(detail) => (Outcome::InvalidResponse, None, None, Some(detail)),
            Self::TooLarge(detail) => (Outcome::OutputTooLarge, None, None, Some(detail)),
            Self::Stopped(error) => (outcome::of_error(&error, state), None, None, Some(detail(&error))),
        };
        let state = store.into_data();
        let (logs, logs_dropped) = state.logs.finish();
        Ran { outcome, answer, failure, detail, spent, reported: state.meter.into_reported(), logs, logs_dropped }
    }
}

/// The chain of causes, cut and made safe to print: it holds the guest's own function names.
fn detail(error: &wasmtime::Error) -> String {
    let text = format!("{error:#}");
    crate::logs::printable(&text.as_bytes()[..text.len().min(DETAIL_MAX)])
}

/// Bytes kept of what an error says.
const DETAIL_MAX: usize = 4 * 1024;

/// Runs `work` under the wall deadline and the host's own end, for guests that may wait in a host call. A guest that
/// only computes is stopped by the ticker. One that answers at once needs no timer.
pub(crate) async fn bounded<T>(
    work: Pin<&mut impl Future<Output = wasmtime::Result<T>>>,
    wall: Duration,
    signals: &crate::threads::Signals,
) -> wasmtime::Result<T> {
    tokio::select! {
        biased;
        ended = work => ended,
        () = async { tokio::time::sleep(wall).await } => Err(crate::state::Stop::Deadline.into()),
        () = signals.aborted() => Err(crate::state::Stop::Aborted.into()),
    }
}
