//! Formats 1 to 4: one JSON object. States stand by name, durations and moments in microseconds. Format 2 added
//! variables and Maps; a run of format 1 has none. Format 3 added the first try of a visit; before, each was its own. Format 4
//! keeps where a run stood when it failed, and the redrives of its context.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use types::Timestamp;

use super::DecodeError;
use crate::context::Context;
use crate::data::Document;
use crate::execution::{Execution, Outcome};
use crate::frame::{Doing, Frame, FrameId, Frames, Invoking, Joining, Mapping, Parent, TaskId, Tries};
use crate::machine::StateMachine;
use crate::state::StateIndex;
use crate::variables::Variables;

use super::check::{Standing, check};

/// A document. Kept as text, so that its own depth counts from zero when it is read.
type Text = Box<RawValue>;

/// A document or none: a list of at most one, because `null` is a document.
type Perhaps = Vec<Text>;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    context: Context,
    input: Perhaps,
    now: Timestamp,
    deadline: Option<Timestamp>,
    next_frame: FrameId,
    next_task: u64,
    draws: u64,
    outcome: Option<Ended>,
    frames: Vec<Stored>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Ended {
    Succeeded(Text),
    Failed { error: Option<String>, cause: Option<String> },
    TimedOut,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    id: FrameId,
    /// The parent's frame, and the branch of its state.
    parent: Option<(FrameId, usize)>,
    state: String,
    entered_at: Timestamp,
    input: Text,
    retries: u32,
    by_retrier: Vec<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<TaskId>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    variables: BTreeMap<String, Text>,
    doing: Waits,
}

#[derive(Debug, Serialize, Deserialize)]
enum Waits {
    /// Before its state: of runs that have failed alone.
    Ready,
    Invoking {
        task: TaskId,
        input: Perhaps,
        timeout_us: Option<u64>,
        heartbeat_us: Option<u64>,
        times_out_at: Option<Timestamp>,
        beats_until: Option<Timestamp>,
    },
    Waiting(Timestamp),
    Retrying(Timestamp),
    Joining(Vec<Perhaps>),
    Mapping {
        results: Vec<Perhaps>,
        items: Text,
        input: Perhaps,
        next: usize,
    },
}

fn text(value: &Value) -> Result<Text, serde_json::Error> {
    serde_json::value::to_raw_value(value)
}

fn perhaps(value: Option<&Arc<Value>>) -> Result<Perhaps, serde_json::Error> {
    value.map(|value| text(value)).into_iter().collect()
}

fn value(text: &Text) -> Result<Arc<Value>, DecodeError> {
    serde_json::from_str(text.get()).map(Arc::new).map_err(DecodeError::Malformed)
}

fn first(perhaps: &Perhaps) -> Result<Option<Arc<Value>>, DecodeError> {
    perhaps.first().map(value).transpose()
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Run {
    pub(super) fn of(run: &Execution) -> Result<Self, serde_json::Error> {
        let outcome = match &run.outcome {
            None => None,
            Some(Outcome::Succeeded(output)) => Some(Ended::Succeeded(text(output)?)),
            Some(Outcome::Failed { error, cause }) => {
                Some(Ended::Failed { error: error.clone(), cause: cause.clone() })
            }
            Some(Outcome::TimedOut) => Some(Ended::TimedOut),
        };
        Ok(Self {
            context: run.context.clone(),
            input: perhaps(run.input.as_ref())?,
            now: run.now,
            deadline: run.deadline,
            next_frame: run.next_frame,
            next_task: run.next_task,
            draws: run.draws,
            outcome,
            frames: run
                .frames
                .iter()
                .chain(run.left.iter())
                .filter_map(|frame| store(&run.machine, frame).transpose())
                .collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn restore(self, machine: Arc<StateMachine>) -> Result<Execution, DecodeError> {
        let outcome = match self.outcome {
            None => None,
            Some(Ended::Succeeded(output)) => Some(Outcome::Succeeded(value(&output)?)),
            Some(Ended::Failed { error, cause }) => Some(Outcome::Failed { error, cause }),
            Some(Ended::TimedOut) => Some(Outcome::TimedOut),
        };
        let states: HashMap<&str, StateIndex> =
            machine.states.iter().enumerate().map(|(at, state)| (state.name.as_str(), StateIndex(at))).collect();
        let frames: Vec<Frame> =
            self.frames.into_iter().map(|stored| stored.restore(&states)).collect::<Result<_, _>>()?;
        if frames.is_empty() && outcome.is_none()
            || !frames.is_empty() && matches!(outcome, Some(Outcome::Succeeded(_)))
        {
            return Err(DecodeError::Foreign("a run has frames until it has succeeded"));
        }
        // Counters that would pass the end of their type were never written.
        if [self.next_frame, self.next_task, self.draws].into_iter().any(|count| count > u64::MAX / 2) {
            return Err(DecodeError::Foreign("a counter is out of range"));
        }
        let standing = if outcome.is_none() { Standing::Running } else { Standing::Failed };
        check(&machine, &frames, (self.next_frame, self.next_task), standing)?;
        let input = first(&self.input)?;
        if machine.reads_input && outcome.is_none() && input.is_none() {
            return Err(DecodeError::Foreign("the input of the execution is missing"));
        }
        let mut run = Execution::new(machine, self.context, self.now);
        run.input = input;
        run.deadline = self.deadline;
        run.next_frame = self.next_frame;
        run.next_task = self.next_task;
        run.draws = self.draws;
        if outcome.is_some() {
            run.left = Frames::new(frames);
        } else {
            run.asked = frames.iter().filter_map(|frame| Some((frame.id, frame.task()?))).collect();
            run.frames = Frames::new(frames);
        }
        run.outcome = outcome;
        Ok(run)
    }
}

/// Nothing for a frame at no state of the machine, which there is not.
fn store(machine: &StateMachine, frame: &Frame) -> Result<Option<Stored>, serde_json::Error> {
    let Some(state) = machine.at(frame.state) else { return Ok(None) };
    let doing = match &frame.doing {
        Doing::Ready => Waits::Ready,
        Doing::Waiting(moment) => Waits::Waiting(*moment),
        Doing::Retrying(moment) => Waits::Retrying(*moment),
        Doing::Joining(joining) => Waits::Joining(results(joining)?),
        Doing::Mapping(mapping) => Waits::Mapping {
            results: results(&mapping.joining)?,
            items: text(&mapping.items.value)?,
            input: perhaps(mapping.input.as_ref().map(|input| &input.value))?,
            next: mapping.next,
        },
        Doing::Invoking(invoking) => Waits::Invoking {
            task: invoking.task,
            input: perhaps(invoking.input.as_ref().map(|input| &input.value))?,
            timeout_us: invoking.timeout.map(micros),
            heartbeat_us: invoking.heartbeat.map(micros),
            times_out_at: invoking.times_out_at,
            beats_until: invoking.beats_until,
        },
    };
    Ok(Some(Stored {
        id: frame.id,
        parent: frame.parent.map(|parent| (parent.frame, parent.branch)),
        state: state.name.as_str().to_owned(),
        entered_at: frame.entered_at,
        input: text(&frame.input.value)?,
        retries: frame.tries.retries,
        by_retrier: frame.tries.by_retrier.clone(),
        first: frame.tries.first,
        variables: frame
            .variables
            .iter()
            .map(|(name, value)| Ok((name.to_string(), text(value)?)))
            .collect::<Result<_, serde_json::Error>>()?,
        doing,
    }))
}

fn results(joining: &Joining) -> Result<Vec<Perhaps>, serde_json::Error> {
    joining.results.iter().map(|result| perhaps(result.as_ref())).collect()
}

fn joining(results: &[Perhaps]) -> Result<Joining, DecodeError> {
    let results: Vec<_> = results.iter().map(first).collect::<Result<_, _>>()?;
    let open = results.iter().filter(|result| result.is_none()).count();
    let bytes = results.iter().flatten().map(|result| jsonpath::measure(result).bytes).fold(0, usize::saturating_add);
    Ok(Joining { results, open, bytes })
}

impl Stored {
    fn restore(self, states: &HashMap<&str, StateIndex>) -> Result<Frame, DecodeError> {
        let state = states.get(&*self.state).ok_or(DecodeError::Foreign("a frame stands at an unknown state"))?;
        let doing = match self.doing {
            Waits::Ready => Doing::Ready,
            Waits::Waiting(moment) => Doing::Waiting(moment),
            Waits::Retrying(moment) => Doing::Retrying(moment),
            Waits::Joining(results) => Doing::Joining(joining(&results)?),
            Waits::Mapping { results, items, input, next } => Doing::Mapping(Mapping {
                joining: joining(&results)?,
                items: Document::new(value(&items)?),
                input: first(&input)?.map(Document::new),
                next,
            }),
            Waits::Invoking { task, input, timeout_us, heartbeat_us, times_out_at, beats_until } => {
                Doing::Invoking(Invoking {
                    task,
                    input: first(&input)?.map(Document::new),
                    timeout: timeout_us.map(Duration::from_micros),
                    heartbeat: heartbeat_us.map(Duration::from_micros),
                    times_out_at,
                    beats_until,
                })
            }
        };
        Ok(Frame {
            id: self.id,
            parent: self.parent.map(|(frame, branch)| Parent { frame, branch }),
            state: *state,
            entered_at: self.entered_at,
            input: Document::new(value(&self.input)?),
            tries: Tries { retries: self.retries, by_retrier: self.by_retrier, first: self.first },
            variables: Variables::new(
                self.variables
                    .iter()
                    .map(|(name, stored)| Ok((name.as_str().into(), Document::new(value(stored)?))))
                    .collect::<Result<_, DecodeError>>()?,
            ),
            doing,
        })
    }
}
