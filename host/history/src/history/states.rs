//! What happens to the states of an execution, as events.

use asl::{Change, QueryLanguage, StateKind, Step};
use serde_json::{Map, Value, json};
use stepfunctions::Kind;

use super::cursor::Standing;
use super::{History, lower, named, prefix, whole, word};

impl History {
    /// One step of the interpreter.
    pub fn step(&mut self, step: &Step) {
        let Some(state) = self.machine.state(step.state.as_str()) else { return };
        let (at, frame, name) = (step.at, step.frame, step.state.as_str());
        let kind = word(state.kind());
        match &step.change {
            Change::Entered(input) => {
                if !self.cursor.frames.contains_key(&frame) {
                    self.begun(step);
                }
                let details = json!({ "name": name, "input": input.to_string(), "inputDetails": whole() });
                self.follow(frame, at, &format!("{kind}StateEntered"), Some(("stateEnteredEventDetails", details)));
            }
            Change::Retrying(_) => {}
            Change::Resumed => self.resumed(step),
            Change::Done(task, output) => self.done(at, *task, output),
            Change::Spread(count) => {
                let details = (state.kind() == StateKind::Map)
                    .then(|| ("mapStateStartedEventDetails", json!({ "length": count })));
                let id = self.follow(frame, at, &format!("{kind}StateStarted"), details);
                if let Some(standing) = self.cursor.frames.get_mut(&frame) {
                    standing.spread = Some(id);
                }
            }
            Change::Joined => {
                if state.kind() == StateKind::Map && self.spread_of(frame).is_none() {
                    let details = ("mapStateStartedEventDetails", json!({ "length": 0 }));
                    self.follow(frame, at, "MapStateStarted", Some(details));
                }
                self.follow(frame, at, &format!("{kind}StateSucceeded"), None);
                self.gather(frame);
            }
            Change::Left { output, assigned } => {
                let mut details = json!({ "name": name, "output": output.to_string(), "outputDetails": whole() });
                if !assigned.is_empty() {
                    let values: Map<String, Value> = assigned
                        .iter()
                        .map(|(name, value)| (name.to_string(), Value::String(value.to_string())))
                        .collect();
                    details["assignedVariables"] = Value::Object(values);
                    details["assignedVariablesDetails"] = whole();
                }
                self.follow(frame, at, &format!("{kind}StateExited"), Some(("stateExitedEventDetails", details)));
            }
            Change::Ended => self.ended(step),
            Change::Failed { error, cause } => self.failed(step, (error.as_deref(), cause.as_deref())),
        }
    }

    /// The branches or iterations of a state that had not ended begin again, from the event of the redrive.
    fn resumed(&mut self, step: &Step) {
        let redriven = self.last_of(0);
        self.resumed.insert(step.frame);
        let is_distributed = self.machine.state(step.state.as_str()).is_some_and(asl::StateView::is_distributed);
        let spread = (!is_distributed).then_some(redriven);
        self.cursor.frames.insert(step.frame, Standing { last: redriven, parent: step.parent, spread });
    }

    /// A branch or an iteration begins.
    fn begun(&mut self, step: &Step) {
        let mut standing = Standing { parent: step.parent, ..Standing::default() };
        if let Some((above, index)) = step.parent {
            standing.last = self.spread_of(above).unwrap_or_else(|| self.last_of(above));
            if let Some(name) = self.map_around(step) {
                let details = ("mapIterationStartedEventDetails", json!({ "name": name, "index": index }));
                standing.last = self.push(step.at, "MapIterationStarted", standing.last, Some(details));
            }
        }
        self.cursor.frames.insert(step.frame, standing);
    }

    /// The Map state that the step's state is directly inside of.
    fn map_around(&self, step: &Step) -> Option<String> {
        let around = self.machine.state(step.state.as_str())?.parent()?;
        (around.kind() == StateKind::Map).then(|| around.name().as_str().to_owned())
    }

    fn ended(&mut self, step: &Step) {
        let Some((above, index)) = step.parent else { return };
        let mut last = self.last_of(step.frame);
        if let Some(name) = self.map_around(step) {
            let details = ("mapIterationSucceededEventDetails", json!({ "name": name, "index": index }));
            last = self.push(step.at, "MapIterationSucceeded", last, Some(details));
        }
        self.cursor.frames.remove(&step.frame);
        // What follows the last of them follows from it.
        if let Some(above) = self.cursor.frames.get_mut(&above) {
            above.last = last;
        }
    }

    fn failed(&mut self, step: &Step, (error, cause): (Option<&str>, Option<&str>)) {
        let (at, frame) = (step.at, step.frame);
        let Some(state) = self.machine.state(step.state.as_str()) else { return };
        let kind = state.kind();
        let open = self.cursor.tasks.iter().find(|(_, asked)| asked.frame == frame).map(|(task, _)| *task);
        if let Some(asked) = open.and_then(|task| self.cursor.tasks.get(&task)).cloned() {
            self.close_where(|task, _| Some(task) == open);
            let late = matches!(error, Some("States.Timeout" | "States.HeartbeatTimeout"));
            let mut details = named(error, cause);
            if let Kind::Task { service, action } = &asked.kind {
                details["resourceType"] = json!(service);
                details["resource"] = json!(action);
            }
            let word = prefix(&asked.kind);
            let end = if late { "TimedOut" } else { "Failed" };
            let key = format!("{}{end}EventDetails", lower(word));
            if asked.kind == Kind::MapRun {
                let details = named(error, cause);
                self.follow(frame, at, "MapRunFailed", Some(("mapRunFailedEventDetails", details)));
                self.follow(frame, at, "MapStateFailed", None);
                return;
            }
            self.follow(frame, at, &format!("{word}{end}"), Some((&key, details)));
        } else if self.spread_of(frame).is_some() {
            self.given_up(step, kind);
        } else if kind != StateKind::Fail && state.language() == QueryLanguage::Jsonata {
            let details = json!({
                "error": error.unwrap_or_default(), "cause": cause.unwrap_or_default(), "state": step.state.as_str(),
            });
            self.follow(frame, at, "EvaluationFailed", Some(("evaluationFailedEventDetails", details)));
        }
    }

    /// A Parallel or Map state fails with one of its branches; the others are given up.
    fn given_up(&mut self, step: &Step, kind: StateKind) {
        let (at, frame) = (step.at, step.frame);
        let within = self.within(frame);
        let below: Vec<u64> = self
            .cursor
            .frames
            .iter()
            .filter(|(_, one)| one.parent.is_some_and(|(above, _)| above == frame))
            .map(|(id, _)| *id)
            .collect();
        let mut last = self.last_of(frame);
        // The one whose events came last is the one that has failed.
        let failing = below.iter().max_by_key(|id| self.last_of(**id)).copied();
        self.abort_map_runs(at, |frame| within.contains(&frame));
        let ordered = failing.into_iter().chain(below.iter().copied().filter(|id| Some(*id) != failing));
        for id in ordered.collect::<Vec<_>>() {
            let index = self.cursor.frames.get(&id).and_then(|one| one.parent).map_or(0, |(_, index)| index);
            let from = self.last_of(id);
            if kind == StateKind::Map {
                let end = if Some(id) == failing { "Failed" } else { "Aborted" };
                let key = format!("mapIteration{end}EventDetails");
                let details = json!({ "name": step.state.as_str(), "index": index });
                let event = self.push(at, &format!("MapIteration{end}"), from, Some((&key, details)));
                if Some(id) == failing {
                    last = event;
                }
            } else if Some(id) == failing {
                last = from;
            }
        }
        if let Some(standing) = self.cursor.frames.get_mut(&frame) {
            standing.last = last;
        }
        let word = word(kind);
        self.follow(frame, at, &format!("{word}StateFailed"), None);
        self.gather(frame);
    }

    /// Everything below a frame.
    fn within(&self, frame: u64) -> Vec<u64> {
        let mut found = vec![frame];
        // A child is younger than its parent: one pass finds all.
        for (id, one) in &self.cursor.frames {
            if one.parent.is_some_and(|(above, _)| found.contains(&above)) {
                found.push(*id);
            }
        }
        found.retain(|id| *id != frame);
        found
    }

    /// Forgets everything below a frame, and what it asked for.
    fn gather(&mut self, frame: u64) {
        let gone = self.within(frame);
        self.cursor.frames.retain(|id, _| !gone.contains(id));
        self.close_where(|_, asked| gone.contains(&asked.frame));
        if let Some(standing) = self.cursor.frames.get_mut(&frame) {
            standing.spread = None;
        }
    }

    fn spread_of(&self, frame: u64) -> Option<u64> {
        self.cursor.frames.get(&frame).and_then(|standing| standing.spread)
    }
}
