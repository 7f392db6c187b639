//! Tasks of executions that no call waits for: components of the execution's organisation, each a fresh instance.

use std::sync::Arc;

use bytes::Bytes;
use express::TaskFailed;
use sandbox::{CallContext, Outbound, Ran, Step};
use serde_json::Value;
use types::{ApiId, ByteCount, CallId, Fact, Fuel, OutboxId, Outcome, RoleName, TaskUse, Timestamp};
use workflows::{Job, Performed, Performing, Work};

use crate::functions::{self, Function, NoFunction, as_function, failed};
use crate::origin::Origin;
use crate::premises::Premises;
use crate::resource::{ComponentName, Resource};
use crate::services;
use crate::steps::invoke::{WayOut, keep_lines, turn};

/// Does them with the gateway's own places for guests: a job waits in its API's queue as a call does.
pub(crate) struct Jobs(pub(crate) Arc<Premises>);

impl Work for Jobs {
    fn perform(&self, job: Job) -> Performing {
        let premises = Arc::clone(&self.0);
        Box::pin(async move {
            let mut usage = None;
            let answer = perform(&premises, &job, &mut usage).await.map(Arc::new);
            Performed { answer, usage }
        })
    }
}

async fn perform(premises: &Arc<Premises>, job: &Job, usage: &mut Option<String>) -> Result<Value, TaskFailed> {
    let resource = &*job.task.resource;
    let organisation = job.owner.organisation;
    match Resource::of(resource) {
        Resource::Component(name) if resource.starts_with("arn:") => {
            if !functions::is_own(premises, organisation, name) {
                let task = (name, &*job.task.input);
                let asked = services::invoke(premises, organisation, task, &job.invocation_id);
                if let Some(answer) = while_awaited(job, asked).await? {
                    return answer.map(|mut answer| answer["Payload"].take());
                }
            }
            run(premises, job, (name, &job.task.input), usage).await.map(|(answer, _)| answer).map_err(as_function)
        }
        Resource::Component(name) => run(premises, job, (name, &job.task.input), usage).await.map(|(answer, _)| answer),
        Resource::LambdaInvoke => {
            let (name, payload) = functions::named(&job.task.input).map_err(as_function)?;
            if !functions::is_own(premises, organisation, name) {
                let task = (name, &payload);
                let asked = services::invoke(premises, organisation, task, &job.invocation_id);
                if let Some(answer) = while_awaited(job, asked).await? {
                    return answer;
                }
            }
            let (answer, call) = run(premises, job, (name, &payload), usage).await.map_err(as_function)?;
            Ok(functions::answered(name, &answer, &call.to_string()))
        }
        Resource::HttpInvoke => while_awaited(job, request(premises, job)).await?,
        // The room of executions starts others itself.
        Resource::StartExecution | Resource::Other => {
            let task = (resource, &*job.task.input);
            while_awaited(job, services::perform(premises, organisation, task, &job.invocation_id)).await?
        }
    }
}

/// Asks somebody else, who is dropped when nobody waits for his answer any more.
async fn while_awaited<T>(job: &Job, asked: impl Future<Output = T>) -> Result<T, TaskFailed> {
    let given_up = || failed("States.TaskFailed", "nobody waits for it any more".to_owned());
    job.halt.run_until_cancelled(asked).await.ok_or_else(given_up)
}

/// Sends the request of an HTTP task, as the release may that is the execution's machine, or as the machine's role may.
async fn request(premises: &Premises, job: &Job) -> Result<Value, TaskFailed> {
    let parameters = &*job.task.input;
    let origin = job.origin.as_deref().and_then(Origin::read);
    let (outbound, depth) = match &origin {
        Some(origin) => (of_release(premises, job, origin).await?, origin.depth),
        None => (Some(of_role(premises, job, parameters)?), 0),
    };
    let way_out = WayOut::new(&premises.house.sandbox, outbound.as_ref(), depth);
    way_out.perform(parameters, &job.invocation_id).await
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
    usage: &mut Option<String>,
) -> Result<(Value, CallId), TaskFailed> {
    let began = premises.house.clock.now();
    let call = premises.draw_id(began);
    let found = functions::find(premises, job.owner.organisation, name, crate::trace::low_bits(call));
    let function = found.map_err(|error| match error {
        NoFunction::Failed(failed) => failed,
        NoFunction::Host(error) => host_failed(&error),
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
        step: Some(Step { execution: job.execution.clone(), state: job.task.state.as_str().to_owned() }),
        halt: Some(halt),
    };
    let (premises, input) = (Arc::clone(premises), Bytes::from(input.to_string()));
    let used = TaskUse {
        call,
        api: function.api,
        release: function.served.release.id,
        component: function.digest,
        execution: job.execution.clone(),
        invocation: job.invocation_id.clone(),
        attempt: job.task.attempt,
        began,
        ended: began,
        outcome: Outcome::HostError,
        component_us: 0,
        fuel: Fuel::ZERO,
        fuel_schedule: sandbox::FUEL_SCHEDULE,
        memory_peak: ByteCount::ZERO,
        request_bytes: ByteCount::of(input.len()),
        response_bytes: ByteCount::ZERO,
        egress_bytes: ByteCount::ZERO,
        egress_calls: 0,
    };
    // In a task of its own: one that is given up is stopped, and what it wrote is kept.
    let house = Arc::clone(&premises);
    let done = house.calls.spawn(async move {
        let api = function.api;
        let ran = in_its_place(&premises, &function, context, input).await?;
        let used = count(used, &ran, premises.house.clock.now());
        Ok::<_, TaskFailed>((end(&premises, (call, api), ran), used))
    });
    let (answer, used) = done.await.map_err(|error| host_failed(&error))??;
    // Its id goes with it: numbers of rows come again after a restore, and the ledger takes each id once.
    *usage = serde_json::to_string(&(OutboxId::generate(used.ended), Fact::Task(Box::new(used)))).ok();
    Ok((answer?, call))
}

/// What an attempt has used, now that it has ended.
fn count(used: TaskUse, ran: &Ran<Bytes>, now: Timestamp) -> TaskUse {
    TaskUse {
        ended: now,
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

/// Waits for a place, and runs the component in it.
async fn in_its_place(
    premises: &Premises,
    function: &Function,
    context: CallContext,
    input: Bytes,
) -> Result<Ran<Bytes>, TaskFailed> {
    let sandbox = &premises.house.sandbox;
    let component = sandbox.load(&function.digest).await.map_err(|error| host_failed(&error))?;
    let permit = premises.permits.take(function.api, &function.served.share).await;
    let mut permit = permit.map_err(|error| failed("Lambda.TooManyRequestsException", error.to_string()))?;
    let guest = sandbox.call_task(&component, context, input, &function.served.limits);
    if component.runs_long() {
        permit.lend();
        return Ok(guest.await);
    }
    Ok(turn(&premises.settings, &mut permit, guest).await)
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
