//! Tasks of executions that no call waits for: components of the execution's organisation, each a fresh instance, requests,
//! and services of AWS. Each attempt leaves a fact for the ledger, however it ends.

mod submitted;

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use egress::Used as Sent;
use express::TaskFailed;
use sandbox::{CallContext, Outbound, Priority, Ran, Step};
use serde_json::Value;
use types::{ApiId, ByteCount, CallId, Fact, Fuel, OutboxId, Outcome, RoleName, TaskComponent, TaskUse};
use workflows::{Asking, CutOff, Job, Performed, Performing, Stopping, Submitted, Work};

use crate::functions::{self, Function, NoFunction, as_function, failed};
use crate::origin::Origin;
use crate::premises::Premises;
use crate::resource::{ComponentName, Resource};
use crate::services;
use crate::steps::invoke::{WayOut, keep_lines, run_with};

/// Does them with the gateway's own places for guests: a job waits in its API's queue as a call does.
pub(crate) struct Jobs(pub(crate) Arc<Premises>);

impl Work for Jobs {
    fn perform(&self, job: Job) -> Performing {
        let premises = Arc::clone(&self.0);
        Box::pin(async move {
            let mut used = begun(&premises, &job);
            let (answer, taken) = if aws::is_waited_for(&job.task.resource) {
                match submitted::start(&premises, &job, &mut used).await {
                    Ok(started) => (Ok(started.answer), Some(started.handle)),
                    Err(failed) => (Err(failed), None),
                }
            } else {
                (perform(&premises, &job, &mut used).await, None)
            };
            used.ended = premises.house.clock.now();
            Performed { answer: answer.map(Arc::new), job: taken, usage: told(used) }
        })
    }

    fn ask(&self, job: Submitted) -> Asking {
        let premises = Arc::clone(&self.0);
        Box::pin(async move { submitted::ask(&premises, &job).await })
    }

    fn stop(&self, job: Submitted) -> Stopping {
        let premises = Arc::clone(&self.0);
        Box::pin(async move { submitted::stop(&premises, &job).await })
    }

    fn cut_off(&self, attempt: &CutOff) -> Option<String> {
        let call = self.0.draw_id(attempt.began);
        told(asked_for(call, attempt.clone()))
    }
}

/// An attempt that begins now, of which nothing has been done.
fn begun(premises: &Premises, job: &Job) -> TaskUse {
    let now = premises.house.clock.now();
    TaskUse { outcome: Outcome::Refused, ..asked_for(premises.draw_id(now), CutOff::of(job, now)) }
}

fn asked_for(call: CallId, attempt: CutOff) -> TaskUse {
    TaskUse {
        call,
        organisation: Some(attempt.organisation),
        resource: Some(attempt.resource),
        by: None,
        execution: attempt.execution,
        invocation: attempt.invocation_id,
        attempt: attempt.attempt,
        began: attempt.began,
        ended: attempt.ended,
        outcome: attempt.outcome,
        component_us: 0,
        fuel: Fuel::ZERO,
        fuel_schedule: 0,
        memory_peak: ByteCount::ZERO,
        request_bytes: ByteCount::ZERO,
        response_bytes: ByteCount::ZERO,
        egress_bytes: ByteCount::ZERO,
        egress_calls: 0,
    }
}

/// As it goes to the ledger. Its id goes with it: numbers of rows come again after a restore, and the ledger takes each id
/// once.
fn told(used: TaskUse) -> Option<String> {
    serde_json::to_string(&(OutboxId::generate(used.ended), Fact::Task(Box::new(used)))).ok()
}

async fn perform(premises: &Arc<Premises>, job: &Job, used: &mut TaskUse) -> Result<Value, TaskFailed> {
    let (resource, input) = (&*job.task.resource, &*job.task.input);
    match Resource::of(resource) {
        Resource::Component(name) if resource.starts_with("arn:") => {
            if let Some(answer) = elsewhere(premises, job, (name, input), used).await {
                return answer.map(|mut answer| answer["Payload"].take());
            }
            run(premises, job, (name, input), used).await.map(|(answer, _)| answer).map_err(as_function)
        }
        Resource::Component(name) => run(premises, job, (name, input), used).await.map(|(answer, _)| answer),
        Resource::LambdaInvoke => {
            let (name, payload) = functions::named(input).map_err(as_function)?;
            if let Some(answer) = elsewhere(premises, job, (name, &payload), used).await {
                return answer;
            }
            let (answer, call) = run(premises, job, (name, &payload), used).await.map_err(as_function)?;
            Ok(functions::answered(name, &answer, &call.to_string()))
        }
        Resource::HttpInvoke => request(premises, job, used).await,
        // The room of executions starts others itself.
        Resource::StartExecution | Resource::Other => {
            let found = services::find(premises, job.owner.organisation, resource);
            let task = found.ok_or_else(|| functions::not_offered(resource))?;
            let answer = while_awaited(job, services::ask(&task, input, &job.invocation_id)).await;
            settled(answer, &task.end(), used)
        }
    }
}

/// Calls a function that is none of the organisation's components, where there is such a place.
async fn elsewhere(
    premises: &Premises,
    job: &Job,
    (name, payload): (ComponentName<'_>, &Value),
    used: &mut TaskUse,
) -> Option<Result<Value, TaskFailed>> {
    let organisation = job.owner.organisation;
    if functions::is_own(premises, organisation, name) {
        return None;
    }
    let task = services::find(premises, organisation, services::INVOKE)?;
    let input = services::invocation_of(name, payload);
    let answer = while_awaited(job, services::ask(&task, &input, &job.invocation_id)).await;
    Some(settled(answer, &task.end(), used))
}

/// Asks somebody else, who is dropped when nobody waits for his answer any more. `None`: that was so.
async fn while_awaited<T>(job: &Job, asked: impl Future<Output = T>) -> Option<T> {
    job.halt.run_until_cancelled(asked).await
}

/// What somebody else has answered, and what was sent to him.
fn settled<T>(answer: Option<Result<T, TaskFailed>>, sent: &Sent, used: &mut TaskUse) -> Result<T, TaskFailed> {
    let Sent { requests, bytes, .. } = *sent;
    (used.egress_calls, used.egress_bytes) = (requests, bytes);
    used.outcome = match &answer {
        None => Outcome::Aborted,
        Some(Ok(_)) => Outcome::Ok,
        Some(Err(_)) if requests == 0 => Outcome::Refused,
        Some(Err(_)) => Outcome::GuestError,
    };
    answer.unwrap_or_else(|| Err(failed("States.TaskFailed", "nobody waits for it any more".to_owned())))
}

/// Sends the request of an HTTP task, as the release may that is the execution's machine, or as the machine's role may.
async fn request(premises: &Premises, job: &Job, used: &mut TaskUse) -> Result<Value, TaskFailed> {
    let parameters = &*job.task.input;
    let origin = job.origin.as_deref().and_then(Origin::read);
    let (outbound, depth) = match &origin {
        Some(origin) => {
            let granted = of_release(premises, job, origin).await;
            (granted.inspect_err(|_| used.outcome = Outcome::HostError)?, origin.depth)
        }
        None => (Some(of_role(premises, job, parameters)?), 0),
    };
    let way_out = WayOut::new(&premises.house.sandbox, outbound.as_ref(), depth);
    let answer = while_awaited(job, way_out.perform(parameters, &job.invocation_id)).await;
    settled(answer, &way_out.end(), used)
}

/// What the release behind an execution grants.
async fn of_release(premises: &Premises, job: &Job, origin: &Origin) -> Result<Option<Outbound>, TaskFailed> {
    let house = &premises.house;
    let release = house.catalog.release(origin.api, origin.number).await.map_err(|error| host_failed(&error))?;
    let of = (job.owner.organisation, &origin.slug);
    Ok(release.and_then(|release| house.sandbox.outbound(of, release.id.as_u128(), &release.egress)))
}

/// What the role grants that the execution's machine names.
fn of_role(premises: &Premises, job: &Job, parameters: &Value) -> Result<Outbound, TaskFailed> {
    let organisation = job.owner.organisation;
    let refuse = |cause: String| failed("States.Permissions", cause);
    let place = parameters.get("ApiEndpoint").and_then(Value::as_str).unwrap_or("any place");
    let Some(name) = job.role_arn.as_deref().and_then(RoleName::of_arn) else {
        let cause = format!(
            "this machine may not reach {place}: its roleArn is no arn:aws:iam::ACCOUNT:role/NAME, whose NAME `weir workflow \
             roles set` grants places to"
        );
        return Err(refuse(cause));
    };
    let snapshot = premises.house.catalog.snapshot();
    let role = snapshot.machine_role(organisation, &name);
    let Some((role, granted)) = role.and_then(|role| Some((role, role.egress.as_ref()?))) else {
        let cause = format!(
            "this machine may not reach {place}: the role {name} is not set. `weir workflow roles set {name} FILE` grants \
             it the places and secrets of a file"
        );
        return Err(refuse(cause));
    };
    // No API's slug, so that its connections and places are its own.
    let holder = format!("role/{}", role.id).into();
    let outbound = premises.house.sandbox.outbound((organisation, &holder), role.id.as_u128(), granted);
    outbound.ok_or_else(|| refuse(format!("the role {name} grants nothing, or this host has no [egress]")))
}

/// Calls a component, which stops when nobody waits for it any more, and when the future is dropped.
async fn run(
    premises: &Arc<Premises>,
    job: &Job,
    (name, input): (ComponentName<'_>, &Value),
    used: &mut TaskUse,
) -> Result<(Value, CallId), TaskFailed> {
    let call = used.call;
    let found = functions::find(premises, job.owner.organisation, name, crate::trace::low_bits(call));
    let function = found.map_err(|error| match error {
        NoFunction::Failed(failed) => failed,
        NoFunction::Host(error) => {
            used.outcome = Outcome::HostError;
            host_failed(&error)
        }
    })?;
    let halt = job.halt.child_token();
    let _stops_with_us = halt.clone().drop_guard();
    let context = CallContext {
        call,
        invocation: Some(job.invocation_id.clone()),
        attempt: job.task.attempt,
        traceparent: None,
        api: name.slug.into(),
        release: function.served.release.number,
        caller: None,
        allowances: Vec::new(),
        outbound: function.served.outbound.clone(),
        depth: 0,
        config: Arc::clone(&function.served.config),
        priority: Priority::Usual,
        step: Some(Step { execution: job.execution.clone(), state: job.task.state.as_str().to_owned() }),
        halt: Some(halt),
    };
    let (premises, input) = (Arc::clone(premises), Bytes::from(input.to_string()));
    let (api, component) = (function.api, function.digest);
    used.by = Some(TaskComponent { api, release: function.served.release.id, component });
    (used.request_bytes, used.fuel_schedule) = (ByteCount::of(input.len()), sandbox::FUEL_SCHEDULE);
    // In a task of its own: one that is given up is stopped, and what it wrote is kept.
    let (house, spent) = (Arc::clone(&premises), used.clone());
    let done = house.calls.spawn(async move {
        let ran = in_its_place(&premises, &function, context, input).await?;
        let spent = count(spent, &ran);
        Ok::<_, (Outcome, TaskFailed)>((end(&premises, (call, api), ran), spent))
    });
    match done.await.unwrap_or_else(|error| Err((Outcome::HostError, host_failed(&error)))) {
        Ok((answer, spent)) => {
            *used = spent;
            Ok((answer?, call))
        }
        Err((outcome, failed)) => {
            used.outcome = outcome;
            Err(failed)
        }
    }
}

/// What an attempt has used, now that it has ended.
fn count(used: TaskUse, ran: &Ran<Bytes>) -> TaskUse {
    TaskUse {
        outcome: ran.outcome,
        component_us: u64::try_from(ran.spent.component_time.as_micros()).unwrap_or(u64::MAX),
        fuel: ran.spent.fuel,
        memory_peak: ran.spent.memory_peak,
        response_bytes: ran.answer.as_ref().map_or(ByteCount::ZERO, |answer| ByteCount::of(answer.len())),
        egress_bytes: ran.spent.egress_bytes,
        egress_calls: ran.spent.egress_calls,
        ..used
    }
}

/// Waits for a place, and runs the component in it. An error: it has not run.
async fn in_its_place(
    premises: &Premises,
    function: &Function,
    context: CallContext,
    input: Bytes,
) -> Result<Ran<Bytes>, (Outcome, TaskFailed)> {
    let sandbox = &premises.house.sandbox;
    let loaded = sandbox.load(&function.digest).await;
    let component = loaded.map_err(|error| (Outcome::HostError, host_failed(&error)))?;
    let permit = premises.permits.take(function.api, &function.served.share).await;
    let full = |text: String| (Outcome::Overloaded, failed("Lambda.TooManyRequestsException", text));
    let mut permit = permit.map_err(|error| full(error.to_string()))?;
    let context = CallContext { priority: permit.priority(), ..context };
    let guest = pin!(sandbox.call_task(&component, &context, input, &function.served.limits));
    Ok(run_with(&premises.settings, &component, &mut permit, guest).await)
}

/// The answer of a component, or the error that Retry and Catch match.
fn end(premises: &Premises, (call, api): (CallId, ApiId), ran: Ran<Bytes>) -> Result<Value, TaskFailed> {
    let told = ran.detail.as_ref().map(|detail| format!("{}: {detail}", ran.outcome));
    keep_lines(premises, (call, api), told, (ran.logs, ran.logs_dropped));
    match (ran.outcome, ran.answer, ran.failure) {
        (Outcome::Ok, Some(answer), _) => serde_json::from_slice(&answer).map_err(|error| {
            failed(Outcome::InvalidResponse.error_name().unwrap_or("Wasm.InvalidResponse"), error.to_string())
        }),
        (Outcome::GuestError, _, Some(failure)) => Err(failed(failure.code, failure.message)),
        (outcome, ..) => Err(failed(outcome.error_name().unwrap_or("Wasm.HostError"), ran.detail.unwrap_or_default())),
    }
}

fn host_failed(error: &dyn std::error::Error) -> TaskFailed {
    tracing::error!(%error, "the host could not run a component of an execution");
    failed(Outcome::HostError.error_name().unwrap_or("Wasm.HostError"), error.to_string())
}
