//! Distributed Maps: one driver reads their items piece by piece, starts children as far as there is room, and ends each
//! map run when all have ended.
//!
//! A step of the execution writes the row that its driver works from; each move of the driver is one commit, made only
//! from what the row said, so a crash at any moment repeats nothing. The execution itself waits in the file, and is told
//! the result by its inbox.

mod children;
mod results;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use asl::{MachineKind, StateMachine, StateName, TaskId};
use serde_json::Value;
use stepfunctions::{Arn, OperationError, Thing};
use store::WriteError;

use crate::operations::{Refusal, abort, unwritten};
use crate::sql;
use crate::sql::map_runs::{MapRun, New, Tolerance};
use crate::sql::steps::Loaded;
use crate::standard::{Happened, House};

/// Children of one map run at a time, at most.
pub(crate) const CHILDREN_MAX: u32 = 1_000;
/// Children that are stopped with one commit at most.
const STOP_MAX: u32 = 200;
/// How long before the driver looks by itself: nothing should be left undone that it was not told of.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// After a failure of the file.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// What a state asks for, as a step writes it.
pub(crate) fn new(
    (facts, arn): (&Loaded, &str),
    machine: &StateMachine,
    (task, state): (TaskId, &StateName),
    (request, kind): (&Value, MachineKind),
) -> New {
    let label = request.get("Label").and_then(Value::as_str).map_or_else(|| label(state.as_str()), str::to_owned);
    let number = |name: &str| request.get(name).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    let tolerance = Tolerance {
        most: number("MaxConcurrency").unwrap_or_default(),
        count: number("ToleratedFailureCount").unwrap_or_default(),
        percent: request.get("ToleratedFailurePercentage").and_then(Value::as_f64).unwrap_or_default(),
    };
    New {
        task: task.get(),
        name: crate::start::uuid_of(&format!("{arn}#{}#{task}", facts.seed)),
        label,
        is_express: kind == MachineKind::Express,
        definition: machine.processor(state.as_str()).unwrap_or_default(),
        request: request.to_string(),
        tolerance,
    }
}

/// A label for a state that has none: its name, as far as that can be one.
fn label(state: &str) -> String {
    let fits = |c: char| if stepfunctions::is_name(c.encode_utf8(&mut [0; 4])) { c } else { '_' };
    state.chars().take(40).map(fits).collect()
}

/// The ARN of a map run that an execution begins.
pub(crate) fn arn(facts: &Loaded, new: &New) -> String {
    let machine = facts.machine_name.split('/').next().unwrap_or_default();
    let thing = Thing::MapRun { machine: format!("{machine}/{}", new.label), name: new.name.clone() };
    Arn { region: facts.region.clone(), account: facts.account.clone(), thing }.to_string()
}

pub(crate) async fn run(house: Arc<House>) {
    // Those that this version cannot go on with.
    let mut given_up = HashSet::new();
    loop {
        let rest = match round(&house, &mut given_up).await {
            Ok(true) => continue,
            Ok(false) => LOOK_AGAIN,
            Err(error) => {
                if !house.closing.is_cancelled() {
                    tracing::error!(%error, "a map run could not be moved on");
                }
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = house.closing.cancelled() => return,
            () = house.mapped.notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// Why a map run was not moved on. It is tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DriveError {
    #[error("could not read workflows.db")]
    Read(#[from] store::ReadError),
    #[error("could not write workflows.db: {0}")]
    Write(#[from] OperationError),
    #[error("its execution could not be read")]
    Load(#[from] crate::standard::LoadError),
    #[error("its work was lost")]
    Lost(#[from] tokio::task::JoinError),
    #[error("what is kept of it cannot be read")]
    Stored(#[from] serde_json::Error),
    #[error("whose it is cannot be read")]
    Owner(#[from] types::IdError),
}

impl DriveError {
    /// Whether it would be so each time.
    const fn lasts(&self) -> bool {
        matches!(self, Self::Stored(_) | Self::Load(_) | Self::Lost(_) | Self::Owner(_))
    }
}

impl From<WriteError<Refusal>> for DriveError {
    fn from(error: WriteError<Refusal>) -> Self {
        Self::Write(unwritten(error))
    }
}

/// One move of each map run; whether there was any.
async fn round(house: &Arc<House>, given_up: &mut HashSet<i64>) -> Result<bool, DriveError> {
    let mut moved = false;
    for id in house.store.read(|db| sql::map_runs::open(db, CHILDREN_MAX)).await? {
        if house.closing.is_cancelled() {
            return Ok(false);
        }
        let Some(run) = house.store.read(move |db| sql::map_runs::by_id(db, id)).await? else { continue };
        if given_up.contains(&id) {
            continue;
        }
        match advance(house, run).await {
            Ok(has_moved) => moved |= has_moved,
            Err(error) if error.lasts() => {
                // It would be so each time, and must not keep the others.
                tracing::error!(%error, map_run = id, "a map run cannot go on before the host is started again");
                given_up.insert(id);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(moved)
}

/// One move of a map run; whether there was one to make.
async fn advance(house: &Arc<House>, run: MapRun) -> Result<bool, DriveError> {
    #[cfg(feature = "test-util")]
    if has_work(&run) && !house.may_step() {
        return Ok(false);
    }
    if !has_work(&run) {
        return Ok(false);
    }
    if run.status != "RUNNING" {
        return if run.running > 0 { stop(house, run).await } else { end(house, run).await };
    }
    if let Some(cause) = exceeded(&run) {
        return fail(house, &run, ("States.ExceedToleratedFailureThreshold", cause)).await;
    }
    if room(&run) > 0 && run.pending > 0 {
        return children::redrive(house, run).await;
    }
    if room(&run) > 0 && !run.at_end {
        return children::start(house, run).await;
    }
    results::conclude(house, run).await
}

/// Whether the driver can do anything for it now.
fn has_work(run: &MapRun) -> bool {
    let begins = room(run) > 0 && (run.pending > 0 || !run.at_end);
    let is_over = run.at_end && run.running == 0 && run.pending == 0;
    run.status != "RUNNING" || begins || is_over || exceeded(run).is_some()
}

/// How many more children may run.
fn room(run: &MapRun) -> u64 {
    let most = if run.tolerance.most == 0 { CHILDREN_MAX } else { run.tolerance.most.min(CHILDREN_MAX) };
    u64::from(most).saturating_sub(run.running)
}

/// Why too many items have failed, if that is so. A share of them is known when all have been read.
fn exceeded(run: &MapRun) -> Option<String> {
    let Tolerance { count, percent, .. } = run.tolerance;
    let failed = run.failed_items;
    if failed == 0 {
        return None;
    }
    // Where both are given either is enough; where one alone is, the other says nothing.
    let by_count = failed > u64::from(count) && (count > 0 || percent <= 0.0);
    #[expect(clippy::cast_precision_loss, reason = "there are 100,000,000 items at most")]
    let by_percent = percent > 0.0 && run.at_end && failed as f64 * 100.0 > percent * run.items as f64;
    let text = "The specified tolerated failure threshold was exceeded";
    (by_count || by_percent).then(|| text.to_owned())
}

/// Children are to be stopped, and then it fails.
async fn fail(house: &Arc<House>, run: &MapRun, (error, cause): (&str, String)) -> Result<bool, DriveError> {
    let (id, error) = (run.id, error.to_owned());
    let cause: String = cause.chars().take(32_768).collect();
    house.store.write(move |db| sql::map_runs::fail(db, id, &error, &cause).map_err(Refusal::from)).await?;
    Ok(true)
}

/// Stops some of its children.
async fn stop(house: &Arc<House>, run: MapRun) -> Result<bool, DriveError> {
    let (now, id) = (house.clock.now(), run.id);
    let stopping = house.store.write(move |db| {
        let mut stopped = Vec::new();
        for seq in sql::map_runs::running(db, id, STOP_MAX)? {
            abort(db, seq, (now, None, None), &mut stopped)?;
        }
        Ok::<_, Refusal>(stopped)
    });
    for one in stopping.await? {
        house.stop(one);
    }
    Ok(true)
}

/// All its children have been stopped.
async fn end(house: &Arc<House>, run: MapRun) -> Result<bool, DriveError> {
    let (now, execution) = (house.clock.now(), run.execution);
    let (status, letter) = if run.status == "FAILING" {
        let (error, cause) = (run.error.clone().unwrap_or_default(), run.cause.clone().unwrap_or_default());
        ("FAILED", Some(Happened::Failed { task: run.task, error, cause }.text(now)))
    } else {
        ("ABORTED", None)
    };
    let ending = house
        .store
        .write(move |db| sql::map_runs::end(db, &run, (status, now), letter.as_deref()).map_err(Refusal::from));
    ending.await?;
    house.wake(execution);
    Ok(true)
}

/// A child's ARN, by its machine with the label, and its name.
pub(crate) fn child_arn((region, account): (&str, &str), machine: String, child: (&str, bool, u64)) -> String {
    let (name, is_express, seed) = child;
    let name = name.to_owned();
    let thing = if is_express {
        Thing::Express { machine, name, id: format!("{seed:016x}") }
    } else {
        Thing::Execution { machine, name }
    };
    Arn { region: region.to_owned(), account: account.to_owned(), thing }.to_string()
}
