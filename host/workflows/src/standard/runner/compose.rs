//! What a run wants now, and the one transaction that says so.

use std::sync::Arc;

use ::express::Task;
use asl::{Effect, Outcome, TaskId};
use history::{Attempt, Request};
use serde_json::Value;
use stepfunctions::{Errand, Until, base};
use tokio_util::sync::CancellationToken;
use types::Timestamp;

use super::{Asked, Runner};
use crate::map_runs;
use crate::operations::redrivable_until;
use crate::sql::map_runs::New;
use crate::sql::steps::{ActivityTask, Closing, NewToken, Step};
use crate::standard::express;
use crate::standard::facts::{context, digest};
use crate::standard::letter::Happened;
use crate::start;
use crate::work::{Job, Submitted};

/// A step, and what follows when it is written.
pub(super) struct Composed {
    /// What begins.
    pub(super) asked: Vec<Asked>,
    /// The jobs that nobody waits for any more.
    pub(super) abandoned: Vec<Submitted>,
    pub(super) step: Step,
}

/// What the run asks for.
struct Wanted {
    asked: Vec<Asked>,
    tokens: Vec<NewToken>,
    begun: Vec<New>,
    outcome: Option<Outcome>,
}

impl Runner<'_> {
    /// What the run wants now, and the transaction that says so.
    pub(super) fn compose(&mut self) -> Result<Composed, serde_json::Error> {
        let now = self.house.clock.now();
        self.note();
        let Wanted { asked, tokens, begun, mut outcome } = self.wanted(now);
        if self.history.cut() && !matches!(outcome, Some(Outcome::Failed { .. })) {
            let cause = "The execution reached the maximum number of history events (25000).".to_owned();
            outcome = Some(Outcome::Failed { error: Some("States.Runtime".to_owned()), cause: Some(cause) });
        }
        if let Some(outcome) = &outcome {
            self.history.over(now, outcome);
        }
        let (given_up, cut_off) = self.give_up((outcome.is_some(), now));
        let abandoned = self.abandoned();
        let step = Step {
            seq: self.seq,
            epoch: self.house.epoch,
            revision: self.revision,
            at: now,
            frames: self.run.encode()?,
            cursor: self.history.cursor().text()?,
            events: self.history.take(),
            tokens,
            given_up,
            taken: self.taken,
            wake: self.due(),
            park: asked.is_empty() && self.may_park(now),
            closing: outcome.as_ref().map(|outcome| self.closing(outcome, now)),
            cut_off,
            settle: std::mem::take(&mut self.settle),
            map_runs: begun,
        };
        Ok(Composed { asked, abandoned, step })
    }

    /// All that the run asks for now.
    fn wanted(&mut self, now: Timestamp) -> Wanted {
        let mut wanted = Wanted { asked: Vec::new(), tokens: Vec::new(), begun: Vec::new(), outcome: None };
        while let Some(effect) = self.run.next_effect() {
            match effect {
                Effect::Invoke { task, state, frame, resource, input, timeout, heartbeat, invocation, attempt } => {
                    let errand = Errand::of(&resource);
                    if !self.history.cursor().knows(task) {
                        let request = Request { task, resource: &resource, input: &input, timeout, heartbeat };
                        self.history.asked(now, frame, &request);
                        wanted.tokens.extend(self.token(task, &errand, &resource, &input));
                    }
                    if matches!(errand, Errand::Work | Errand::WorkThenToken | Errand::Job) {
                        let resource = || base(&resource).to_owned();
                        let (invocation, number) = (invocation.get(), attempt);
                        let made = || Attempt { resource: resource(), invocation, number, began: now };
                        self.history.attempted(task, made);
                    }
                    if errand == Errand::Activity
                        || self.history.cursor().is_submitted(task)
                        || self.under_way.contains_key(&task)
                    {
                        continue;
                    }
                    let resource = Arc::from(base(&resource));
                    let work = Task { state, frame, resource, input, invocation: invocation.get(), attempt };
                    wanted.asked.push(Asked { errand, job: self.job(work), task });
                }
                Effect::MapRun { task, state, frame, request, kind } => {
                    if !self.history.cursor().knows(task) {
                        let machine = Arc::clone(self.run.machine());
                        let new = map_runs::new((&self.facts, &self.arn), &machine, (task, &state), (&request, kind));
                        let arn = map_runs::arn(&self.facts, &new);
                        self.history.map_run(now, (task, frame), &arn, &request);
                        wanted.begun.push(new);
                    }
                }
                Effect::WaitUntil(moment) => self.wake = Some(moment),
                Effect::Finished(ended) => wanted.outcome = Some(ended),
            }
        }
        wanted
    }

    /// A task of this execution as whoever performs it is told.
    fn job(&self, task: Task) -> Job {
        Job {
            owner: self.owner.clone(),
            execution: self.arn.clone(),
            origin: self.facts.origin.clone(),
            role_arn: self.run.context().role_arn.as_deref().map(Arc::from),
            invocation_id: format!("{}:{}", self.arn, task.invocation),
            task,
            halt: CancellationToken::new(),
        }
    }

    /// Puts what has happened to the states into the history.
    pub(super) fn note(&mut self) {
        for step in self.run.take_steps() {
            self.history.step(&step);
        }
    }

    /// The token by which somebody outside answers this task, if that is how it is answered.
    fn token(&self, task: TaskId, errand: &Errand, resource: &str, input: &Value) -> Option<NewToken> {
        let drawn = || Some(digest(&context(&self.facts, &self.arn).task_token(task)));
        match errand {
            Errand::WorkThenToken | Errand::Start(Until::Token) => {
                Some(NewToken { task: task.get(), sha256: drawn(), activity: None })
            }
            Errand::Activity => {
                let cause = format!("Activity Does Not Exist: '{resource}'");
                let missing = Happened::Failed { task: task.get(), error: "States.Runtime".to_owned(), cause };
                let at = self.house.clock.now();
                let activity =
                    ActivityTask { resource: resource.to_owned(), input: input.to_string(), missing: missing.text(at) };
                Some(NewToken { task: task.get(), sha256: None, activity: Some(activity) })
            }
            Errand::Work | Errand::Job | Errand::Start(_) => None,
        }
    }

    fn closing(&self, outcome: &Outcome, at: Timestamp) -> Closing {
        let mut closing = express::closing(outcome);
        if !matches!(outcome, Outcome::Succeeded(_)) {
            closing.until = Some(redrivable_until(at));
        }
        closing.parent = start::tell_parent(&self.facts, &self.arn, at, &closing);
        closing
    }
}
