//! One execution in memory: what has happened goes in, one step transaction comes out, and what it asks for begins.

mod attempts;
mod compose;
mod hear;
mod inquire;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use asl::{Event, Execution, TaskId, Watch};
use history::{Attempt, Cursor, History};
use stepfunctions::Errand;
use store::WriteError;
use tokio::sync::SemaphorePermit;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use types::Timestamp;

pub(super) use attempts::{GRACE, attempt, outstayed, tell_of, tell_of_cut_off};
use compose::Composed;

use super::facts::{arn, context};
use super::{House, Live, LoadError};
use crate::sql::steps::{Loaded, Step, Stepped, Used, load, release, step};
use crate::work::{Job, Owner, Performed, Standing, Submitted};

/// A wait that is shorter is waited for in memory.
const PARK_FROM: Duration = Duration::from_secs(5);
/// The clock on the wall may jump: how long before it is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// After so many panics of its runner an execution fails.
const PANICS_MAX: u32 = 3;
/// How long a step waits before it is tried again when the file takes nothing, and at most.
const TRY_AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// What began here has come to an end.
enum Ended {
    /// An attempt at a task. `taken`: the job that it has started.
    Attempt { task: TaskId, errand: Errand, performed: Performed, taken: Option<Box<Submitted>> },
    /// A question after the job of a task.
    Question { task: TaskId, standing: Standing },
}

/// What is asked for, and has not begun.
struct Asked {
    errand: Errand,
    job: Job,
    task: TaskId,
}

/// An attempt at a task, or a question after its job.
struct UnderWay {
    handle: AbortHandle,
    halt: CancellationToken,
    /// `None`: it is in no books.
    attempt: Option<Attempt>,
}

struct Runner<'h> {
    house: &'h Arc<House>,
    /// Its turn at the writer, from before it was loaded until its first step is written.
    first_turn: Option<SemaphorePermit<'h>>,
    live: &'h Live,
    seq: i64,
    owner: Owner,
    arn: String,
    facts: Loaded,
    run: Execution,
    history: History,
    revision: i64,
    taken: i64,
    tasks: JoinSet<Ended>,
    /// Those of these whose answers are waited for.
    under_way: HashMap<TaskId, UnderWay>,
    /// Those that were under way when it was left, and have not been made again.
    cut_off: HashMap<TaskId, Attempt>,
    settle: Vec<Used>,
    /// Jobs that services have taken and that the file does not know of.
    unwritten: Vec<Submitted>,
    /// Jobs that nobody waits for any more, and that go on until a step without them is written.
    unwanted: Vec<Submitted>,
    /// When the interpreter has to be woken next.
    wake: Option<Timestamp>,
    /// Another execution was started, and its end may lie in the inbox.
    has_started: bool,
}

/// Why a runner ends before its execution does.
enum Gone {
    /// Somebody else has it, or has ended it.
    Lost,
    /// It waits in the file.
    Parked,
    /// The host stops, and all that was decided is in the file.
    Closing,
    /// The host stops, and a step is not in the file.
    Unwritten,
}

/// Runs the execution until it ends, parks or is lost. Whatever goes wrong here, it can be taken up again.
pub(super) async fn run(house: &Arc<House>, seq: i64, live: &Live) {
    let epoch = house.epoch;
    // Before anything is read: what is in memory and only waits to be written is bounded, not just its number.
    let Ok(turn) = house.turns.acquire().await else { return };
    let loaded = match house.store.read(move |db| load(db, seq, epoch)).await {
        Ok(Some(loaded)) => loaded,
        Ok(None) => return,
        Err(error) => {
            tracing::error!(%error, seq, "could not load an execution");
            return give_back(house, seq).await;
        }
    };
    if loaded.is_express {
        drop(turn);
        return super::express::run(house, seq, live, loaded).await;
    }
    match Runner::new((house, turn), live, seq, loaded).await {
        Ok(runner) => runner.drive().await,
        Err(error @ LoadError::Read(_)) => {
            tracing::error!(%error, seq, "could not load an execution");
            give_back(house, seq).await;
        }
        // It would fail each time: it stays as it is, claimed by this opening, for a version that can read it.
        Err(error) => tracing::error!(%error, seq, "an execution cannot go on"),
    }
}

/// What is left of a runner that has panicked: its execution is taken up again from the file, and fails when that does
/// not help.
pub(super) async fn after_panic(house: &Arc<House>, seq: i64, panics: u32) {
    tracing::error!(seq, panics, "the runner of an execution panicked");
    if panics < PANICS_MAX {
        return give_back(house, seq).await;
    }
    let (now, epoch) = (house.clock.now(), house.epoch);
    let mut pause = TRY_AGAIN.0;
    loop {
        match house.store.write(move |db| crate::operations::fail_lost(db, (seq, epoch), now)).await {
            Ok((parent, jobs)) => {
                house.tally.ended("FAILED");
                house.stop_jobs(jobs);
                house.mapped.notify_one();
                return parent.into_iter().for_each(|parent| house.wake(parent));
            }
            Err(error) if matches!(error, WriteError::Closed) || house.closing.is_cancelled() => return,
            Err(error) => tracing::warn!(%error, seq, "the end of an execution was not written; it is tried again"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(TRY_AGAIN.1);
    }
}

/// Lets the execution be claimed again.
pub(super) async fn give_back(house: &Arc<House>, seq: i64) {
    let epoch = house.epoch;
    let mut pause = TRY_AGAIN.0;
    while let Err(error) = house.store.write(move |db| release(db, seq, epoch)).await {
        if matches!(error, WriteError::Closed) || house.closing.is_cancelled() {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(TRY_AGAIN.1);
    }
    house.due.notify_one();
}

impl<'h> Runner<'h> {
    async fn new(
        (house, turn): (&'h Arc<House>, SemaphorePermit<'h>),
        live: &'h Live,
        seq: i64,
        facts: Loaded,
    ) -> Result<Self, LoadError> {
        let machine = house.machine(facts.definition).await?;
        let arn = arn(&facts);
        let (run, cursor) = match &facts.frames {
            Some((state, cursor)) if !state.is_empty() => {
                let mut run = Execution::decode(Arc::clone(&machine), state)?.watched(Watch::ALL);
                if let Some(at) = facts.redriving {
                    run.redrive(at);
                }
                (run, Cursor::read(cursor)?)
            }
            kept => {
                let input = Arc::new(serde_json::from_str(&facts.input)?);
                let run = machine.start_watched(input, context(&facts, &arn), house.clock.now(), Watch::ALL);
                let cursor = kept.as_ref().map(|(_, cursor)| Cursor::read(cursor)).transpose()?;
                (run, cursor.unwrap_or_else(|| Cursor::started(facts.started)))
            }
        };
        let organisation = facts.organisation.parse().map_err(|_| LoadError::Definition)?;
        let cut_off = cursor.attempts().map(|(task, attempt)| (task, attempt.clone())).collect();
        Ok(Self {
            house,
            first_turn: Some(turn),
            live,
            seq,
            owner: Owner { organisation, account: facts.account.clone() },
            arn,
            run,
            history: History::new(machine, facts.region.clone(), cursor),
            revision: facts.revision,
            facts,
            taken: 0,
            tasks: JoinSet::new(),
            under_way: HashMap::new(),
            cut_off,
            settle: Vec::new(),
            unwritten: Vec::new(),
            unwanted: Vec::new(),
            wake: None,
            has_started: false,
        })
    }

    async fn drive(mut self) {
        let resumed = self.facts.frames.take().is_some();
        if resumed {
            if self.take_whole_inbox().await.is_err() {
                return self.leave(Err(Gone::Lost)).await;
            }
            // Whatever is due is so now.
            self.apply(Event::Woke);
        }
        let gone = loop {
            match self.turn().await {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(gone) => break Err(gone),
            }
        };
        self.leave(gone).await;
    }

    /// One step and what follows from it; `false`: the execution is over.
    async fn turn(&mut self) -> Result<bool, Gone> {
        let Composed { asked, abandoned, step } = self.compose().map_err(|error| {
            // It would be so each time: it stays as it is, claimed by this opening, as one that cannot be read.
            tracing::error!(%error, seq = self.seq, "an execution cannot be written");
            Gone::Lost
        })?;
        let is_over = step.closing.is_some();
        let status = step.closing.as_ref().map(|closing| closing.status);
        let parks = step.park;
        let parent = step.closing.as_ref().and_then(|closing| closing.parent.as_ref()).map(|(parent, _)| *parent);
        // It may be a child, or have begun a map run that is to be stopped.
        let maps = !step.map_runs.is_empty() || !step.given_up.is_empty() || is_over;
        let has_used = !step.settle.is_empty();
        let has_activities = step.tokens.iter().any(|token| token.activity.is_some());
        let used = step.settle.clone();
        let more = match self.commit(step).await {
            Ok(Stepped::Written { more }) => more,
            Ok(Stepped::Lost) | Err(Gone::Lost) => {
                self.settle = used;
                self.unwanted = abandoned;
                return Err(Gone::Lost);
            }
            Err(gone) => return Err(gone),
        };
        self.revision += 1;
        self.unwritten.clear();
        self.house.stop_jobs(abandoned);
        if let Some(status) = status {
            self.house.tally.ended(status);
        }
        if has_used {
            self.house.used.notify_one();
        }
        if maps {
            self.house.mapped.notify_one();
        }
        if has_activities {
            self.house.ready.notify_waiters();
        }
        if let Some(parent) = parent {
            self.house.wake(parent);
        }
        if is_over {
            return Ok(false);
        }
        if parks && !more {
            return Err(Gone::Parked);
        }
        for one in asked {
            self.begin(one);
        }
        if !more || !self.take_inbox().await? {
            self.wait().await?;
        }
        Ok(true)
    }

    /// Writes the step, however long the file takes to accept it.
    async fn commit(&mut self, new: Step) -> Result<Stepped, Gone> {
        #[cfg(feature = "test-util")]
        if !self.house.may_step() {
            return Err(Gone::Unwritten);
        }
        let _turn = match self.first_turn.take() {
            Some(turn) => turn,
            // Never closed: an error cannot be.
            None => self.house.turns.acquire().await.map_err(|_| Gone::Unwritten)?,
        };
        let new = Arc::new(new);
        let mut pause = TRY_AGAIN.0;
        loop {
            let step_of = Arc::clone(&new);
            match self.house.store.write(move |db| step(db, &step_of)).await {
                Ok(stepped) => return Ok(stepped),
                Err(WriteError::Closed) => return Err(Gone::Unwritten),
                // It may be on disk or not. The file knows: it is taken up from there.
                Err(WriteError::Uncertain) => {
                    give_back(self.house, self.seq).await;
                    return Err(Gone::Lost);
                }
                Err(error) => {
                    tracing::warn!(%error, seq = self.seq, "a step of an execution was not written; it is tried again");
                    tokio::select! {
                        () = self.house.closing.cancelled() => return Err(Gone::Unwritten),
                        () = self.live.lost.cancelled() => return Err(Gone::Lost),
                        () = tokio::time::sleep(pause) => pause = (pause * 2).min(TRY_AGAIN.1),
                    }
                }
            }
        }
    }
}
