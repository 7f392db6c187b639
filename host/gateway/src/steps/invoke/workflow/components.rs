//! The tasks of a provider's own workflow: components of the same organisation, each a fresh instance, and requests.
//!
//! What one call may use is theirs together ([`Tally`]). Each runs in a task of its own: one that the workflow gives up, by
//! a timeout or because another branch has failed, is stopped, and counts all the same.

use std::sync::Arc;

use asl::Watch;
use bytes::Bytes;
use express::{Task, TaskFailed, Tasks};
use sandbox::{CallContext, Priority, Sandbox, Step};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::{Digest, Outcome};
use workflows::Job;

use super::Why;
use super::tally::Tally;
use super::trail::{self, Trail};
use super::way_out::WayOut;
use crate::call::Call;
use crate::functions::{self, NoFunction, as_function, not_offered};
use crate::resource::{ComponentName, Resource};
use crate::served::Served;
use crate::services;
use crate::spans;
use crate::steps::invoke::Invoked;
use crate::steps::invoke::guest::{allowances, called_by, keep_logs};

/// Components of one call that run side by side, and requests likewise. More wait: one call must not take what others
/// wait for.
pub(super) const AT_ONCE: usize = 16;

/// The components that one run asks for.
pub(super) struct Components<'c> {
    call: &'c Call,
    priority: Priority,
    places: Arc<Semaphore>,
    tally: Arc<Tally>,
    way_out: WayOut,
    trail: Arc<Trail>,
    running: TaskTracker,
    /// Stops all of them. Dropping the run does.
    halt: CancellationToken,
}

impl Drop for Components<'_> {
    fn drop(&mut self) {
        self.halt.cancel();
    }
}

impl Tasks for Components<'_> {
    fn watch(&self) -> Option<Watch> {
        Some(trail::WATCH)
    }

    fn saw(&self, steps: Vec<asl::Step>) {
        self.trail.saw(steps);
    }

    async fn perform(&self, task: Task) -> Result<Arc<Value>, TaskFailed> {
        match Resource::of(&task.resource) {
            Resource::Component(name) if task.resource.starts_with("arn:") => {
                if let Some(answer) = self.elsewhere((name, &task.input), &task).await {
                    return answer.map(|mut answer| Arc::new(answer["Payload"].take()));
                }
                self.run(name, &task, &task.input).await.map_err(as_function).map(Arc::new)
            }
            Resource::Component(name) => self.run(name, &task, &task.input).await.map(Arc::new),
            Resource::LambdaInvoke => self.invoke(&task).await.map_err(as_function).map(Arc::new),
            Resource::HttpInvoke => self.way_out.perform(&task.input, &self.invocation(&task)).await.map(Arc::new),
            Resource::StartExecution => self.start(task).await,
            Resource::Other => {
                let (premises, organisation) = (&self.call.premises, self.call.target.api.organisation);
                let invocation = self.invocation(&task);
                services::perform(premises, organisation, (&task.resource, &task.input), &invocation)
                    .await
                    .map(Arc::new)
            }
        }
    }
}

impl<'c> Components<'c> {
    /// For a run of this priority.
    pub(super) fn new(call: &'c Call, priority: Priority) -> Self {
        let clock = call.premises.house.clock.clone();
        Self {
            call,
            priority,
            places: Arc::new(Semaphore::new(AT_ONCE)),
            trail: Arc::new(Trail::new(clock.now())),
            tally: Arc::new(Tally::new(&call.target.served.limits, allowances(call), clock)),
            way_out: WayOut::of(call),
            running: TaskTracker::new(),
            halt: CancellationToken::new(),
        }
    }

    /// What ended the last one that came to no end of its own.
    pub(super) fn stopped(&self) -> Option<Outcome> {
        self.tally.stopped()
    }

    /// Whether one of them may have done what a second run would do again.
    pub(super) fn have_run(&self) -> bool {
        self.tally.has_run() || self.way_out.was_taken()
    }

    /// Stops those that still run, puts what all of them used on the call, and keeps what they wrote and what the states
    /// went through, with how the run failed.
    pub(super) async fn account(self, invoked: &mut Invoked, why: Option<Why>) {
        self.halt.cancel();
        self.running.close();
        self.running.wait().await;
        self.tally.went_out(&self.way_out.end());
        let used = self.tally.take();
        invoked.spent = used.spent;
        invoked.reported = used.reported;
        let error = why.as_ref().and_then(|why| why.error.clone());
        if spans::wanted(self.call).is_some() {
            self.call.progress.states.put(self.trail.spans());
        }
        self.trail.keep(self.call, invoked.outcome, error);
        let stopped = || used.stopped.map(|(outcome, detail)| format!("{outcome}: {detail}"));
        let detail = why.map(|why| why.text).or_else(stopped);
        keep_logs(self.call, invoked.outcome, detail, (used.lines, used.dropped));
    }

    /// `lambda:invoke`: the input names the function and holds its payload.
    async fn invoke(&self, task: &Task) -> Result<Value, TaskFailed> {
        let (name, payload) = functions::named(&task.input)?;
        if let Some(answer) = self.elsewhere((name, &payload), task).await {
            return answer;
        }
        let answer = self.run(name, task, &payload).await?;
        Ok(functions::answered(name, &answer, &self.call.asked.call.to_string()))
    }

    /// Calls a function that is none of the organisation's components, where there is such a place.
    async fn elsewhere(
        &self,
        (name, payload): (ComponentName<'_>, &Value),
        task: &Task,
    ) -> Option<Result<Value, TaskFailed>> {
        let (premises, organisation) = (&self.call.premises, self.call.target.api.organisation);
        if functions::is_own(premises, organisation, name) {
            return None;
        }
        services::invoke(premises, organisation, (name, payload), &self.invocation(task)).await
    }

    /// Starts an execution that outlives the call.
    async fn start(&self, task: Task) -> Result<Arc<Value>, TaskFailed> {
        let Some(workflows) = self.call.premises.workflows.get() else { return Err(not_offered(&task.resource)) };
        let (owner, execution) = (super::owner(self.call), super::execution(self.call));
        let invocation_id = format!("{execution}:{}", task.invocation);
        let halt = self.halt.child_token();
        let job = Job { owner, execution, origin: None, role_arn: None, task, invocation_id, halt };
        // Boxed: few runs start one, and all would carry its size.
        Box::pin(workflows.start_for(&job)).await
    }

    /// Calls a component with `input`. Dropping the future stops it.
    async fn run(&self, name: ComponentName<'_>, task: &Task, input: &Value) -> Result<Value, TaskFailed> {
        let (served, digest) = self.find(name)?;
        let halt = self.halt.child_token();
        let _stops_with_us = halt.clone().drop_guard();
        let work = Work {
            sandbox: self.call.premises.house.sandbox.clone(),
            digest,
            limits: Arc::clone(&served.limits),
            context: self.context(&served, name, task, halt),
            input: Bytes::from(input.to_string()),
            frame: task.frame,
            state: task.state.clone(),
        };
        let (places, tally, trail) = (Arc::clone(&self.places), Arc::clone(&self.tally), Arc::clone(&self.trail));
        let done = self.running.spawn(async move {
            // Never closed: an error cannot be.
            let place = places.acquire_owned().await;
            let _place = place.map_err(|error| tally.stop(Outcome::HostError, error.to_string()))?;
            work.run(&tally, &trail).await
        });
        let lost = |error: tokio::task::JoinError| self.tally.stop(Outcome::HostError, error.to_string());
        done.await.map_err(lost)?
    }

    /// The release that `name` stands for, if the workflow may use it: one of its own organisation's, of the task world.
    fn find(&self, name: ComponentName<'_>) -> Result<(Arc<Served>, Digest), TaskFailed> {
        let draw = crate::trace::low_bits(self.call.asked.call);
        let found = functions::find(&self.call.premises, self.call.target.api.organisation, name, draw);
        found.map(|function| (function.served, function.digest)).map_err(|error| match error {
            NoFunction::Failed(failed) => failed,
            NoFunction::Host(error) => self.tally.stop(Outcome::HostError, error.to_string()),
        })
    }

    /// The same for all attempts of one visit of a state, and for nothing else.
    fn invocation(&self, task: &Task) -> String {
        format!("{}-{}", self.call.asked.call, task.invocation)
    }

    fn context(&self, served: &Served, name: ComponentName<'_>, task: &Task, halt: CancellationToken) -> CallContext {
        let call = self.call;
        CallContext {
            call: call.asked.call,
            invocation: Some(self.invocation(task)),
            attempt: task.attempt,
            traceparent: Some(call.asked.trace.to_header()),
            api: name.slug.into(),
            release: served.release.number,
            caller: called_by(call),
            // Known when it begins.
            allowances: Vec::new(),
            outbound: served.outbound.clone(),
            depth: call.asked.depth.unwrap_or(u8::MAX),
            config: Arc::clone(&served.config),
            priority: self.priority,
            step: Some(Step { execution: super::execution(call), state: task.state.as_str().to_owned() }),
            halt: Some(halt),
        }
    }
}

/// One component's work, which goes on by itself.
struct Work {
    sandbox: Sandbox,
    digest: Digest,
    limits: Arc<sandbox::Limits>,
    context: CallContext,
    input: Bytes,
    /// Who asked for it.
    frame: u64,
    state: asl::StateName,
}

impl Work {
    async fn run(mut self, tally: &Tally, trail: &Trail) -> Result<Value, TaskFailed> {
        let loaded = self.sandbox.load(&self.digest).await;
        let component = loaded.map_err(|error| tally.stop(Outcome::HostError, error.to_string()))?;
        let limits = tally.begin(&self.limits, &mut self.context.allowances)?;
        let ran = self.sandbox.call_task(&component, &self.context, self.input, &limits).await;
        trail.spent(self.frame, self.state.as_str(), ran.spent.fuel);
        tally.end(ran)
    }
}
