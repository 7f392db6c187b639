//! What executions ask for, as events: scheduled, begun, handed over, done.

use std::time::Duration;

use asl::TaskId;
use serde_json::{Value, json};
use stepfunctions::{Errand, Kind, Until};
use types::Timestamp;

use super::cursor::{Answer, Asked, Attempt, Inquiry};
use super::{History, lower, prefix, whole};

/// What is asked for, as an event says it.
pub struct Request<'r> {
    /// What its answer names.
    pub task: TaskId,
    /// What it asks for, as its `Resource` says.
    pub resource: &'r str,
    /// Its input.
    pub input: &'r Value,
    /// `TimeoutSeconds`.
    pub timeout: Option<Duration>,
    /// `HeartbeatSeconds`.
    pub heartbeat: Option<Duration>,
}

impl History {
    /// A task is asked for, and begun by whoever does it.
    pub fn asked(&mut self, at: Timestamp, frame: u64, request: &Request<'_>) {
        let kind = Kind::of(request.resource);
        let mut details = match &kind {
            Kind::Lambda | Kind::Activity | Kind::MapRun => {
                json!({ "resource": request.resource, "input": request.input.to_string(), "inputDetails": whole() })
            }
            Kind::Task { service, action } => json!({
                "resourceType": service, "resource": action, "region": self.region,
                "parameters": request.input.to_string(),
            }),
        };
        if let Some(timeout) = request.timeout {
            details["timeoutInSeconds"] = json!(timeout.as_secs());
        }
        if let Some(heartbeat) = request.heartbeat.filter(|_| kind != Kind::Lambda) {
            details["heartbeatInSeconds"] = json!(heartbeat.as_secs());
        }
        let word = prefix(&kind);
        let key = format!("{}ScheduledEventDetails", lower(word));
        self.follow(frame, at, &format!("{word}Scheduled"), Some((&key, details)));
        let started = match &kind {
            Kind::Activity | Kind::MapRun => None,
            Kind::Lambda => Some(None),
            Kind::Task { service, action } => {
                Some(Some(("taskStartedEventDetails", json!({ "resourceType": service, "resource": action }))))
            }
        };
        if let Some(details) = started {
            self.follow(frame, at, &format!("{word}Started"), details);
        }
        let answer = match Errand::of(request.resource) {
            Errand::Start(Until::Ended | Until::EndedParsed) => Answer::Child,
            Errand::Activity | Errand::WorkThenToken | Errand::Start(Until::Token) => Answer::Token,
            Errand::Work | Errand::Job | Errand::Start(Until::Started) => Answer::Worker,
        };
        self.cursor.tasks.insert(request.task.get(), Asked { frame, kind, answer, attempt: None, inquiry: None });
    }

    /// Notes what does a task that has been asked for, unless that is known.
    pub fn attempted(&mut self, task: TaskId, attempt: impl FnOnce() -> Attempt) {
        if let Some(asked) = self.cursor.tasks.get_mut(&task.get()) {
            asked.attempt.get_or_insert_with(attempt);
        }
    }

    /// The children of a distributed Map begin, or begin again.
    pub fn map_run(&mut self, at: Timestamp, (task, frame): (TaskId, u64), arn: &str, request: &Value) {
        if self.resumed.remove(&frame) {
            let details = json!({ "mapRunArn": arn });
            self.follow(frame, at, "MapRunRedriven", Some(("mapRunRedrivenEventDetails", details)));
        } else {
            let length = request.get("Items").and_then(Value::as_array).map_or(0, Vec::len);
            self.follow(
                frame,
                at,
                "MapStateStarted",
                Some(("mapStateStartedEventDetails", json!({ "length": length }))),
            );
            let details = json!({ "mapRunArn": arn });
            self.follow(frame, at, "MapRunStarted", Some(("mapRunStartedEventDetails", details)));
        }
        let asked = Asked { frame, kind: Kind::MapRun, answer: Answer::MapRun, attempt: None, inquiry: None };
        self.cursor.tasks.insert(task.get(), asked);
    }

    /// Forgets the tasks that are not live any more, and names those whose tokens are void since this was last asked.
    pub fn forget(&mut self, is_live: impl Fn(TaskId) -> bool) -> Vec<u64> {
        self.close_where(|task, _| !is_live(TaskId::new(task)));
        std::mem::take(&mut self.closed)
    }

    pub(super) fn close_where(&mut self, over: impl Fn(u64, &Asked) -> bool) {
        let (closed, submitted, abandoned) = (&mut self.closed, &mut self.cursor.submitted, &mut self.abandoned);
        self.cursor.tasks.retain(|task, asked| {
            let goes = over(*task, asked);
            if goes && matches!(asked.answer, Answer::Token | Answer::MapRun) {
                closed.push(*task);
            }
            if goes {
                submitted.remove(task);
                abandoned.extend(asked.attempt.take().zip(asked.inquiry.take()));
            }
            !goes
        });
    }

    /// Notes where the questions after the job of a task stand.
    pub fn inquires(&mut self, task: TaskId, inquiry: Inquiry) {
        if let Some(asked) = self.cursor.tasks.get_mut(&task.get()) {
            asked.inquiry = Some(inquiry);
        }
    }

    /// The job of a task has ended where it is done: nothing is left to stop.
    pub fn heard(&mut self, task: TaskId) {
        if let Some(asked) = self.cursor.tasks.get_mut(&task.get()) {
            asked.inquiry = None;
        }
    }

    /// The jobs that go on and whose ends nobody waits for any more, since this was last asked.
    pub fn abandoned(&mut self) -> Vec<(Attempt, Inquiry)> {
        std::mem::take(&mut self.abandoned)
    }

    /// A worker has taken up an activity.
    pub fn taken_up(&mut self, at: Timestamp, task: TaskId, worker: Option<&str>) {
        let Some(frame) = self.cursor.tasks.get(&task.get()).map(|asked| asked.frame) else { return };
        let details = worker.map_or_else(|| json!({}), |worker| json!({ "workerName": worker }));
        self.follow(frame, at, "ActivityStarted", Some(("activityStartedEventDetails", details)));
    }

    /// A task was handed over; its answer comes from elsewhere. `output` is what the handing over came to.
    pub fn submitted(&mut self, at: Timestamp, task: TaskId, output: &Value) {
        let Some(asked) = self.cursor.tasks.get(&task.get()) else { return };
        self.cursor.submitted.insert(task.get());
        let Kind::Task { service, action } = &asked.kind else { return };
        let details = json!({
            "resourceType": service, "resource": action, "output": output.to_string(), "outputDetails": whole(),
        });
        let frame = asked.frame;
        self.follow(frame, at, "TaskSubmitted", Some(("taskSubmittedEventDetails", details)));
    }

    pub(super) fn done(&mut self, at: Timestamp, task: TaskId, output: &Value) {
        let Some(asked) = self.cursor.tasks.remove(&task.get()) else { return };
        self.cursor.submitted.remove(&task.get());
        if asked.kind == Kind::MapRun {
            self.follow(asked.frame, at, "MapRunSucceeded", None);
            self.follow(asked.frame, at, "MapStateSucceeded", None);
            return;
        }
        let mut details = json!({ "output": output.to_string(), "outputDetails": whole() });
        if let Kind::Task { service, action } = &asked.kind {
            details["resourceType"] = json!(service);
            details["resource"] = json!(action);
        }
        let word = prefix(&asked.kind);
        let key = format!("{}SucceededEventDetails", lower(word));
        self.follow(asked.frame, at, &format!("{word}Succeeded"), Some((&key, details)));
    }
}
