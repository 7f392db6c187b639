//! From what wasmtime says to how a call ended. The one place that reads its errors.

use types::Outcome;
use wasmtime::{Error, PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::{I32Exit, ResourceTableError};

use crate::state::{HostState, Phase, Stop};

/// What kind of failure a guest reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The caller's fault.
    Rejected,
    /// May work when tried again.
    Retryable,
    /// Will not work.
    Permanent,
    /// A quota of the component's own is used up.
    QuotaExceeded,
}

/// A failure that the guest reported by name, as a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestFailure {
    /// Whose fault, and whether to try again.
    pub kind: FailureKind,
    /// The code or error name.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// More of it: JSON in UTF-8, unchecked.
    pub detail: Option<Vec<u8>>,
    /// When it is worth trying again, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

/// Says how a call ended that wasmtime ended with `error`.
pub(crate) fn of_error(error: &Error, state: &HostState) -> Outcome {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return match stop {
            Stop::Deadline | Stop::TooSlow => Outcome::Deadline,
            Stop::Aborted => Outcome::Aborted,
        };
    }
    if error.is::<I32Exit>() {
        return Outcome::GuestExit;
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Outcome::Overloaded;
    }
    if matches!(error.downcast_ref::<ResourceTableError>(), Some(ResourceTableError::Full)) {
        return Outcome::HandleLimit;
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Outcome::OutOfFuel,
        Some(Trap::StackOverflow) => Outcome::StackOverflow,
        Some(Trap::Interrupt) => Outcome::Deadline,
        Some(Trap::AllocationTooLarge) => Outcome::MemoryLimit,
        Some(_) => of_trap(state),
        None => of_text(error, state),
    }
}

/// A trap after a refused growth is the limit's doing: a runtime that cannot allocate gives up by trapping.
fn of_trap(state: &HostState) -> Outcome {
    match (state.limiter.refused(), state.phase) {
        (true, _) => Outcome::MemoryLimit,
        (false, Phase::Instantiating) => Outcome::InstantiateFailed,
        (false, _) => Outcome::Trap,
    }
}

/// Two limits have no type of their own; their texts are pinned by tests of this crate.
fn of_text(error: &Error, state: &HostState) -> Outcome {
    let text = format!("{error:#}");
    if text.contains("fuel allocated for hostcalls has been exhausted") {
        return if state.phase == Phase::Returned { Outcome::OutputTooLarge } else { Outcome::HostCallLimit };
    }
    if text.contains("store handle limit exceeded") {
        return Outcome::HandleLimit;
    }
    of_trap(state)
}
