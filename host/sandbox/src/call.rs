//! Calling a component: what goes in, beside the request, and the three ways to call.

mod http;
mod response;
mod task;
mod wasi_http;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use types::{AppId, CallId, ObjectName, Outcome, SubscriptionId, Units};
use wasmtime::Store;

use crate::component::Component;
use crate::places::Places;
use crate::run::{Ended, Ran};
use crate::settings::Limits;
use crate::state::{self, HostState};
use crate::threads::{Pace, Priority, Signals, Work};
use crate::upload::Sandbox;
use crate::world::http::weir::plugin::types as wit;

pub use wasi_http::{Broken, ResponseBody, WasiCall};

/// Who calls, as the component is told.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The app.
    pub app: AppId,
    /// The subscription.
    pub subscription: SubscriptionId,
    /// The plan's name.
    pub plan: Arc<str>,
}

/// Where a call stands in a workflow.
#[derive(Debug, Clone)]
pub struct Step {
    /// The execution.
    pub execution: String,
    /// The name of the state.
    pub state: String,
}

/// What a component is told of its call, and what it may report.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// The call.
    pub call: CallId,
    /// Stable over attempts; the call's own id when there is but one.
    pub invocation: Option<String>,
    /// From 1.
    pub attempt: u32,
    /// The W3C trace context.
    pub traceparent: Option<String>,
    /// The API's slug.
    pub api: Arc<str>,
    /// The release's number.
    pub release: u32,
    /// Who calls.
    pub caller: Option<Caller>,
    /// How much of each of its own objects the component may report.
    pub allowances: Vec<(ObjectName, Units)>,
    /// What it may reach outside: nothing unless its release grants it that.
    pub outbound: Option<crate::Outbound>,
    /// How often what led to the call has come through this host.
    pub depth: u8,
    /// The settings that it may read: none unless its release grants it that.
    pub config: Arc<[(String, String)]>,
    /// With what priority its guest begins.
    pub priority: Priority,
    /// Where the call stands in a workflow, when it is a step of one.
    pub step: Option<Step>,
    /// Ends the call, as [`types::Outcome::Aborted`], at the next tick or wait of its guest.
    pub halt: Option<CancellationToken>,
}

/// A request for the `http` world.
#[derive(Debug)]
pub struct HttpRequest {
    /// The method, path and headers that the component sees.
    pub method: ::http::Method,
    /// The path below the API's own.
    pub path: String,
    /// What follows `?`.
    pub query: Option<String>,
    /// The matched template.
    pub route: Arc<str>,
    /// What the template's names stand for.
    pub path_params: Vec<(String, String)>,
    /// The headers, without keys and hop-by-hop fields.
    pub headers: ::http::HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// A request body on its way to a `wasi:http` component.
pub type RequestBody = UnsyncBoxBody<Bytes, BodyError>;

/// Why a request body ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is larger than the route allows.
    #[error("the request body is too large")]
    TooLarge,
    /// It came too slowly.
    #[error("the request body came too slowly")]
    TooSlow,
    /// The client went away.
    #[error("the client went away")]
    Gone,
}

impl From<BodyError> for wasmtime_wasi_http::Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::HttpRequestBodySize(None),
            BodyError::TooSlow => Self::ConnectionReadTimeout,
            BodyError::Gone => Self::ConnectionTerminated,
        }
    }
}

impl CallContext {
    fn to_wit(&self, limits: &Limits) -> wit::Context {
        let call = self.call.to_string();
        wit::Context {
            invocation_id: self.invocation.clone().unwrap_or_else(|| call.clone()),
            call_id: call,
            attempt: self.attempt,
            deadline_ms: u64::try_from(limits.wall.as_millis()).unwrap_or(u64::MAX),
            traceparent: self.traceparent.clone(),
            api: self.api.to_string(),
            release: self.release,
            caller: self.caller.as_ref().map(|caller| wit::Caller {
                app: caller.app.to_string(),
                subscription: caller.subscription.to_string(),
                plan: caller.plan.to_string(),
            }),
            step: self
                .step
                .as_ref()
                .map(|step| wit::Step { execution: step.execution.clone(), state: step.state.clone() }),
        }
    }
}

/// A call that has no place in the pool yet.
struct Queued {
    places: Places,
    wall: Duration,
    store: wasmtime::Result<Store<HostState>>,
}

impl Queued {
    /// Waits for a place. Gives it, and then the store: locals are dropped in the other order, and a place is the slot of the
    /// pool that the store holds. An error: how the call ended without either.
    async fn begin<T>(self) -> Result<(OwnedSemaphorePermit, Store<HostState>), Ran<T>> {
        let place = self.places.take(self.wall).await.ok_or_else(Ended::<T>::overloaded)?;
        let store = self.store.map_err(|error| Ended::<T>::lost(Outcome::HostError, &format!("{error:#}")))?;
        Ok((place, store))
    }
}

impl Sandbox {
    /// What ends this call before its time.
    fn signals(&self, context: &CallContext) -> Signals {
        self.threads().signals.halted_by(context.halt.as_ref())
    }

    /// A call's store, with every limit armed, and how it is to run.
    fn queue(&self, component: &Component, context: &CallContext, limits: &Arc<Limits>) -> (Queued, Pace) {
        let meter = crate::meter::Meter::new(context.allowances.clone());
        let mut state = HostState::new(meter, Arc::clone(limits), self.clock().clone(), self.signals(context));
        state.config = Arc::clone(&context.config);
        state.priority = context.priority;
        let outbound = context.outbound.as_ref();
        state.line = outbound.and_then(|outbound| self.line(outbound, egress::Limits::default(), context.depth));
        let pace = component.pace(&state);
        let store = state::store(self.engine(), state);
        (Queued { places: self.places().clone(), wall: limits.wall, store }, pace)
    }

    /// Runs `work`, on this thread while it is short, and waits for its end.
    async fn run<T: Send + 'static>(&self, work: Work<Ran<T>>, pace: Pace) -> Ran<T> {
        // A panic is one call's fault, not the host's end.
        let ended = self.threads().run(work, pace).await;
        ended.unwrap_or_else(|| Ended::lost(Outcome::HostError, "the call panicked in the host"))
    }
}
