//! Durable executions: each transition one commit, resumed from stored frames, at most once in memory.
//!
//! ```text
//! start, answers, timers -> the inbox and wake_us of a row -> clockwork claims it -> a runner:
//!   load frames -> apply what has happened -> one step transaction -> begin tasks -> wait -> …
//!   nothing but waiting left: parked, and gone from memory
//! ```

mod archive;
mod clockwork;
mod express;
mod facts;
mod jobs;
mod letter;
mod runner;
mod sweep;

pub(crate) use express::{Behind, ExpressTasks, waited_for};
pub(crate) use facts::{arn, digest};
pub(crate) use jobs::{Stopped, open as open_jobs};
pub(crate) use letter::Happened;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use asl::StateMachine;
use objects::{Objects, Owned};
use store::{NoGroup, OpenError, Options, ReadError, Store, Synchronous, WriteError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::{ByteCount, Clock, OrganisationId};

use crate::rate::{StartRate, Starts};
use crate::sql;
use crate::tally::Tally;
use crate::work::Work;

/// Read connections: operations, and executions that are loaded.
const READERS: usize = 4;
/// Parsed definitions that are kept.
const MACHINES_MAX: usize = 500;
/// Steps that wait for the writer at once, and executions that are loaded for their first: a part of the writer's places, so
/// that whoever starts, stops or answers finds one.
const STEPS_AT_ONCE: usize = 256;
/// Executions whose panics are remembered.
const PANICS_MAX: usize = 10_000;

/// What the operator decides about executions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Executions in memory at a time. More wait in the file.
    pub live_max: usize,
    /// Tasks under way at a time, of all executions.
    pub tasks_max: usize,
    /// Running executions of one organisation.
    pub running_max: u64,
    /// How much organisations may keep in the folder `objects` beside the file.
    pub objects: objects::Limits,
    /// How fast one organisation may start executions, by operations, tasks and calls. Those that schedules start and the
    /// children of map runs have bounds of their own. `None`: as fast as the host can.
    pub starts: Option<StartRate>,
    /// How long an execution is kept after its end.
    pub retention: Duration,
    /// How large `workflows.db` may be before executions that have ended go earlier, the oldest first.
    pub bytes_max: Option<ByteCount>,
    /// Where executions are written before they are removed: a folder, with a file of JSON lines for each month.
    pub archive: Option<PathBuf>,
    /// After so many steps nothing more is done, as if the process had been killed there.
    #[cfg(feature = "test-util")]
    pub dies_after: Option<u64>,
    /// The steps that panic instead, counted from 0.
    #[cfg(feature = "test-util")]
    pub panics_at: std::ops::Range<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            live_max: 2_000,
            tasks_max: 256,
            running_max: 1_000_000,
            objects: objects::Limits::default(),
            starts: None,
            retention: Duration::from_hours(90 * 24),
            bytes_max: None,
            archive: None,
            #[cfg(feature = "test-util")]
            dies_after: None,
            #[cfg(feature = "test-util")]
            panics_at: 0..0,
        }
    }
}

/// `workflows.db` and what runs from it. Cheap to clone.
#[derive(Clone)]
pub struct Workflows(pub(crate) Arc<House>);

pub(crate) struct House {
    pub(crate) store: Store<NoGroup>,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) work: Arc<dyn Work>,
    /// What distributed Maps read and write.
    pub(crate) objects: Objects,
    /// The number of this opening of the file.
    pub(crate) epoch: i64,
    pub(crate) starts: Starts,
    pub(crate) tally: Tally,
    /// The executions in memory, by number.
    live: Mutex<HashMap<i64, Arc<Live>>>,
    /// How often the runner of an execution has panicked.
    panics: Mutex<HashMap<i64, u32>>,
    slots: Arc<Semaphore>,
    tasks: Arc<Semaphore>,
    turns: Semaphore,
    stops: jobs::Stops,
    machines: Mutex<HashMap<i64, Arc<StateMachine>>>,
    /// Something may be due earlier than the clockwork knows.
    due: Notify,
    /// Something is in the outbox.
    pub(crate) used: Notify,
    /// A map run may have something to do.
    pub(crate) mapped: Notify,
    /// A worker's task may be ready.
    pub(crate) ready: Notify,
    /// A schedule may be due earlier than its loop knows.
    pub(crate) scheduled: Notify,
    runners: TaskTracker,
    pub(crate) closing: CancellationToken,
    /// The file is about to be closed: nobody is waited for any more.
    pub(crate) ending: CancellationToken,
    #[cfg(feature = "test-util")]
    steps: std::sync::atomic::AtomicU64,
}

/// How the outside reaches an execution in memory.
#[derive(Debug, Default)]
struct Live {
    /// Something lies in its inbox.
    told: Notify,
    /// Its claim is lost.
    lost: CancellationToken,
    /// Attempts at its tasks may stand in the file as cut off, which are told of when nothing is heard of them any more.
    owes: AtomicBool,
}

impl Live {
    fn owe(&self) {
        self.owes.store(true, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Workflows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workflows").field("epoch", &self.0.epoch).finish_non_exhaustive()
    }
}

impl Workflows {
    /// The newest schema of `workflows.db` that it knows, to which it brings every older one.
    pub const SCHEMA_VERSION: usize = sql::MIGRATIONS.len();

    /// Opens `path`, makes it if need be, and goes on with every execution that runs. Needs a tokio runtime around it.
    /// Blocks: for the start.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open(path: &Path, settings: Settings, clock: Clock, work: Arc<dyn Work>) -> Result<Self, OpenError> {
        let options = Options { synchronous: Synchronous::Full, migrations: sql::MIGRATIONS, readers: READERS };
        let store = Store::open(path, &options, NoGroup)?;
        let count = |source| OpenError::Open { path: path.to_owned(), source };
        let books = Arc::clone(&work);
        let opened = store.write_blocking(move |db| {
            // Nobody hears any more of what an earlier process had under way.
            sql::cut_off::tell(db, None, &*books)?;
            sql::open(db)
        });
        let epoch = opened.map_err(|error| match error {
            WriteError::Refused(source) | WriteError::Sqlite(source) => count(source),
            _ => count(rusqlite::Error::InvalidQuery),
        })?;
        let house = House {
            store,
            clock,
            work,
            objects: Objects::open(path.with_file_name("objects"), settings.objects),
            epoch,
            starts: Starts::new(settings.starts),
            tally: Tally::default(),
            live: Mutex::default(),
            panics: Mutex::default(),
            slots: Arc::new(Semaphore::new(settings.live_max)),
            tasks: Arc::new(Semaphore::new(settings.tasks_max)),
            turns: Semaphore::new(STEPS_AT_ONCE),
            stops: jobs::Stops::default(),
            settings,
            machines: Mutex::default(),
            due: Notify::new(),
            used: Notify::new(),
            mapped: Notify::new(),
            ready: Notify::new(),
            scheduled: Notify::new(),
            runners: TaskTracker::new(),
            closing: CancellationToken::new(),
            ending: CancellationToken::new(),
            #[cfg(feature = "test-util")]
            steps: std::sync::atomic::AtomicU64::new(0),
        };
        let house = Arc::new(house);
        house.runners.spawn(clockwork::run(Arc::clone(&house)));
        house.runners.spawn(crate::schedule::run(Arc::clone(&house)));
        house.runners.spawn(crate::map_runs::run(Arc::clone(&house)));
        Ok(Self(house))
    }

    /// Whether the process has been killed, as it were.
    #[cfg(feature = "test-util")]
    pub fn is_dead(&self) -> bool {
        self.0.closing.is_cancelled()
    }

    /// What tasks have used and nobody has been told, the oldest first, as [`crate::Performed::usage`] had it. The
    /// numbers are never used again but after a restore, which begins where its backup ended.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn outbox(&self, most: u32) -> Result<Vec<(u64, String)>, ReadError> {
        let rows = self.0.store.read(move |db| sql::steps::outbox(db, most)).await?;
        Ok(rows.into_iter().map(|(id, body)| (id.unsigned_abs(), body)).collect())
    }

    /// Forgets what was in the outbox up to this number.
    ///
    /// # Errors
    ///
    /// The file could not be written: it will be in the outbox again.
    pub async fn told(&self, up_to: u64) -> Result<(), WriteError<rusqlite::Error>> {
        let up_to = i64::try_from(up_to).unwrap_or(i64::MAX);
        self.0.store.write(move |db| sql::steps::told(db, up_to)).await
    }

    /// Waits until something new may be in the outbox.
    pub async fn used(&self) {
        self.0.used.notified().await;
    }

    /// The objects that distributed Maps of an organisation read and write, in the folder `objects` beside the file.
    pub fn objects(&self, organisation: OrganisationId) -> Owned {
        self.0.objects.of(organisation)
    }

    /// What the writer of the file has done and has still to do.
    pub fn stats(&self) -> store::Stats {
        self.0.store.stats()
    }

    /// Runs a statement on the writer's connection, for tests of faults.
    ///
    /// # Errors
    ///
    /// What SQLite said.
    #[cfg(feature = "test-util")]
    pub async fn statement(&self, text: &'static str) -> Result<(), WriteError<rusqlite::Error>> {
        self.0.store.write(move |db| db.execute_batch(text)).await
    }

    /// How many executions are in memory.
    pub fn live(&self) -> usize {
        self.0.lock_live().len()
    }

    /// Gives up what runs, which goes on when the file is opened again. Operations are still taken.
    pub fn stop(&self) {
        self.0.closing.cancel();
    }

    /// Gives up what runs, which goes on when the file is opened again, and closes the file.
    pub async fn close(&self) {
        self.0.closing.cancel();
        self.0.ending.cancel();
        self.0.runners.close();
        self.0.runners.wait().await;
        self.0.store.close().await;
    }
}

impl House {
    /// An execution has something in its inbox, or is due.
    pub(crate) fn wake(&self, seq: i64) {
        if let Some(live) = self.lock_live().get(&seq) {
            live.told.notify_one();
        }
        self.due.notify_one();
    }

    /// Something is due that the clockwork has not been told of.
    pub(crate) fn look(&self) {
        self.due.notify_one();
    }

    /// An execution was ended from outside: what runs it stops, and so do the jobs that it waited for.
    pub(crate) fn stop(self: &Arc<Self>, Stopped { seq, jobs }: Stopped) {
        self.tally.ended("ABORTED");
        self.stop_jobs(jobs);
        let stop = |live: &&Arc<Live>| {
            live.owe();
            live.lost.cancel();
        };
        let runs = self.lock_live().get(&seq).inspect(stop).is_some();
        if !runs {
            let house = Arc::clone(self);
            self.spawn(async move { runner::tell_of_cut_off(&house, seq).await });
        }
        self.mapped.notify_one();
    }

    /// A step is to be written. One after the last that a test allows is not, and neither is any other.
    #[cfg(feature = "test-util")]
    pub(crate) fn may_step(&self) -> bool {
        let done = self.steps.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let is_dead = self.settings.dies_after.is_some_and(|most| done >= most);
        if is_dead {
            self.closing.cancel();
        }
        assert!(!self.settings.panics_at.contains(&done), "a test has this step panic");
        !is_dead
    }

    /// Runs something to its end, whoever goes away meanwhile.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runners.spawn(work);
    }

    /// A place in memory for one more execution, if there is one now.
    pub(crate) fn try_slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).try_acquire_owned().ok()
    }

    /// Runs a claimed execution in a task of its own.
    pub(crate) fn run(self: &Arc<Self>, seq: i64, slot: OwnedSemaphorePermit) {
        let live = Arc::new(Live::default());
        self.lock_live().insert(seq, Arc::clone(&live));
        let house = Arc::clone(self);
        self.runners.spawn(async move {
            let (inner, its) = (Arc::clone(&house), Arc::clone(&live));
            let running = house.runners.spawn(async move { runner::run(&inner, seq, &its).await });
            if running.await.is_err_and(|error| error.is_panic()) {
                live.owe();
                runner::after_panic(&house, seq, house.count_panic(seq)).await;
            }
            if house.has_left(seq, &live) {
                runner::tell_of_cut_off(&house, seq).await;
            }
            drop(slot);
            house.due.notify_one();
        });
    }

    /// A runner has left; whether attempts that it had under way are to be told of.
    fn has_left(&self, seq: i64, left: &Arc<Live>) -> bool {
        let mut all = self.lock_live();
        let owes = left.owes.load(Ordering::Relaxed);
        match all.get(&seq) {
            // It has been claimed anew meanwhile, and the next one may have some under way.
            Some(now) if !Arc::ptr_eq(now, left) => {
                if owes {
                    now.owe();
                }
                false
            }
            Some(_) => {
                all.remove(&seq);
                owes
            }
            None => owes,
        }
    }

    /// One more panic of this execution's runner; how many there were.
    fn count_panic(&self, seq: i64) -> u32 {
        let mut panics = self.panics.lock().unwrap_or_else(PoisonError::into_inner);
        if panics.len() >= PANICS_MAX {
            panics.clear();
        }
        let count = panics.entry(seq).or_default();
        *count = count.saturating_add(1);
        *count
    }

    /// A definition, parsed. It was checked when it was stored.
    pub(crate) async fn machine(&self, definition: i64) -> Result<Arc<StateMachine>, LoadError> {
        if let Some(machine) = self.lock_machines().get(&definition) {
            return Ok(Arc::clone(machine));
        }
        let text = self.store.read(move |db| sql::definition_text(db, definition)).await?;
        let parsed = tokio::task::spawn_blocking(move || ::express::parse_kept(&text)).await;
        let machine = parsed.ok().and_then(Result::ok).ok_or(LoadError::Definition)?;
        let mut machines = self.lock_machines();
        if machines.len() >= MACHINES_MAX {
            machines.clear();
        }
        machines.insert(definition, Arc::clone(&machine));
        Ok(machine)
    }

    fn lock_live(&self) -> MutexGuard<'_, HashMap<i64, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_machines(&self) -> MutexGuard<'_, HashMap<i64, Arc<StateMachine>>> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why an execution could not be taken up from the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("could not read workflows.db")]
    Read(#[from] ReadError),
    #[error("its definition is not one that this version accepts")]
    Definition,
    #[error("its frames cannot be read")]
    Frames(#[from] asl::DecodeError),
    #[error("its stored documents cannot be read")]
    Stored(#[from] serde_json::Error),
}
