//! Jobs that services do for tasks: asked after until they have ended, and stopped when nobody waits for them any more.

use std::sync::Arc;
use std::time::Duration;

use asl::{Event, TaskId};
use express::TaskFailed;
use history::{Cursor, Inquiry};
use serde_json::Value;
use stepfunctions::Errand;
use tokio_util::sync::CancellationToken;
use types::Timestamp;

use super::compose::Composed;
use super::{Ended, PARK_FROM, Runner, UnderWay};
use crate::sql;
use crate::sql::steps::Stepped;
use crate::work::{Standing, Submitted};

/// The pause before the first question; each that follows is longer by half, up to the second of these. A guess: what a job
/// takes ranges from seconds to days, and services limit how often they are asked.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// After so many questions in a row that were not answered the task fails: two minutes after the start of a job, and ten
/// later on.
const UNHEARD_MAX: u32 = 10;
/// How long a host that stops waits for services to answer starts.
const STARTING: Duration = Duration::from_secs(5);
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

    /// Whether nothing is under way and nothing due soon: the execution may wait in the file alone.
    pub(super) fn may_park(&self, now: Timestamp) -> bool {
        self.tasks.is_empty() && self.due().is_none_or(|due| due.since(now) >= PARK_FROM)
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
            return self.unwanted.push(job);
        }
        if job.handle.to_string().len() > HANDLE_BYTES_MAX {
            self.unwanted.push(job);
            let cause = "the service names the job by more than 4 KiB".to_owned();
            return self.apply(Event::Failed { task, error: "States.Runtime".into(), cause });
        }
        let now = self.house.clock.now();
        self.history.submitted(now, task, output);
        let inquiry = Inquiry { handle: job.handle.clone(), ask_at: now.after(PAUSES.0), asked: 0, unheard: 0 };
        self.history.inquires(task, inquiry);
        self.unwritten.push(job);
    }

    /// A question was answered, or was not; whether there is anything to write. Where the job goes on there is not: a crash
    /// lets it be asked after earlier, and nothing else.
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
                let ask_at = self.house.clock.now().after(pause_after(asked));
                self.history.inquires(task, Inquiry { ask_at, asked, unheard, ..inquiry });
                return false;
            }
        }
        true
    }

    /// The jobs that the step abandons.
    pub(super) fn abandoned(&mut self) -> Vec<Submitted> {
        let of = (&self.owner, &*self.arn);
        let abandoned = self.history.abandoned().into_iter();
        let abandoned = abandoned.map(|(attempt, inquiry)| Submitted::of(of, &attempt, inquiry.handle));
        self.unwanted.drain(..).chain(abandoned).collect()
    }

    /// Notes the jobs whose starts services answer in a moment, now that the host stops: otherwise they would be started again.
    pub(super) async fn note_starts(mut self) {
        let is_start = |under_way: &UnderWay| {
            let attempt = under_way.attempt.as_ref();
            attempt.is_some_and(|attempt| Errand::of(&attempt.resource) == Errand::Job)
        };
        let ending = tokio::time::sleep(STARTING);
        tokio::pin!(ending);
        while self.under_way.values().any(is_start) {
            tokio::select! {
                ended = self.tasks.join_next() => drop::<bool>(self.take(ended)),
                () = &mut ending => break,
            }
        }
        if self.unwritten.is_empty() {
            return;
        }
        if let Ok(Composed { step, .. }) = self.compose()
            && let Ok(Stepped::Written { .. }) = self.commit(step).await
        {
            return;
        }
        tracing::warn!(
            seq = self.seq,
            "jobs of an execution are started again: the host stopped before they were noted"
        );
    }

    /// Stops the jobs that nobody waits for, as far as the file says so, and that no step tells of any more. Where the
    /// execution goes on the starts that the file does not know of are repeated, and services that can tell say that they
    /// have the job already.
    pub(super) async fn stop_unwritten(self) {
        let (unwritten, abandoned) = (self.unwritten, self.unwanted);
        if unwritten.is_empty() && abandoned.is_empty() {
            return;
        }
        let seq = self.seq;
        let read = self.house.store.read(move |db| {
            let status = sql::executions::by_seq(db, seq)?.map(|record| record.status);
            Ok((status, sql::executions::cursor(db, seq)?))
        });
        let (status, cursor) = match read.await {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(%error, seq, "jobs of an execution may go on: it could not be read");
                return;
            }
        };
        if status.as_deref() != Some("RUNNING") {
            return self.house.stop_jobs(unwritten.into_iter().chain(abandoned).collect());
        }
        let cursor = cursor.and_then(|text| Cursor::read(&text).ok());
        let is_waited_for = |job: &Submitted| {
            let mut inquiries = cursor.iter().flat_map(Cursor::inquiries);
            inquiries.any(|(.., inquiry)| inquiry.handle == job.handle)
        };
        self.house.stop_jobs(abandoned.into_iter().filter(|job| !is_waited_for(job)).collect());
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
