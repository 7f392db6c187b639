//! What comes to an execution in memory: the ends of its tasks, moments, and what lies in its inbox.

use std::sync::Arc;

use asl::{Event, TaskId};
use express::TaskFailed;
use stepfunctions::{Errand, Until};
use tokio::task::JoinError;
use types::Timestamp;

use super::{Ended, Gone, LOOK_AGAIN, Runner, give_back};
use crate::sql::steps::{Used, happened};
use crate::standard::letter::Happened;
use crate::work::{Performed, Standing, Submitted};

/// What one step takes out of the inbox at most.
const TAKE_MAX: u32 = 100;

impl Runner<'_> {
    /// Waits for anything, and takes all that has come.
    pub(super) async fn wait(&mut self) -> Result<(), Gone> {
        loop {
            let now = self.house.clock.now();
            self.ask_due(now);
            if self.wake.is_some_and(|wake| wake <= now) {
                self.take_whole_inbox().await?;
                self.apply(Event::Woke);
                break;
            }
            let due = self.due().map_or(LOOK_AGAIN, |wake| wake.since(now).min(LOOK_AGAIN));
            let has_tasks = !self.tasks.is_empty();
            tokio::select! {
                biased;
                () = self.live.lost.cancelled() => return Err(Gone::Lost),
                () = self.house.closing.cancelled() => return Err(Gone::Closing),
                ended = self.tasks.join_next(), if has_tasks => {
                    if self.take(ended) || self.may_park(self.house.clock.now()) {
                        break;
                    }
                }
                () = self.live.told.notified() => {
                    if self.take_inbox().await? {
                        break;
                    }
                }
                () = tokio::time::sleep(due) => {}
            }
        }
        while let Some(ended) = self.tasks.try_join_next() {
            self.take(Some(ended));
        }
        if std::mem::take(&mut self.has_started) && self.run.outcome().is_none() {
            self.take_inbox().await?;
        }
        Ok(())
    }

    /// Takes what something that began here has come to; whether there is anything to write.
    pub(super) fn take(&mut self, ended: Option<Result<Ended, JoinError>>) -> bool {
        let Some(ended) = ended else { return false };
        match ended {
            Ok(Ended::Attempt { task, errand, performed, taken }) => {
                self.attempted((task, &errand), performed, taken);
                true
            }
            Ok(Ended::Question { task, standing }) => self.answered(task, standing),
            Err(error) if error.is_panic() => self.panicked(&error),
            Err(_) => false,
        }
    }

    /// The work of an attempt, or of a question, has panicked.
    fn panicked(&mut self, error: &JoinError) -> bool {
        tracing::error!(%error, seq = self.seq, "the work of a task panicked");
        let which = self.under_way.iter().find(|(_, under_way)| under_way.handle.id() == error.id());
        let Some((task, under_way)) = which else { return false };
        let failed = TaskFailed { error: "States.TaskFailed".into(), cause: "the host failed".to_owned() };
        let task = *task;
        if self.history.cursor().inquiry(task).is_some() {
            return self.answered(task, Standing::Unheard(failed));
        }
        let attempt = under_way.attempt.as_ref();
        let usage =
            attempt.and_then(|attempt| self.unheard(attempt, types::Outcome::HostError, self.house.clock.now()));
        self.attempted((task, &Errand::Work), Performed { answer: Err(failed), job: None, usage }, None);
        true
    }

    /// An attempt has ended.
    fn attempted(&mut self, (task, errand): (TaskId, &Errand), performed: Performed, taken: Option<Box<Submitted>>) {
        self.under_way.remove(&task);
        self.settle.extend(performed.usage.map(|body| Used { task: Some(task.get()), body }));
        let submits = matches!(errand, Errand::WorkThenToken)
            || matches!(errand, Errand::Start(until) if *until != Until::Started);
        match (performed.answer, taken) {
            (Ok(output), Some(job)) => self.submitted(task, &output, *job),
            (Ok(output), None) if submits => {
                self.has_started = true;
                self.history.submitted(self.house.clock.now(), task, &output);
            }
            (Ok(output), None) => self.apply(Event::Succeeded { task, output }),
            (Err(TaskFailed { error, cause }), _) => self.apply(Event::Failed { task, error, cause }),
        }
    }

    /// Takes up all that has happened outside. What was acknowledged before a task's time was over comes in time, however
    /// late it is read.
    pub(super) async fn take_whole_inbox(&mut self) -> Result<(), Gone> {
        while self.take_inbox().await? {}
        Ok(())
    }

    /// Takes up what has happened outside; whether there was anything.
    pub(super) async fn take_inbox(&mut self) -> Result<bool, Gone> {
        let before = self.taken;
        let (seq, after) = (self.seq, self.taken);
        let letters = match self.house.store.read(move |db| happened(db, seq, after, TAKE_MAX)).await {
            Ok(letters) => letters,
            Err(error) => {
                tracing::error!(%error, seq, "could not read what has happened");
                give_back(self.house, seq).await;
                return Err(Gone::Lost);
            }
        };
        for (id, body) in letters {
            let letter = Happened::read(&body);
            if let Some((_, Happened::Succeeded { task, .. } | Happened::Failed { task, .. })) = &letter
                && self.history.cursor().is_starting(TaskId::new(*task))
            {
                // The other execution was quick. First comes that it was started.
                break;
            }
            self.taken = id;
            let Some((at, happened)) = letter else { continue };
            let now = self.house.clock.now();
            let at = at.map_or(now, |at| at.min(now));
            match happened {
                Happened::Succeeded { task, output } => {
                    let Ok(output) = serde_json::from_str(&output) else { continue };
                    self.apply_at(Event::Succeeded { task: TaskId::new(task), output: Arc::new(output) }, at);
                }
                Happened::Failed { task, error, cause } => {
                    self.apply_at(Event::Failed { task: TaskId::new(task), error: error.into(), cause }, at);
                }
                Happened::Beat { task } => self.apply_at(Event::Heartbeat { task: TaskId::new(task) }, at),
                Happened::TakenUp { task, worker } => {
                    let task = TaskId::new(task);
                    self.history.taken_up(at, task, worker.as_deref());
                    self.apply_at(Event::Heartbeat { task }, at);
                }
            }
        }
        Ok(self.taken > before)
    }

    pub(super) fn apply(&mut self, event: Event) {
        self.apply_at(event, self.house.clock.now());
    }

    fn apply_at(&mut self, event: Event, at: Timestamp) {
        if event == Event::Woke {
            self.wake = None;
        }
        if let Err(error) = self.run.apply(event, at) {
            // An answer that comes in the moment in which its task times out is late.
            tracing::debug!(%error, seq = self.seq, "what has happened came too late");
        }
        // The history is in the order in which it happened.
        self.note();
    }
}
