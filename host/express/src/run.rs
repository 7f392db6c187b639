//! Express runs: in memory, at most once, at most five minutes, nothing kept.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use asl::{Context, Effect, Event, Execution, Outcome, StateMachine, TaskId};
use serde_json::Value;
use types::{Clock, Timestamp};

use crate::task::{Task, TaskFailed, Tasks};

/// The longest run. The same as in Step Functions.
pub const RUN_MAX: Duration = Duration::from_mins(5);

/// Answers and moments that a run is told of at most. A machine that loops through tasks which answer at once would else
/// go on until its time is over. (Step Functions keeps 25,000 events of a standard execution.)
const EVENTS_MAX: u32 = 100_000;
/// After so many, others have a turn, and the clock is looked at: tasks that answer at once never wait.
const EVENTS_PER_TURN: u32 = 64;

/// Why a distributed Map fails in an express machine.
const NO_MAP_RUNS: &str = "An express machine has no Map of the mode DISTRIBUTED: set the mode to INLINE.";

/// What a task came to.
type Answer = Result<Arc<Value>, TaskFailed>;

/// Runs `machine` from its start to its end. Tasks of parallel branches run side by side.
///
/// Dropping the future drops the tasks under way; nothing remains.
pub async fn run(
    machine: &Arc<StateMachine>,
    input: Arc<Value>,
    context: Context,
    tasks: &impl Tasks,
    clock: &Clock,
) -> Outcome {
    let execution = match tasks.watch() {
        None => machine.start(input, context, clock.now()),
        Some(watch) => machine.start_watched(input, context, clock.now(), watch),
    };
    // There is a timer only when a task does not answer at once.
    tokio::select! {
        biased;
        outcome = walk(execution, tasks, clock) => outcome,
        () = async { tokio::time::sleep(RUN_MAX).await } => Outcome::TimedOut,
    }
}

/// A task that is being done.
type UnderWay<'a> = (TaskId, Pin<Box<dyn Future<Output = Answer> + Send + 'a>>);

/// What is asked for and not yet answered.
#[derive(Default)]
struct Asked {
    new: Vec<(TaskId, Task)>,
    wake_at: Option<Timestamp>,
    /// Distributed Maps, which express machines do not have. One that was taken in before that was checked may.
    refused: Vec<TaskId>,
}

/// Takes the effects that are due. `Some`: the run is over.
fn take_effects(execution: &mut Execution, asked: &mut Asked) -> Option<Outcome> {
    while let Some(effect) = execution.next_effect() {
        match effect {
            Effect::Invoke { task, state, resource, input, invocation, attempt, frame, .. } => {
                let invocation = invocation.get();
                asked.new.push((task, Task { state, frame, resource, input, invocation, attempt }));
            }
            Effect::MapRun { task, .. } => asked.refused.push(task),
            Effect::WaitUntil(moment) => asked.wake_at = Some(moment),
            Effect::Finished(outcome) => return Some(outcome),
        }
    }
    None
}

async fn walk(mut execution: Execution, tasks: &impl Tasks, clock: &Clock) -> Outcome {
    let mut asked = Asked { new: Vec::with_capacity(1), wake_at: None, refused: Vec::new() };
    let mut under_way: Vec<UnderWay<'_>> = Vec::new();
    for events in 1.. {
        if events % EVENTS_PER_TURN == 0 {
            tokio::task::yield_now().await;
        }
        if events > EVENTS_MAX {
            break;
        }
        let steps = execution.take_steps();
        if !steps.is_empty() {
            tasks.saw(steps);
        }
        if let Some(outcome) = take_effects(&mut execution, &mut asked) {
            return outcome;
        }
        if let Some(task) = asked.refused.pop() {
            let failed = TaskFailed { error: "States.Runtime".into(), cause: NO_MAP_RUNS.to_owned() };
            tell(&mut execution, event(task, Err(failed)), clock);
            continue;
        }
        // Most runs have one task at a time and no clock: those need no list and no box.
        if under_way.is_empty() && asked.wake_at.is_none() && asked.new.len() == 1 {
            if let Some((task, work)) = asked.new.pop() {
                let answer = tasks.perform(work).await;
                tell(&mut execution, event(task, answer), clock);
            }
            continue;
        }
        for (task, work) in asked.new.drain(..) {
            under_way.push((task, Box::pin(tasks.perform(work))));
        }
        let next = next_event(&mut under_way, asked.wake_at, clock).await;
        if matches!(next, Event::Woke) {
            asked.wake_at = None;
        }
        tell(&mut execution, next, clock);
        under_way.retain(|(task, _)| execution.is_live(*task));
    }
    let cause = format!("the run has not ended after {EVENTS_MAX} answers of its tasks");
    Outcome::Failed { error: Some("States.Runtime".to_owned()), cause: Some(cause) }
}

fn event(task: TaskId, answer: Answer) -> Event {
    match answer {
        Ok(output) => Event::Succeeded { task, output },
        Err(TaskFailed { error, cause }) => Event::Failed { task, error, cause },
    }
}

fn tell(execution: &mut Execution, event: Event, clock: &Clock) {
    if let Err(error) = execution.apply(event, clock.now()) {
        // A task that answers in the moment in which it times out is late, and was dropped with its branch.
        tracing::debug!(%error, "an answer came too late for its workflow");
    }
}

/// The first answer of those under way, or the moment to wake.
async fn next_event(under_way: &mut [UnderWay<'_>], wake_at: Option<Timestamp>, clock: &Clock) -> Event {
    let wait = wake_at.map_or(RUN_MAX, |moment| moment.since(clock.now()));
    let first = std::future::poll_fn(|cx| {
        for (task, work) in under_way.iter_mut() {
            if let Poll::Ready(answer) = work.as_mut().poll(cx) {
                return Poll::Ready(event(*task, answer));
            }
        }
        Poll::Pending
    });
    tokio::time::timeout(wait, first).await.unwrap_or(Event::Woke)
}

#[cfg(test)]
mod tests;
