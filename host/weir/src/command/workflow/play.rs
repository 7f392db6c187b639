//! A run whose tasks are answered from a list, on a clock that jumps.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use asl::{Change, Context, Effect, Event, Outcome, StateMachine, Step, Watch};
use serde_json::Value;
use types::Timestamp;

/// Events that one run is given at most: a definition that loops through its tasks must end.
const EVENTS_MAX: usize = 10_000;

/// What the tasks of each state answer, in turn; the last answer is given again and again.
pub(super) type Answers = BTreeMap<String, Vec<Answer>>;

/// One answer of a task.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    /// Its result. Either this or `error`.
    output: Option<Value>,
    /// The name of its error.
    error: Option<String>,
    /// More about the error.
    #[serde(default)]
    cause: String,
}

/// What a run came to.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) outcome: Outcome,
    pub(super) steps: Vec<Step>,
}

impl Played {
    /// The states in the order in which they were entered.
    pub(super) fn path(&self) -> Vec<&str> {
        let entered = self.steps.iter().filter(|step| matches!(step.change, Change::Entered(_)));
        entered.map(|step| step.state.as_str()).collect()
    }
}

/// Runs `machine` to its end. The clock begins at zero.
pub(super) fn play(machine: &Arc<StateMachine>, input: Value, answers: &Answers) -> anyhow::Result<Played> {
    let mut now = Timestamp::from_micros(0);
    let context = Context { execution_name: "try".to_owned(), started_at: now, ..Context::default() };
    let mut run = machine.start_watched(Arc::new(input), context, now, Watch::ALL);
    let mut given: BTreeMap<String, usize> = BTreeMap::new();
    let mut steps = Vec::new();
    for _ in 0..EVENTS_MAX {
        let effect = run.next_effect().context("the run waits for nothing")?;
        let event = match effect {
            Effect::Finished(outcome) => {
                steps.extend(run.take_steps());
                return Ok(Played { outcome, steps });
            }
            Effect::WaitUntil(moment) => {
                now = now.max(moment);
                Event::Woke
            }
            Effect::MapRun { task, state, .. } => answered((task, &state, "its items"), answers, &mut given)?,
            Effect::Invoke { task, state, resource, .. } => answered((task, &state, &resource), answers, &mut given)?,
        };
        if run.apply(event, now).is_err() {
            bail!("a task was answered after its time");
        }
        steps.extend(run.take_steps());
    }
    bail!("the run has not ended after {EVENTS_MAX} events")
}

/// What the next answer of a state says. The items of a distributed Map are answered together.
fn answered(
    (task, state, wanted): (asl::TaskId, &asl::StateName, &str),
    answers: &Answers,
    given: &mut BTreeMap<String, usize>,
) -> anyhow::Result<Event> {
    let turn = given.entry(state.as_str().to_owned()).or_default();
    let answer = answers.get(state.as_str()).and_then(|list| list.get(*turn).or(list.last()));
    let Some(answer) = answer else {
        bail!("{state} asks for {wanted}: give it an answer under \"tasks\"");
    };
    *turn += 1;
    event(task, answer)
}

fn event(task: asl::TaskId, answer: &Answer) -> anyhow::Result<Event> {
    match (&answer.output, &answer.error) {
        (Some(output), None) => Ok(Event::Succeeded { task, output: Arc::new(output.clone()) }),
        (None, Some(error)) => Ok(Event::Failed { task, error: error.clone().into(), cause: answer.cause.clone() }),
        _ => bail!("an answer has either an \"output\" or an \"error\""),
    }
}
