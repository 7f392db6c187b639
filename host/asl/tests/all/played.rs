//! Plays a case: performs a run's effects as the case's events say, and notes what was asked for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use asl::{ApplyError, Context, Effect, Event, Execution, Outcome, StateMachine, TaskId};
use serde_json::{Value, json};
use types::Timestamp;

/// One case of `tests/cases/`: a folder, or a member of a file that has several.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) definition: Value,
    pub(crate) machine: Arc<StateMachine>,
    pub(crate) input: Value,
    pub(crate) events: Vec<Value>,
    pub(crate) outcome: Value,
}

impl Case {
    /// All of them, by name.
    pub(crate) fn all() -> &'static [Self] {
        static CASES: LazyLock<Vec<Case>> = LazyLock::new(Case::read_all);
        &CASES
    }

    fn read_all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
        let mut cases = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let topic = path.file_stem().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                cases.push(Self::of_folder(topic, &path));
            } else {
                let cases_of_topic = read(&path).unwrap_or_else(|| panic!("{topic} is empty"));
                let members = cases_of_topic.as_object().unwrap_or_else(|| panic!("{topic} is an object"));
                cases.extend(members.iter().map(|(name, case)| Self::new(format!("{topic}/{name}"), case)));
            }
        }
        cases.sort_by(|one, other| one.name.cmp(&other.name));
        cases
    }

    fn of_folder(name: String, folder: &Path) -> Self {
        let parts = ["definition", "input", "events", "outcome"].into_iter();
        let parts = parts.filter_map(|part| Some((part, read(&folder.join(format!("{part}.json")))?)));
        let case: Value = parts.map(|(part, value)| (part.to_owned(), value)).collect();
        let definition = std::fs::read_to_string(folder.join("definition.json")).unwrap();
        Self { machine: machine(&name, &definition), ..Self::new(name, &case) }
    }

    fn new(name: String, case: &Value) -> Self {
        let part = |part: &str| case.get(part).cloned();
        let events = part("events").unwrap_or(json!([]));
        Self {
            machine: machine(&name, &case["definition"].to_string()),
            definition: case["definition"].clone(),
            input: part("input").unwrap_or(json!({})),
            events: events.as_array().unwrap_or_else(|| panic!("{name}: events are a list")).clone(),
            outcome: part("outcome").unwrap_or_else(|| panic!("{name} has no outcome")),
            name,
        }
    }

    /// A fresh run of the case.
    pub(crate) fn start(&self) -> Execution {
        self.machine.start(Arc::new(self.input.clone()), context(), second(0.0))
    }
}

fn machine(name: &str, definition: &str) -> Arc<StateMachine> {
    Arc::new(StateMachine::parse(definition).unwrap_or_else(|findings| panic!("{name}: {findings:?}")))
}

/// The JSON of a file, if it is there.
fn read(path: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(grown(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))))
}

/// Long texts and lists are written as `{"repeat": …, "times": …}`.
fn grown(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(grown).collect(),
        Value::Object(members) => match (members.get("repeat"), members.get("times").and_then(Value::as_u64)) {
            (Some(Value::String(text)), Some(times)) => text.repeat(usize::try_from(times).unwrap()).into(),
            (Some(item), Some(times)) => (0..times).map(|_| grown(item.clone())).collect(),
            _ => members.into_iter().map(|(key, value)| (key, grown(value))).collect(),
        },
        other => other,
    }
}

/// The context of every case.
pub(crate) fn context() -> Context {
    Context {
        execution_id: "execution-1".to_owned(),
        started_at: second(0.0),
        machine_name: "cases".to_owned(),
        ..Context::default()
    }
}

/// This many seconds after the start of every case.
pub(crate) fn second(seconds: f64) -> Timestamp {
    Timestamp::parse("2026-01-01T00:00:00Z").unwrap().after(Duration::from_secs_f64(seconds))
}

/// What a run did.
#[derive(Default)]
pub(crate) struct Played {
    /// The stored run after its start and after each event.
    pub(crate) blobs: Vec<Vec<u8>>,
    tasks: BTreeMap<String, TaskId>,
    inputs: BTreeMap<String, Vec<Value>>,
    attempts: BTreeMap<String, Vec<Value>>,
    waits: Vec<Value>,
    end: Option<Outcome>,
}

impl Played {
    /// Plays the case in one go.
    pub(crate) fn whole(case: &Case) -> Self {
        Self::play(case, |run| run)
    }

    /// Plays the case, and goes on after each event with a run that is read from the stored one.
    pub(crate) fn stored_after_every_event(case: &Case) -> Self {
        Self::play(case, |run| Execution::decode(Arc::clone(&case.machine), &run.encode().unwrap()).unwrap())
    }

    fn play(case: &Case, hand_over: impl Fn(Execution) -> Execution) -> Self {
        let mut played = Self::default();
        let mut run = case.start();
        for event in [None].into_iter().chain(case.events.iter().map(Some)) {
            if let Some(event) = event {
                played.apply(&mut run, event);
            }
            run = hand_over(run);
            played.blobs.push(run.encode().unwrap());
            played.drain(&mut run);
        }
        played
    }

    fn apply(&mut self, run: &mut Execution, event: &Value) {
        let task = |name: &Value| self.tasks[name.as_str().unwrap()];
        let now = second(event["at"].as_f64().unwrap());
        let told = if let Some(state) = event.get("late") {
            let late = Event::Succeeded { task: task(state), output: Arc::new(json!("late")) };
            assert_eq!(run.apply(late, now), Err(ApplyError::Late(task(state))), "{event}");
            return;
        } else if let Some(state) = event.get("heartbeat") {
            Event::Heartbeat { task: task(state) }
        } else if let Some(error) = event.get("error") {
            let cause = event["cause"].as_str().unwrap().to_owned();
            Event::Failed { task: task(&event["state"]), error: Cow::Owned(error.as_str().unwrap().to_owned()), cause }
        } else if let Some(output) = event.get("output") {
            Event::Succeeded { task: task(&event["state"]), output: Arc::new(output.clone()) }
        } else if let Some(bytes) = event.get("output_bytes") {
            let text = "x".repeat(usize::try_from(bytes.as_u64().unwrap()).unwrap() - 2);
            Event::Succeeded { task: task(&event["state"]), output: Arc::new(Value::String(text)) }
        } else {
            Event::Woke
        };
        assert_eq!(run.apply(told, now), Ok(()), "{event}");
    }

    fn drain(&mut self, run: &mut Execution) {
        while let Some(effect) = run.next_effect() {
            match effect {
                Effect::Invoke { task, state, input, attempt, .. } => {
                    let state = state.to_string();
                    self.inputs.entry(state.clone()).or_default().push((*input).clone());
                    self.attempts.entry(state.clone()).or_default().push(attempt.into());
                    self.tasks.insert(state, task);
                }
                Effect::MapRun { .. } => {}
                Effect::WaitUntil(moment) => {
                    let waited = moment.since(second(0.0)).as_secs_f64();
                    self.waits.push(json!(waited));
                }
                Effect::Finished(outcome) => self.end = Some(outcome),
            }
        }
    }

    /// Whether all that `outcome.json` says is so.
    pub(crate) fn check(&self, wanted: &Value) -> Result<(), String> {
        self.check_end(wanted)?;
        let lists = [("inputs", json!(self.inputs)), ("attempts", json!(self.attempts)), ("waits", json!(self.waits))];
        for (name, found) in lists {
            if let Some(wanted) = wanted.get(name).filter(|wanted| floats(wanted) != floats(&found)) {
                return Err(format!("{name} are {found}, not {wanted}"));
            }
        }
        Ok(())
    }

    /// Whether the run ended as `outcome.json` says.
    pub(crate) fn check_end(&self, wanted: &Value) -> Result<(), String> {
        let right = match &self.end {
            Some(Outcome::Succeeded(output)) => wanted.get("succeeded") == Some(&**output),
            Some(Outcome::Failed { error, cause }) => wanted.get("failed").is_some_and(|failed| {
                let cause_fits = failed.get("cause").is_none_or(|wanted| wanted.as_str() == cause.as_deref());
                failed.get("error").and_then(Value::as_str) == error.as_deref() && cause_fits
            }),
            Some(Outcome::TimedOut) => wanted.get("timed_out").is_some(),
            None => wanted.get("running").is_some(),
        };
        if right { Ok(()) } else { Err(format!("ended with {:?}, not {wanted}", self.end)) }
    }
}

/// Numbers in one form, so that 5 and 5.0 are the same.
fn floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(floats).collect(),
        other => other.clone(),
    }
}
