//! The way out of a run: what its HTTP tasks may reach, one line for all of them.

use std::time::Duration;

use egress::{Limits, Line, Used};
use express::TaskFailed;
use sandbox::{Outbound, Sandbox};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::components::AT_ONCE;
use crate::call::Call;
use crate::functions::failed;

/// Requests of one run, those for tokens included. A guess: ten times what a component has.
const REQUESTS: u32 = 100;
/// How long an answer may take to begin, and each part of it: as long as a whole HTTP task may.
const ANSWER: Duration = Duration::from_mins(1);

/// Sends the requests of a run.
pub(crate) struct WayOut {
    /// `None`: its release is granted nothing, or the host has no way out.
    line: Option<Line>,
    places: Semaphore,
}

impl WayOut {
    pub(super) fn of(call: &Call) -> Self {
        // A depth that says something else was refused.
        let depth = call.asked.depth.unwrap_or(u8::MAX);
        Self::new(&call.premises.house.sandbox, call.target.served.outbound.as_ref(), depth)
    }

    /// The way out that a release grants. `depth`: how often what led to it has come through this host.
    pub(crate) fn new(sandbox: &Sandbox, outbound: Option<&Outbound>, depth: u8) -> Self {
        let limits = Limits {
            requests: REQUESTS,
            at_once: AT_ONCE,
            first_byte: ANSWER,
            between_bytes: ANSWER,
            ..Limits::default()
        };
        let line = outbound.and_then(|outbound| sandbox.line(outbound, limits, depth));
        Self { line, places: Semaphore::new(AT_ONCE) }
    }

    /// Sends the request that `parameters` describe. Dropping the future gives it up.
    pub(crate) async fn perform(&self, parameters: &Value, invocation: &str) -> Result<Value, TaskFailed> {
        let Some(line) = &self.line else { return Err(not_granted(parameters)) };
        // Never closed: an error cannot be.
        let place = self.places.acquire().await;
        let _place = place.map_err(|error| failed("States.Http.Socket", error.to_string()))?;
        line.http_task(parameters, invocation).await.map_err(|fault| failed(fault.error, fault.cause))
    }

    /// Whether a request has left.
    pub(super) fn was_taken(&self) -> bool {
        self.line.as_ref().is_some_and(|line| line.used().requests > 0)
    }

    /// Breaks off what is still being sent, and tells what all of it came to.
    pub(crate) fn end(&self) -> Used {
        let Some(line) = &self.line else { return Used::default() };
        line.end();
        line.used()
    }
}

fn not_granted(parameters: &Value) -> TaskFailed {
    let place = parameters.get("ApiEndpoint").and_then(Value::as_str).unwrap_or("any place");
    let cause = format!(
        "this workflow's release may not reach {place}: name the host in an [[egress]] of its weir.toml and publish it, \
         and ask the operator to allow it in [egress] of host.toml"
    );
    failed("States.Permissions", cause)
}
