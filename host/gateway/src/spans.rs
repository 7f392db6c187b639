//! What a call was, for whoever looks at it beyond this host.
//!
//! No document, no consumer and no address is in it: names, times and amounts alone.

use std::sync::Arc;
use std::time::Duration;

use types::{CallId, Fuel, Outcome, Timestamp};

use crate::call::Call;
use crate::steps::invoke::Invoked;

/// Takes what has ended. The gateway owns the trait; the host plugs an exporter in.
pub trait Spans: Send + Sync + 'static {
    /// Whether it takes a call whose client samples its trace, or does not. `None`: it says nothing of a trace.
    fn wants(&self, client_samples: Option<bool>) -> bool;

    /// A call that has ended and was recorded. It must not wait.
    fn ended(&self, span: CallSpan);
}

/// One call.
#[derive(Debug, Clone)]
pub struct CallSpan {
    /// Its trace: the client's, or one that is named after the call.
    pub trace: u128,
    /// Its own span.
    pub span: u64,
    /// The client's span.
    pub parent: Option<u64>,
    /// The call.
    pub call: CallId,
    /// When its head had come.
    pub started: Timestamp,
    /// Until it was recorded.
    pub took: Duration,
    /// The request's method.
    pub method: String,
    /// The API's slug.
    pub api: Arc<str>,
    /// The route's template.
    pub route: Arc<str>,
    /// The release that served it.
    pub release: u32,
    /// What its client was answered with.
    pub status: u16,
    /// What it came to.
    pub outcome: Outcome,
    /// The public code of its error.
    pub error: Option<String>,
    /// Fuel spent.
    pub fuel: Fuel,
    /// Visits of the states of its workflow, in the order in which they began.
    pub states: Vec<StateSpan>,
}

/// One visit of a state.
#[derive(Debug, Clone)]
pub struct StateSpan {
    /// The state's name.
    pub state: String,
    /// 0 for the machine itself; each branch and each iteration has a number of its own.
    pub branch: u64,
    /// When it was entered.
    pub started: Timestamp,
    /// How long it took. `None`: the run ended before it.
    pub took: Option<Duration>,
    /// Attempts that failed.
    pub failures: u32,
    /// Whether it was left with an output.
    pub left: bool,
    /// The name of its last error.
    pub error: Option<String>,
    /// Fuel that its components have used.
    pub fuel: Fuel,
}

/// Who wants to know of `call`, if anybody does.
pub(crate) fn wanted(call: &Call) -> Option<&Arc<dyn Spans>> {
    call.premises.spans.get().filter(|spans| spans.wants(call.asked.trace.client_samples()))
}

/// Tells of a call that has ended, if anybody wants to know.
pub(crate) fn ended(call: &Call, invoked: &Invoked) {
    let Some(spans) = wanted(call) else { return };
    let (trace, span, parent) = call.asked.trace.ids();
    let refusal = invoked.error_code.as_ref();
    spans.ended(CallSpan {
        trace,
        span,
        parent,
        call: call.asked.call,
        started: call.asked.received_at,
        took: call.premises.house.clock.moment().since(call.asked.began),
        method: call.asked.method.as_str().to_owned(),
        api: Arc::clone(&call.target.api.slug),
        route: Arc::clone(&call.route().template),
        release: call.target.served.release.number,
        status: invoked.status,
        outcome: invoked.outcome,
        error: refusal.map(|code| code.as_str().to_owned()),
        fuel: invoked.spent.fuel,
        states: call.progress.states.take().unwrap_or_default(),
    });
}
