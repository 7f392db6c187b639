//! Jobs that services do for tasks: asked after until they have ended, and stopped when nobody waits for them any more.

use std::sync::Arc;
use std::time::Duration;

use asl::{Event, TaskId};
use express::TaskFailed;
use history::Inquiry;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use types::Timestamp;

use super::{Ended, PARK_FROM, Runner, UnderWay};
use crate::sql;
use crate::work::{Standing, Submitted};

/// The pause before the first question; each that follows is longer by half, up to the second of these. A guess: what a job
/// takes ranges from seconds to days, and services limit how often they are asked.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// After so many questions in a row that were not answered the task fails: some three minutes, from the start of a job on.
const UNHEARD_MAX: u32 = 10;
/// The most bytes by which a service may know a job: it is written with each step of its execution.
const HANDLE_BYTES_MAX: usize = 4 * 1024;

impl Runner<'_> {
    /// When there is something to be done next: by the interpreter, or a question that is not under way.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let inquiries = self.history.cursor().inquiries();
        let asks =
            inquiries.filter(|(task, ..)| !self.under_way.contains_key(task)).map(|(.., inquiry)| inquiry.ask_at);
        asks.chain(self.wake).min()
    }

    /// Asks after the jobs for which it is time. Nothing is written for it: a question changes nothing.
    pub(super) fn ask_due(&mut self, now: Timestamp) {
        let inquiries = self.history.cursor().inquiries();
        let due = inquiries.filter(|(task, _, inquiry)| inquiry.ask_at <= now && !self.under_way.contains_key(task));
        let due: Vec<_> = due
            .map(|(task, attempt, inquiry)| {
                (task, Submitted::of((&self.owner, &self.arn), attempt, inquiry.handle.clone()))
            })
            .collect();
        for (task, job) in due {
            let (house, halt) = (Arc::clone(self.house), CancellationToken::new());
            let halted = halt.clone();
            let asking = async move {
                let _place = house.tasks.acquire().await;
                house.work.ask(job).await
            };
            let handle = self.tasks.spawn(async move {
                let standing = halted.run_until_cancelled(asking).await.unwrap_or(Standing::Runs);
                Ended::Question { task, standing }
            });
            self.under_way.insert(task, UnderWay { handle, halt, attempt: None });
        }
    }

    /// A service has taken the job of a task.
    pub(super) fn submitted(&mut self, task: TaskId, output: &Arc<Value>, job: Submitted) {
        if !self.run.is_live(task) {
            return self.house.stop_jobs(vec![job]);
        }
        if job.handle.to_string().len() > HANDLE_BYTES_MAX {
            self.house.stop_jobs(vec![job]);
            let cause = "the service names the job by more than 4 KiB".to_owned();
            return self.apply(Event::Failed { task, error: "States.Runtime".into(), cause });
        }
        let now = self.house.clock.now();
        self.history.submitted(now, task, output);
        let inquiry = Inquiry { handle: job.handle.clone(), ask_at: now.after(PAUSES.0), asked: 0, unheard: 0 };
        self.history.inquires(task, inquiry);
        self.unwritten.push(job);
    }

    /// A question was answered, or was not; whether there is anything to write. Where the next one comes soon, there is not: a
    /// crash lets it be asked earlier, and nothing else.
    pub(super) fn answered(&mut self, task: TaskId, standing: Standing) -> bool {
        self.under_way.remove(&task);
        // Nobody waits for it any more.
        let Some(inquiry) = self.history.cursor().inquiry(task).cloned() else { return false };
        let unheard = match &standing {
            Standing::Unheard(_) => inquiry.unheard.saturating_add(1),
            _ => 0,
        };
        match standing {
            Standing::Ended(ended) => {
                self.history.heard(task);
                match ended {
                    Ok(output) => self.apply(Event::Succeeded { task, output }),
                    Err(TaskFailed { error, cause }) => self.apply(Event::Failed { task, error, cause }),
                }
            }
            Standing::Unheard(TaskFailed { error, cause }) if unheard >= UNHEARD_MAX => {
                self.apply(Event::Failed { task, error, cause });
            }
            Standing::Lost(TaskFailed { error, cause }) => self.apply(Event::Failed { task, error, cause }),
            Standing::Runs | Standing::Unheard(_) => {
                let asked = inquiry.asked.saturating_add(1);
                let pause = pause_after(asked);
                let ask_at = self.house.clock.now().after(pause);
                self.history.inquires(task, Inquiry { ask_at, asked, unheard, ..inquiry });
                return pause >= PARK_FROM;
            }
        }
        true
    }

    /// The jobs that the step abandons.
    pub(super) fn abandoned(&mut self) -> Vec<Submitted> {
        let of = (&self.owner, &*self.arn);
        let abandoned = self.history.abandoned();
        abandoned.into_iter().map(|(attempt, inquiry)| Submitted::of(of, &attempt, inquiry.handle)).collect()
    }

    /// Stops the jobs that the file does not know of, if the execution has been ended. Otherwise their starts are repeated, and
    /// services that can tell say that they have the job already.
    pub(super) async fn stop_unwritten(self) {
        if self.unwritten.is_empty() {
            return;
        }
        let seq = self.seq;
        match self.house.store.read(move |db| sql::executions::by_seq(db, seq)).await {
            Ok(record) if record.as_ref().is_none_or(|record| record.status != "RUNNING") => {
                self.house.stop_jobs(self.unwritten);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, seq, "jobs of an execution may go on: it could not be read"),
        }
    }
}

/// The pause after so many questions.
fn pause_after(asked: u32) -> Duration {
    // After so many it does not grow any more.
    (0..asked.min(32)).fold(PAUSES.0, |pause, _| (pause * 3 / 2).min(PAUSES.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_by_half_from_a_second_to_a_minute() {
        let pauses: Vec<u128> = (0..13).map(|asked| pause_after(asked).as_millis()).collect();
        assert_eq!(
            pauses,
            [1_000, 1_500, 2_250, 3_375, 5_062, 7_593, 11_390, 17_085, 25_628, 38_443, 57_665, 60_000, 60_000]
        );
        assert_eq!(pause_after(u32::MAX), PAUSES.1);
    }
}
