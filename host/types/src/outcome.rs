//! How the component's part of a call ended: the outcome that is recorded and billed by.

/// How an invocation ended. Each has its own value in `call.outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Outcome {
    /// The guest answered, whatever the status.
    Ok,
    /// The guest returned a named error or a failure.
    GuestError,
    /// The fuel limit is spent. Deterministic: the same input stops at the same place.
    OutOfFuel,
    /// The wall deadline passed. Not deterministic: it depends on the machine.
    Deadline,
    /// Linear memory, tables or instances, in total, past the limit.
    MemoryLimit,
    /// The wasm stack is used up.
    StackOverflow,
    /// Too many handles or host resources.
    HandleLimit,
    /// Too many bytes across host calls.
    HostCallLimit,
    /// The body, the headers or the task's output is too large.
    OutputTooLarge,
    /// A bad header, status or framing; or nothing was set.
    InvalidResponse,
    /// The guest asked the process to exit.
    GuestExit,
    /// Any other trap.
    Trap,
    /// A start function or the linking failed.
    InstantiateFailed,
    /// The host failed, not the guest.
    HostError,
    /// No permit came in time; the guest never ran.
    Overloaded,
    /// The host was draining.
    Aborted,
    /// A failure after a stream had begun. The counted unit stays.
    Interrupted,
    /// The gateway refused the request after admission; the guest never ran.
    Refused,
    /// An earlier answer was sent once more, for a repeated idempotency key; the guest never ran.
    Replayed,
}

impl Outcome {
    /// All of them, in the order of the reference.
    pub const ALL: [Self; 19] = [
        Self::Ok,
        Self::GuestError,
        Self::OutOfFuel,
        Self::Deadline,
        Self::MemoryLimit,
        Self::StackOverflow,
        Self::HandleLimit,
        Self::HostCallLimit,
        Self::OutputTooLarge,
        Self::InvalidResponse,
        Self::GuestExit,
        Self::Trap,
        Self::InstantiateFailed,
        Self::HostError,
        Self::Overloaded,
        Self::Aborted,
        Self::Interrupted,
        Self::Refused,
        Self::Replayed,
    ];

    /// The word that rows, logs and metrics use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::GuestError => "guest_error",
            Self::OutOfFuel => "out_of_fuel",
            Self::Deadline => "deadline",
            Self::MemoryLimit => "memory_limit",
            Self::StackOverflow => "stack_overflow",
            Self::HandleLimit => "handle_limit",
            Self::HostCallLimit => "host_call_limit",
            Self::OutputTooLarge => "output_too_large",
            Self::InvalidResponse => "invalid_response",
            Self::GuestExit => "guest_exit",
            Self::Trap => "trap",
            Self::InstantiateFailed => "instantiate_failed",
            Self::HostError => "host_error",
            Self::Overloaded => "overloaded",
            Self::Aborted => "aborted",
            Self::Interrupted => "interrupted",
            Self::Refused => "refused",
            Self::Replayed => "replayed",
        }
    }

    /// Whether a guest may have run, and so may have done what a second run would do again.
    pub const fn may_have_run(self) -> bool {
        !matches!(self, Self::Overloaded | Self::Refused | Self::Replayed)
    }

    /// The name by which Retry and Catch of a workflow match it. `None` for an answer, for a guest's own
    /// error (it brings its name) and for what never reaches a workflow.
    pub const fn error_name(self) -> Option<&'static str> {
        Some(match self {
            Self::Ok | Self::GuestError | Self::Interrupted | Self::Refused | Self::Replayed => return None,
            Self::OutOfFuel => "Wasm.OutOfFuel",
            Self::Deadline => "States.Timeout",
            Self::MemoryLimit => "Wasm.MemoryLimit",
            Self::StackOverflow => "Wasm.StackOverflow",
            Self::HandleLimit => "Wasm.HandleLimit",
            Self::HostCallLimit => "Wasm.HostCallLimit",
            Self::OutputTooLarge => "Wasm.OutputTooLarge",
            Self::InvalidResponse => "Wasm.InvalidResponse",
            Self::GuestExit => "Wasm.Exit",
            Self::Trap => "Wasm.Trap",
            Self::InstantiateFailed => "Wasm.InstantiateFailed",
            Self::HostError => "Wasm.HostError",
            Self::Overloaded => "Wasm.Overloaded",
            Self::Aborted => "Wasm.Aborted",
        })
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Outcome> for &'static str {
    fn from(outcome: Outcome) -> Self {
        outcome.as_str()
    }
}

impl TryFrom<String> for Outcome {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for Outcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text).ok_or_else(|| text.to_owned())
    }
}
