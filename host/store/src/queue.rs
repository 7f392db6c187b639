//! The bounded way to the writer's thread.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use types::{Clock, Moment};

use crate::group::Group;
use crate::job::Job;
use crate::store::{Full, WriteError};

/// Operations that may wait or be announced at once. A guess: at 64 per commit it is 16 commits of waiting.
pub(crate) const PLACES: usize = 1_024;
/// Riders that may wait.
pub(crate) const RIDER_PLACES: usize = 1_024;
/// Answered operations in one commit.
pub(crate) const GROUP_OPS_MAX: usize = 256;
/// Riders in one commit: each may take milliseconds, and somebody waits for the others.
const GROUP_RIDERS_MAX: usize = 64;
/// A batch of so many shows a crowd: more come than one fsync lets through. The writer then waits for the next of them,
/// a slice at a time, as long as each slice brings one. A slice is about as long as an fsync of a fast disk: a wait that
/// was for nothing costs a few callers that much, and no more.
///
/// On a fast disk an fsync ends before many operations have come, so that groups stay small and each operation pays for
/// a large part of a commit. Under load the wait costs no throughput, because the machine is busy with the others; where
/// it is not, nothing comes and the wait ends (docs/adr/0009-a-crowd-shares-its-commits.md).
const CROWD: usize = 4;
const SLICE: Duration = Duration::from_micros(200);
const SLICES_MAX: u32 = 10;
/// A group that is large enough to go at once.
const GROUP_ENOUGH: usize = 32;
/// How long a rider waits for a commit that somebody else needs.
pub(crate) const RIDER_WAIT: Duration = Duration::from_secs(1);

pub(crate) type Reply<A> = oneshot::Sender<Result<A, WriteError<Infallible>>>;

/// What is written next.
pub(crate) enum Entry<G: Group> {
    Grouped { op: G::Op, reply: Reply<G::Answer> },
    Job(Box<dyn Job>),
}

/// What the writer takes out at once. Kept by it, so that its memory is used again.
pub(crate) struct Batch<G: Group> {
    entries: VecDeque<Entry<G>>,
    pub(crate) ops: Vec<G::Op>,
    pub(crate) replies: Vec<Reply<G::Answer>>,
    pub(crate) jobs: Vec<Box<dyn Job>>,
    pub(crate) riders: Vec<Box<dyn Job>>,
}

impl<G: Group> Batch<G> {
    pub(crate) fn new() -> Self {
        Self {
            entries: VecDeque::with_capacity(GROUP_OPS_MAX),
            ops: Vec::with_capacity(GROUP_OPS_MAX),
            replies: Vec::with_capacity(GROUP_OPS_MAX),
            jobs: Vec::new(),
            riders: Vec::new(),
        }
    }

    /// Operations that somebody waits for.
    pub(crate) fn answered(&self) -> usize {
        self.ops.len() + self.jobs.len()
    }

    fn sort(&mut self) {
        for entry in self.entries.drain(..) {
            match entry {
                Entry::Grouped { op, reply } => {
                    self.ops.push(op);
                    self.replies.push(reply);
                }
                Entry::Job(job) => self.jobs.push(job),
            }
        }
    }
}

/// What woke the writer up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// The batch holds something to write.
    Work,
    /// Its patience is over.
    Patience,
    /// Everything is taken out and nothing will come.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entrance {
    Open,
    Closed,
}

struct State<G: Group> {
    entries: VecDeque<Entry<G>>,
    riders: VecDeque<(Moment, Box<dyn Job>)>,
    entrance: Entrance,
    /// Operations in the batch before.
    last_batch: usize,
    /// The writer waits on the condition variable, for whatever comes once so many entries are there: nobody else pays for
    /// waking it.
    asleep_until: Option<usize>,
}

/// Many send, the writer receives.
pub(crate) struct Queue<G: Group> {
    state: Mutex<State<G>>,
    wake: Condvar,
    places: AtomicUsize,
    clock: Clock,
}

impl<G: Group> Queue<G> {
    pub(crate) fn new(clock: Clock) -> Self {
        let state = State {
            entries: VecDeque::with_capacity(GROUP_OPS_MAX),
            riders: VecDeque::new(),
            entrance: Entrance::Open,
            last_batch: 0,
            asleep_until: None,
        };
        Self { state: Mutex::new(state), wake: Condvar::new(), places: AtomicUsize::new(PLACES), clock }
    }

    /// Now, for the writer to measure by.
    pub(crate) fn moment(&self) -> Moment {
        self.clock.moment()
    }

    /// Takes a place, which [`Queue::send`] uses up and [`Queue::leave`] gives back.
    pub(crate) fn enter(&self) -> Result<(), Full> {
        let taken = self.places.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(1));
        taken.map(drop).map_err(|_| Full)
    }

    pub(crate) fn leave(&self) {
        self.places.fetch_add(1, Ordering::Relaxed);
    }

    /// Queues `entry`, for which [`Queue::enter`] took a place. A closed queue drops it, and so its reply.
    pub(crate) fn send(&self, entry: Entry<G>) {
        let mut state = self.lock();
        if state.entrance == Entrance::Closed {
            drop(state);
            self.leave();
            return;
        }
        state.entries.push_back(entry);
        self.wake_after(state);
    }

    pub(crate) fn ride(&self, rider: Box<dyn Job>) -> Result<(), Full> {
        let arrived = self.clock.moment();
        let mut state = self.lock();
        if state.entrance == Entrance::Closed || state.riders.len() >= RIDER_PLACES {
            return Err(Full);
        }
        state.riders.push_back((arrived, rider));
        // Only the first changes how long the writer may sleep.
        if state.riders.len() == 1 {
            self.wake_after(state);
        }
        Ok(())
    }

    /// Nothing more is taken in; the writer ends when it has taken everything out.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.entrance = Entrance::Closed;
        self.wake_after(state);
    }

    /// Closes, and drops what waits: nobody is left to write it.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.entrance = Entrance::Closed;
        let left = (std::mem::take(&mut state.entries), std::mem::take(&mut state.riders));
        drop(state);
        drop(left);
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Fills `batch`; sleeps until there is something to write, or `patience` is over.
    pub(crate) fn take(&self, batch: &mut Batch<G>, patience: Option<Duration>) -> Woken {
        let mut state = self.lock();
        loop {
            let ride = self.until_departure(&state);
            if !state.entries.is_empty() || ride == Some(Duration::ZERO) {
                self.fill(batch, self.gather(state));
                return Woken::Work;
            }
            if state.entrance == Entrance::Closed {
                return Woken::End;
            }
            let sleep = [ride, patience].into_iter().flatten().min();
            let timed_out;
            (state, timed_out) = self.sleep(state, 0, sleep);
            if timed_out && patience == sleep && patience.is_some() {
                return Woken::Patience;
            }
        }
    }

    /// Lets a crowd catch up with the first of it.
    fn gather<'a>(&'a self, mut state: MutexGuard<'a, State<G>>) -> MutexGuard<'a, State<G>> {
        if state.last_batch.max(state.entries.len()) < CROWD {
            return state;
        }
        for _ in 0..SLICES_MAX {
            let before = state.entries.len();
            if before >= GROUP_ENOUGH || state.entrance == Entrance::Closed {
                break;
            }
            (state, _) = self.sleep(state, GROUP_ENOUGH, Some(SLICE));
            if state.entries.len() == before {
                break;
            }
        }
        state
    }

    /// How long the oldest rider still waits for company; `None` without riders.
    fn until_departure(&self, state: &State<G>) -> Option<Duration> {
        let (arrived, _) = state.riders.front()?;
        if state.entrance == Entrance::Closed {
            return Some(Duration::ZERO);
        }
        Some(RIDER_WAIT.saturating_sub(self.clock.moment().since(*arrived)))
    }

    /// Sleeps until something comes and so many entries are there then, the queue is closed, or the limit has passed.
    fn sleep<'a>(
        &self,
        mut state: MutexGuard<'a, State<G>>,
        until: usize,
        limit: Option<Duration>,
    ) -> (MutexGuard<'a, State<G>>, bool) {
        state.asleep_until = Some(until);
        let (mut state, timed_out) = match limit {
            None => (self.wake.wait(state).unwrap_or_else(PoisonError::into_inner), false),
            Some(limit) => {
                let (state, result) = self.wake.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner);
                (state, result.timed_out())
            }
        };
        state.asleep_until = None;
        (state, timed_out)
    }

    fn fill(&self, batch: &mut Batch<G>, mut state: MutexGuard<'_, State<G>>) {
        if state.entries.len() <= GROUP_OPS_MAX {
            // Both keep their memory: nothing is moved one by one under the lock.
            std::mem::swap(&mut state.entries, &mut batch.entries);
        } else {
            batch.entries.extend(state.entries.drain(..GROUP_OPS_MAX));
        }
        state.last_batch = batch.entries.len();
        let riders = state.riders.len().min(GROUP_RIDERS_MAX);
        batch.riders.extend(state.riders.drain(..riders).map(|(_, rider)| rider));
        drop(state);
        self.places.fetch_add(batch.entries.len(), Ordering::Relaxed);
        batch.sort();
    }

    fn wake_after(&self, mut state: MutexGuard<'_, State<G>>) {
        let (entries, closed) = (state.entries.len(), state.entrance == Entrance::Closed);
        // Whoever is first wakes it; those that come until it runs need not.
        let wakes = state.asleep_until.take_if(|until| entries >= *until || closed).is_some();
        drop(state);
        if wakes {
            self.wake.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<G>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl<G: Group> Queue<G> {
    /// Makes the writer look at the clock again.
    pub(crate) fn nudge(&self) {
        self.wake_after(self.lock());
    }

    /// Whether the writer has looked, found nothing to do, and sleeps.
    pub(crate) fn is_asleep(&self) -> bool {
        self.lock().asleep_until.is_some()
    }
}
