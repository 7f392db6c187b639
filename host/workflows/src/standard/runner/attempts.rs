//! The attempts at tasks that are under way: begun, given up, and accounted for when they have ended.

use std::sync::Arc;
use std::time::Duration;

use asl::TaskId;
use express::TaskFailed;
use stepfunctions::Errand;
use store::WriteError;
use tokio_util::sync::CancellationToken;

use super::{Asked, Ended, Gone, Runner, TRY_AGAIN, UnderWay};
use crate::sql::steps::owe_after;
use crate::standard::House;
use crate::start::{self, StartChild};
use crate::work::{Job, Performed};

/// How long an attempt may go on when nobody waits for it any more.
const GRACE: Duration = Duration::from_secs(1);

/// Does what a task of the execution `seq` asks for, once there is a place for it.
pub(in crate::standard) async fn attempt(
    house: &Arc<House>,
    seq: i64,
    (task, errand): (TaskId, &Errand),
    job: Job,
) -> Performed {
    let halt = job.halt.clone();
    let _place = tokio::select! {
        // Never closed: an error cannot be.
        place = house.tasks.acquire() => place,
        () = halt.cancelled() => return given_up(),
    };
    match errand {
        Errand::Start(until) => {
            let child = StartChild { seq, task, until: *until, job: &job };
            tokio::select! {
                answer = start::child(house, child) => Performed { answer, usage: None },
                () = halt.cancelled() => given_up(),
            }
        }
        _ => tokio::select! {
            biased;
            performed = house.work.perform(job) => performed,
            () = outstayed(&halt) => given_up(),
        },
    }
}

async fn outstayed(halt: &CancellationToken) {
    halt.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

fn given_up() -> Performed {
    let cause = "nobody waits for it any more".to_owned();
    Performed { answer: Err(TaskFailed { error: "States.TaskFailed".into(), cause }), usage: None }
}

/// Writes down what attempts have used that no step can tell of. Those of an execution that runs on without us are made
/// again, and told of then; `is_over` where we have seen its end.
pub(in crate::standard) async fn tell_of(house: &Arc<House>, seq: i64, (used, is_over): (Vec<String>, bool)) {
    if used.is_empty() {
        return;
    }
    let used: Arc<[String]> = used.into();
    let mut pause = TRY_AGAIN.0;
    loop {
        let used = Arc::clone(&used);
        match house.store.write(move |db| owe_after(db, seq, (&used, is_over))).await {
            // What is told twice counts once, by the invocation and the attempt.
            Ok(()) => return house.used.notify_one(),
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
        let handle = self.tasks.spawn(async move {
            let performed = attempt(&house, seq, (task, &errand), job).await;
            Ended { task, errand, performed }
        });
        self.under_way.insert(task, UnderWay { handle, halt });
    }

    /// Stops the tasks that nobody waits for any more, and names them. What they have used comes with their ends.
    pub(super) fn give_up(&mut self) -> Vec<u64> {
        let run = &self.run;
        self.under_way.retain(|task, under_way| {
            let waited_for = run.is_live(*task);
            if !waited_for {
                under_way.halt.cancel();
            }
            waited_for
        });
        self.history.forget(|task| run.is_live(task))
    }

    /// Stops all that is under way, and writes down what it has used: the execution is over, or somebody else's.
    pub(super) async fn leave(mut self, gone: Result<(), Gone>) {
        let is_over = match gone {
            Ok(()) => true,
            Err(Gone::Lost) => false,
            // Nothing is under way; or it is all done again when the host is back.
            Err(Gone::Parked | Gone::Closing) => return,
        };
        for under_way in self.under_way.values() {
            under_way.halt.cancel();
        }
        loop {
            tokio::select! {
                biased;
                ended = self.tasks.join_next() => match ended {
                    Some(Ok(ended)) => self.settle.extend(ended.performed.usage),
                    Some(Err(error)) => tracing::debug!(%error, seq = self.seq, "what was given up has failed"),
                    None => break,
                },
                () = self.house.closing.cancelled() => break,
            }
        }
        tell_of(self.house, self.seq, (self.settle, is_over)).await;
    }
}
