//! What a component knows of the call that it serves.

/// What the host says of the call: set by the host, never by the caller.
///
/// `Context::default()` is an anonymous first attempt, for tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The host's id of this call, the `X-Request-Id` of its response.
    pub call_id: String,
    /// Stable over the attempts of one task: the idempotency key for whatever is called from here.
    pub invocation_id: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Wall time left when the call began, in milliseconds.
    pub deadline_ms: u64,
    /// The W3C trace context of the request, if it had one.
    pub traceparent: Option<String>,
    /// The slug of the API.
    pub api: String,
    /// The number of the release that serves.
    pub release: u32,
    /// Who calls.
    pub caller: Option<Caller>,
    /// Where in a workflow the call stands, when it is a step of one.
    pub step: Option<Step>,
}

/// Who calls, by the host's ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The app whose key came with the request.
    pub app: String,
    /// The app's subscription to this API.
    pub subscription: String,
    /// The plan's name.
    pub plan: String,
}

/// The step of a workflow for which a component is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The execution.
    pub execution: String,
    /// The name of the state.
    pub state: String,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            call_id: String::new(),
            invocation_id: String::new(),
            attempt: 1,
            deadline_ms: 30_000,
            traceparent: None,
            api: String::new(),
            release: 1,
            caller: None,
            step: None,
        }
    }
}
