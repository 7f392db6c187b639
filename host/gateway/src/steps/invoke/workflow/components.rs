//! The tasks of a provider's own workflow: components of the same organisation, each a fresh instance.
//!
//! They share what one call may use. Fuel that one has spent is gone for the next, and so is what it has reported.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use catalog::World;
use sandbox::{CallContext, Ran, Spent, Step};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use types::{Fuel, ObjectName, Outcome, Units};
use workflows::{ComponentName, Resource, Task, TaskFailed, Tasks};

use crate::call::Call;
use crate::served::{Runs, Served};
use crate::steps::invoke::Invoked;
use crate::steps::invoke::guest::{allowances, called_by, keep_logs, split};

/// Components of one call that run side by side. More wait: one call must not take what others wait for.
const AT_ONCE: usize = 16;
/// Lines of one call that are kept, of all its components together.
const LINES_MAX: usize = 1_000;

/// The components that one run asks for, and what they have used.
pub(super) struct Components<'c> {
    call: &'c Call,
    places: Semaphore,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    spent: Spent,
    reported: Vec<(ObjectName, Units)>,
    lines: Vec<sandbox::LogLine>,
    dropped: u32,
    /// How the last one failed, for the provider's log.
    failure: Option<(Outcome, String)>,
}

impl Tasks for Components<'_> {
    async fn perform(&self, task: Task) -> Result<Arc<Value>, TaskFailed> {
        match Resource::of(&task.resource) {
            Resource::Component(name) if task.resource.starts_with("arn:") => {
                self.run(name, &task, &task.input).await.map_err(as_function).map(Arc::new)
            }
            Resource::Component(name) => self.run(name, &task, &task.input).await.map(Arc::new),
            Resource::LambdaInvoke => self.invoke(&task).await.map_err(as_function).map(Arc::new),
            Resource::Other => Err(not_offered(&task.resource)),
        }
    }
}

impl<'c> Components<'c> {
    pub(super) fn new(call: &'c Call) -> Self {
        Self { call, places: Semaphore::new(AT_ONCE), used: Mutex::default() }
    }

    /// Puts what all of them used on the call, and keeps what they wrote.
    pub(super) fn account(self, invoked: &mut Invoked) {
        let used = self.used.into_inner().unwrap_or_else(PoisonError::into_inner);
        invoked.spent = used.spent;
        invoked.reported = used.reported;
        let (outcome, detail) = used.failure.unzip();
        keep_logs(self.call, outcome.unwrap_or(invoked.outcome), detail, (used.lines, used.dropped));
    }

    /// `lambda:invoke`: the input names the function and holds its payload.
    async fn invoke(&self, task: &Task) -> Result<Value, TaskFailed> {
        let input = task.input.as_object();
        let text = |name| input.and_then(|input| input.get(name)).and_then(Value::as_str);
        if let Some(other) = text("InvocationType").filter(|kind| *kind != "RequestResponse") {
            let cause = format!("a component is called and waited for, not by InvocationType {other}");
            return Err(failed("Lambda.InvalidParameterValueException", cause));
        }
        let function = text("FunctionName").unwrap_or_default();
        let named = ComponentName::of_function(function);
        let named = match text("Qualifier") {
            Some(qualifier) => named.and_then(|name| name.qualified(qualifier)),
            None => named,
        };
        let name = named.ok_or_else(|| missing(function))?;
        let payload = input.and_then(|input| input.get("Payload")).cloned().unwrap_or_else(|| json!({}));
        let answer = self.run(name, task, &payload).await?;
        Ok(json!({
            "ExecutedVersion": name.release.map_or_else(|| "$LATEST".to_owned(), |release| release.to_string()),
            "Payload": answer,
            "SdkHttpMetadata": { "HttpStatusCode": 200 },
            "SdkResponseMetadata": { "RequestId": self.call.asked.call.to_string() },
            "StatusCode": 200,
        }))
    }

    /// Calls a component with `input`.
    async fn run(&self, name: ComponentName<'_>, task: &Task, input: &Value) -> Result<Value, TaskFailed> {
        let (served, digest) = self.find(name)?;
        let house = &self.call.premises.house;
        let component =
            house.sandbox.load(&digest).await.map_err(|error| failed("Wasm.HostError", error.to_string()))?;
        // Never closed: an error cannot be.
        let _place = self.places.acquire().await.map_err(|error| failed("Wasm.HostError", error.to_string()))?;
        let limits = self.left_of(&served.limits)?;
        let context = self.context(&served, name, task);
        let ran = house.sandbox.call_task(&component, context, Bytes::from(input.to_string()), &limits).await;
        self.read(ran)
    }

    /// The release that `name` stands for, if the workflow may use it: one of its own organisation's, of the task world.
    fn find(&self, name: ComponentName<'_>) -> Result<(Arc<Served>, types::Digest), TaskFailed> {
        let (premises, own) = (&self.call.premises, &self.call.target.api);
        let snapshot = premises.house.catalog.snapshot();
        let api = snapshot.api(name.slug).filter(|api| api.organisation == own.organisation && api.suspended.is_none());
        let live = api.and_then(|api| api.live.as_ref());
        let (Some(api), Some(live)) = (api, live) else { return Err(missing(name.slug)) };
        let draw = crate::trace::low_bits(self.call.asked.call);
        let served = match name.release {
            None => premises.served.of(api, live, draw, &premises.house.sandbox).ok().flatten(),
            Some(number) => premises.served.numbered(api, live, number, &premises.house.sandbox).ok().flatten(),
        };
        let served = served.ok_or_else(|| missing(name.slug))?;
        match &served.runs {
            Runs::Component { digest, world: World::Task } => {
                let digest = *digest;
                Ok((served, digest))
            }
            _ => Err(failed(
                "Lambda.InvalidParameterValueException",
                format!("{} is not of the task world, which steps of a workflow are called in", name.slug),
            )),
        }
    }

    /// What a component may use: its own release's limits, and no more fuel than the call has left.
    fn left_of(&self, own: &Arc<sandbox::Limits>) -> Result<Arc<sandbox::Limits>, TaskFailed> {
        let spent = self.used.lock().unwrap_or_else(PoisonError::into_inner).spent.fuel;
        let left = self.call.target.served.limits.fuel.saturating_sub(spent);
        if left == Fuel::ZERO {
            let cause = "the components of this call have used up the fuel of its release".to_owned();
            return Err(failed("Wasm.OutOfFuel", cause));
        }
        if left >= own.fuel {
            return Ok(Arc::clone(own));
        }
        Ok(Arc::new(sandbox::Limits { fuel: left, ..sandbox::Limits::clone(own) }))
    }

    fn context(&self, served: &Served, name: ComponentName<'_>, task: &Task) -> CallContext {
        let call = self.call;
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |(object, most): (ObjectName, Units)| {
            let reported =
                used.reported.iter().find(|(name, _)| *name == object).map_or(Units::ZERO, |(_, units)| *units);
            (object, most.saturating_sub(reported))
        };
        CallContext {
            call: call.asked.call,
            invocation: Some(format!("{}-{}", call.asked.call, task.invocation)),
            attempt: task.attempt,
            traceparent: Some(call.asked.trace.to_header()),
            api: name.slug.into(),
            release: served.release.number,
            caller: called_by(call),
            allowances: allowances(call).into_iter().map(left).collect(),
            outbound: served.outbound.clone(),
            depth: call.asked.depth.unwrap_or(u8::MAX),
            config: Arc::clone(&served.config),
            step: Some(Step { execution: super::execution(call), state: task.state.as_str().to_owned() }),
        }
    }

    /// The answer of a run, or the error that Retry and Catch match. What it used is added up.
    fn read(&self, ran: Ran<Bytes>) -> Result<Value, TaskFailed> {
        let (answer, facts) = split(ran);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.add(&facts.spent, facts.reported);
        used.keep(facts.logs, facts.logs_dropped);
        match (facts.outcome, answer, facts.failure) {
            (Outcome::Ok, Some(answer), _) => {
                serde_json::from_slice(&answer).map_err(|error| failed("Wasm.InvalidResponse", error.to_string()))
            }
            (Outcome::GuestError, _, Some(failure)) => Err(failed(failure.code, failure.message)),
            (outcome, ..) => {
                let detail = facts.detail.unwrap_or_default();
                used.failure = Some((outcome, detail.clone()));
                Err(failed(outcome.error_name().unwrap_or("Wasm.HostError"), detail))
            }
        }
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

    fn keep(&mut self, lines: Vec<sandbox::LogLine>, dropped: u32) {
        let room = LINES_MAX.saturating_sub(self.lines.len());
        let over = u32::try_from(lines.len().saturating_sub(room)).unwrap_or(u32::MAX);
        self.lines.extend(lines.into_iter().take(room));
        self.dropped = self.dropped.saturating_add(dropped).saturating_add(over);
    }
}

fn failed(error: impl Into<Cow<'static, str>>, cause: String) -> TaskFailed {
    TaskFailed { error: error.into(), cause }
}

fn missing(name: &str) -> TaskFailed {
    let cause = format!("this organisation has no component {name} that is live: publish one of the task world");
    failed("Lambda.ResourceNotFoundException", cause)
}

/// What another service would do. The name is ours: no service of that name has failed.
fn not_offered(resource: &str) -> TaskFailed {
    let cause = format!(
        "this host does not offer {resource}: publish a component of the task world that does it, and name it in \
         Resource as component:NAME"
    );
    failed("Weir.NotOffered", cause)
}

/// Functions fail with a document as their cause.
fn as_function(failed: TaskFailed) -> TaskFailed {
    let document = json!({ "errorMessage": failed.cause, "errorType": failed.error });
    TaskFailed { cause: document.to_string(), ..failed }
}
