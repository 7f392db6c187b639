//! The attempts at tasks that are under way: begun, given up, and accounted for when they have ended.

use std::sync::Arc;
use std::time::Duration;

use asl::TaskId;
use express::TaskFailed;
use history::Attempt;
use rusqlite::Connection;
use serde_json::Value;
use stepfunctions::Errand;
use store::WriteError;
use tokio_util::sync::CancellationToken;
use types::{Outcome, Timestamp};

use super::{Asked, Ended, Gone, Runner, TRY_AGAIN, UnderWay};
use crate::sql;
use crate::sql::steps::{Used, owe_after};
use crate::standard::House;
use crate::start::{self, StartChild};
use crate::work::{CutOff, Job, Performed, Submitted};

/// How long an attempt may go on when nobody waits for it any more.
pub(in crate::standard) const GRACE: Duration = Duration::from_secs(1);
/// How long the start of a job may: what the service has taken can be stopped once it says so, which it does within a minute.
const START_GRACE: Duration = Duration::from_secs(61);

/// Does what a task of the execution `seq` asks for, once there is a place for it.
pub(in crate::standard) async fn attempt(
    house: &Arc<House>,
    seq: i64,
    (task, errand): (TaskId, &Errand),
    job: Job,
) -> Performed {
    let halt = job.halt.clone();
    // Starting an execution is in no books: its own attempts are.
    let asked = (!matches!(errand, Errand::Start(_))).then(|| CutOff::of(&job, house.clock.now()));
    let _place = tokio::select! {
        // Never closed: an error cannot be.
        place = house.tasks.acquire() => place,
        () = halt.cancelled() => return given_up(house, asked),
    };
    match errand {
        Errand::Start(until) => {
            let child = StartChild { seq, task, until: *until, job: &job };
            tokio::select! {
                answer = start::child(house, child) => Performed { answer, job: None, usage: None },
                () = halt.cancelled() => given_up(house, None),
            }
        }
        _ => tokio::select! {
            biased;
            performed = house.work.perform(job) => performed,
            () = outstayed(&halt, if *errand == Errand::Job { START_GRACE } else { GRACE }) => given_up(house, asked),
        },
    }
}

/// Until what is to end has had a while for that.
pub(in crate::standard) async fn outstayed(halt: &CancellationToken, grace: Duration) {
    halt.cancelled().await;
    tokio::time::sleep(grace).await;
}

fn given_up(house: &House, asked: Option<CutOff>) -> Performed {
    let cause = "nobody waits for it any more".to_owned();
    let usage = asked.and_then(|asked| house.work.cut_off(&CutOff { ended: house.clock.now(), ..asked }));
    Performed { answer: Err(TaskFailed { error: "States.TaskFailed".into(), cause }), job: None, usage }
}

/// Writes down what attempts have used that no step can tell of any more.
pub(in crate::standard) async fn tell_of(house: &Arc<House>, seq: i64, used: Vec<Used>) {
    if used.is_empty() {
        return;
    }
    let used: Arc<[Used]> = used.into();
    // What is told twice counts once, by the invocation and the attempt.
    until_written(house, seq, move |db| owe_after(db, seq, &used).map(|()| true)).await;
}

/// Nobody runs an execution any more that may have had attempts under way: those of which nothing was heard were cut off.
pub(in crate::standard) async fn tell_of_cut_off(house: &Arc<House>, seq: i64) {
    let work = Arc::clone(&house.work);
    until_written(house, seq, move |db| sql::cut_off::tell(db, Some(seq), &*work)).await;
}

/// Writes what attempts have used, however long the file takes to accept it. `write` says whether there was anything.
async fn until_written(
    house: &Arc<House>,
    seq: i64,
    write: impl Fn(&Connection) -> rusqlite::Result<bool> + Send + Sync + 'static,
) {
    let write = Arc::new(write);
    let mut pause = TRY_AGAIN.0;
    loop {
        let write = Arc::clone(&write);
        match house.store.write(move |db| write(db)).await {
            Ok(true) => return house.used.notify_one(),
            Ok(false) => return,
            Err(error) if matches!(error, WriteError::Closed) || house.closing.is_cancelled() => return,
            Err(error) => tracing::warn!(%error, seq, "what a task has used was not written; it is tried again"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(TRY_AGAIN.1);
    }
}

impl Runner<'_> {
    pub(super) fn begin(&mut self, asked: Asked) {
        let Asked { errand, job, task } = asked;
        let (house, seq, halt) = (Arc::clone(self.house), self.seq, job.halt.clone());
        let waits = (errand == Errand::Job).then(|| Submitted {
            owner: job.owner.clone(),
            execution: job.execution.clone(),
            resource: job.task.resource.to_string(),
            invocation_id: job.invocation_id.clone(),
            handle: Value::Null,
        });
        let handle = self.tasks.spawn(async move {
            let mut performed = attempt(&house, seq, (task, &errand), job).await;
            let taken = waits.zip(performed.job.take()).map(|(waits, handle)| Box::new(Submitted { handle, ..waits }));
            Ended::Attempt { task, errand, performed, taken }
        });
        self.cut_off.remove(&task);
        let attempt = self.history.cursor().attempt(task).cloned();
        self.under_way.insert(task, UnderWay { handle, halt, attempt });
    }

    /// Stops the tasks that nobody waits for any more: all, when the execution is over. Names those whose tokens are void,
    /// and the attempts that were under way: what they have used comes with their ends.
    pub(super) fn give_up(&mut self, (is_over, now): (bool, Timestamp)) -> (Vec<u64>, Vec<(u64, Attempt)>) {
        let run = &self.run;
        let mut given_up = Vec::new();
        self.under_way.retain(|task, under_way| {
            let waited_for = !is_over && run.is_live(*task);
            if !waited_for {
                under_way.halt.cancel();
                given_up.extend(under_way.attempt.take().map(|attempt| (task.get(), attempt)));
            }
            waited_for
        });
        if !given_up.is_empty() {
            self.live.owe();
        }
        // Nothing comes from those that were cut off and are not made again.
        let not_made: Vec<_> = self.cut_off.extract_if(|task, _| is_over || !run.is_live(*task)).collect();
        for (task, attempt) in not_made {
            let body = self.unheard(&attempt, Outcome::Interrupted, now);
            self.settle.extend(body.map(|body| Used { task: Some(task.get()), body }));
        }
        let run = &self.run;
        // Where there are too many events the run itself would go on.
        (self.history.forget(|task| !is_over && run.is_live(task)), given_up)
    }

    /// What the books are told of an attempt that says nothing itself.
    pub(super) fn unheard(&self, attempt: &Attempt, outcome: Outcome, now: Timestamp) -> Option<String> {
        let of = (self.owner.organisation, &*self.arn);
        self.house.work.cut_off(&CutOff::unheard(attempt, of, (now, outcome)))
    }

    /// Stops all that is under way, and writes down what it has used: the execution is over, or somebody else's.
    pub(super) async fn leave(mut self, gone: Result<(), Gone>) {
        match gone {
            Ok(()) | Err(Gone::Lost) => {}
            // What no step tells of happens again when the host is back.
            Err(Gone::Parked | Gone::Unwritten) => return,
            Err(Gone::Closing) => return self.note_starts().await,
        }
        for under_way in self.under_way.values() {
            under_way.halt.cancel();
        }
        loop {
            tokio::select! {
                biased;
                ended = self.tasks.join_next() => match ended {
                    Some(Ok(Ended::Attempt { task, performed, taken, .. })) => {
                        self.settle.extend(performed.usage.map(|body| Used { task: Some(task.get()), body }));
                        self.unwritten.extend(taken.map(|job| *job));
                    }
                    Some(Ok(Ended::Question { .. })) => {}
                    Some(Err(error)) => tracing::debug!(%error, seq = self.seq, "what was given up has failed"),
                    None => break,
                },
                () = self.house.closing.cancelled() => break,
            }
        }
        tell_of(self.house, self.seq, std::mem::take(&mut self.settle)).await;
        self.stop_unwritten().await;
    }
}
