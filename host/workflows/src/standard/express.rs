//! Express executions that nobody waits for: written when they are started and when they have ended, run in memory in
//! between. One that a crash cuts off is run again from its start.

use std::sync::{Arc, Mutex, PoisonError};

use asl::{Context, Outcome, StateMachine};
use express::{Task, TaskFailed, Tasks};
use serde_json::Value;
use stepfunctions::{Errand, OperationError, Until};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::facts::{arn, context};
use super::runner::{attempt, tell_of};
use super::{House, Live};
use crate::operations::Refusal;
use crate::sql::steps::{Closing, Loaded, Step, Stepped, Used, owe, step};
use crate::work::{CutOff, Job, Owner};

/// In whose name an execution's tasks are done.
#[derive(Clone)]
pub(crate) struct Behind {
    /// See [`Job::origin`].
    pub(crate) origin: Option<Arc<str>>,
    /// See [`Job::role_arn`].
    pub(crate) role_arn: Option<Arc<str>>,
}

/// The tasks of an express execution.
pub(crate) struct ExpressTasks {
    house: Arc<House>,
    /// 0 for one that is not in the file.
    seq: i64,
    owner: Owner,
    arn: String,
    behind: Behind,
    /// What its attempts have used: written with its end.
    used: Arc<Mutex<Vec<String>>>,
    /// Those that go on, of which some may be given up.
    under_way: TaskTracker,
}

impl ExpressTasks {
    pub(crate) fn new(house: &Arc<House>, seq: i64, owner: Owner, (arn, behind): (&str, Behind)) -> Self {
        let (house, arn) = (Arc::clone(house), arn.to_owned());
        Self { house, seq, owner, arn, behind, used: Arc::default(), under_way: TaskTracker::new() }
    }

    /// What its attempts have used, for the books, when all have ended.
    async fn take_used(&self) -> Vec<Used> {
        self.under_way.close();
        self.under_way.wait().await;
        let used = std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner));
        used.into_iter().map(|body| Used { task: None, body }).collect()
    }
}

impl Tasks for ExpressTasks {
    async fn perform(&self, task: Task) -> Result<Arc<Value>, TaskFailed> {
        let (errand, id) = (Errand::of(&task.resource), asl::TaskId::new(task.invocation));
        let invocation_id = format!("{}:{}", self.arn, task.invocation);
        let (owner, execution) = (self.owner.clone(), self.arn.clone());
        let Behind { origin, role_arn } = self.behind.clone();
        let halt = CancellationToken::new();
        let job = Job { owner, execution, origin, role_arn, task, invocation_id, halt: halt.clone() };
        match errand {
            Errand::Work | Errand::Start(Until::Started) => {
                // In a task of its own: one that is given up is stopped, and what it has used counts.
                let _stops_with_us = halt.drop_guard();
                let (house, used, seq) = (Arc::clone(&self.house), Arc::clone(&self.used), self.seq);
                let asked = (errand == Errand::Work).then(|| CutOff::of(&job, house.clock.now()));
                let done = self.under_way.spawn(async move {
                    let performed = attempt(&house, seq, (id, &errand), job).await;
                    used.lock().unwrap_or_else(PoisonError::into_inner).extend(performed.usage);
                    performed.answer
                });
                done.await.unwrap_or_else(|error| {
                    tracing::error!(%error, seq, "the work of a task panicked");
                    let ended = self.house.clock.now();
                    let lost = asked.map(|asked| CutOff { ended, outcome: types::Outcome::HostError, ..asked });
                    let body = lost.and_then(|lost| self.house.work.cut_off(&lost));
                    self.used.lock().unwrap_or_else(PoisonError::into_inner).extend(body);
                    Err(TaskFailed { error: "States.TaskFailed".into(), cause: "the host failed".to_owned() })
                })
            }
            _ => {
                let cause = format!("express executions cannot wait for {}", job.task.resource);
                Err(TaskFailed { error: "States.Runtime".into(), cause })
            }
        }
    }
}

pub(super) async fn run(house: &Arc<House>, seq: i64, live: &Live, facts: Loaded) {
    let Ok(machine) = house.machine(facts.definition).await else {
        tracing::error!(seq, "the definition of an execution cannot be read");
        return;
    };
    let (Ok(input), Ok(organisation)) = (serde_json::from_str(&facts.input), facts.organisation.parse()) else {
        tracing::error!(seq, "the stored documents of an execution cannot be read");
        return;
    };
    let arn = arn(&facts);
    let owner = Owner { organisation, account: facts.account.clone() };
    let context = context(&facts, &arn);
    let role_arn = context.role_arn.as_deref().map(Arc::from);
    let tasks = ExpressTasks::new(house, seq, owner, (&arn, Behind { origin: facts.origin.clone(), role_arn }));
    let run = express::run(&machine, Arc::new(input), context, &tasks, &house.clock);
    let outcome = tokio::select! {
        () = live.lost.cancelled() => None,
        // It is run again when the file is opened again.
        () = house.closing.cancelled() => return,
        outcome = run => Some(outcome),
    };
    let used = tasks.take_used().await;
    let Some(outcome) = outcome else { return tell_of(house, seq, used).await };
    let closing = closing(&outcome);
    let status = closing.status;
    let written = Step {
        seq,
        epoch: house.epoch,
        revision: facts.revision,
        at: house.clock.now(),
        closing: Some(closing),
        settle: used.clone(),
        ..Step::default()
    };
    match house.store.write(move |db| step(db, &written)).await {
        Ok(Stepped::Written { .. }) => house.tally.ended(status),
        Ok(Stepped::Lost) => tell_of(house, seq, used).await,
        Err(error) => {
            tracing::error!(%error, seq, "the end of an express execution was not written; it is run again");
            super::runner::give_back(house, seq).await;
        }
    }
    house.used.notify_one();
    house.mapped.notify_one();
}

/// Runs one that is in no file while somebody waits for it, and answers when what it has used is on disk. If he leaves, it
/// runs on while there is room in memory for one that nobody waits for, and until the host stops. What it has used is
/// written in any case.
pub(crate) async fn waited_for(
    house: &Arc<House>,
    tasks: ExpressTasks,
    machine: Arc<StateMachine>,
    (input, context): (Arc<Value>, Context),
) -> Result<Outcome, OperationError> {
    let (mut reply, answer) = oneshot::channel();
    let inner = Arc::clone(house);
    house.spawn(async move {
        let house = inner;
        let outcome = tokio::select! {
            biased;
            outcome = express::run(&machine, input, context, &tasks, &house.clock) => Some(outcome),
            () = given_up(&house, &mut reply) => None,
        };
        let used = tasks.take_used().await;
        let written = if used.is_empty() {
            Ok(())
        } else {
            let used = used.clone();
            house.write(move |db| owe(db, 0, &used).map_err(Refusal::from)).await
        };
        let failed = written.is_err();
        if let Some(outcome) = outcome {
            // Nobody hears of it who has left.
            drop(reply.send(written.map(|()| outcome)));
        }
        if failed {
            tell_of(&house, 0, used).await;
        }
        house.used.notify_one();
        house.look();
    });
    let lost = |_| OperationError::new("InternalFailure", "The execution was given up.");
    answer.await.map_err(lost)?
}

/// Until a run that somebody waited for is to be given up.
async fn given_up<T>(house: &House, reply: &mut oneshot::Sender<T>) {
    let left = async {
        reply.closed().await;
        let Some(_slot) = house.try_slot() else { return };
        house.closing.cancelled().await;
    };
    tokio::select! {
        () = left => {}
        () = house.ending.cancelled() => {}
    }
}

/// How a run's end is written.
pub(crate) fn closing(outcome: &Outcome) -> Closing {
    let (status, output, error, cause) = match outcome {
        Outcome::Succeeded(output) => ("SUCCEEDED", Some(output.to_string()), None, None),
        Outcome::Failed { error, cause } => ("FAILED", None, error.clone(), cause.clone()),
        Outcome::TimedOut => ("TIMED_OUT", None, None, None),
    };
    Closing { status, output, error, cause, until: None, parent: None }
}
