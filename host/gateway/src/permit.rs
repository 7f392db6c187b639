//! Who may run a guest now: a few places in the house, fairly shared by the APIs.
//!
//! Few guests at once keep each of them fast: more than the cores can run only take turns. A call that finds a place
//! takes it with two compare-and-swaps. Otherwise it waits in its API's own queue. A place that becomes free goes to the
//! API that has held places for the least time: a hot one waits behind itself, and one whose guests are heavy behind
//! those whose guests are light. A guest that runs long ([`Permit::lend`]) gives its place back to the house and keeps
//! its API's share alone, so loops cannot hold all places.
//!
//! Short guests run where they are called and hardly meet in a queue: there the processors are what is scarce. While
//! several APIs have a use for them, the guests of one that has had more than its part give way: they need no place, and
//! run at the lowest priority on what the others leave (docs/adr/0055-who-has-had-more-than-a-part-gives-way.md).

mod parts;
mod queues;

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sandbox::Priority;
use tokio::sync::oneshot;
use types::{ApiId, Clock, Moment};

use parts::{Work, WorkOfAll};
use queues::Queues;

/// Why no permit was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PermitError {
    #[error("too many calls of this API wait already")]
    QueueFull,
    #[error("no place became free in time")]
    TooLate,
}

/// How the places are shared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shares {
    /// Processors that guests and the host share.
    pub(crate) cores: u32,
    /// Guests at once, in the house.
    pub(crate) places: u32,
    /// Guests at once that run long, on top of these; and as many that give way.
    pub(crate) lent: u32,
    /// Calls of one API that may wait.
    pub(crate) queue: usize,
    /// How long one waits.
    pub(crate) patience: Duration,
}

/// All places of the house. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Permits(Arc<House>);

#[derive(Debug)]
struct House {
    shares: Shares,
    clock: Clock,
    /// Places taken now.
    taken: AtomicU32,
    /// Places given back early by guests that still run.
    lent: AtomicU32,
    /// Guests that give way now, and since the start.
    aside: AtomicU32,
    gave_way: AtomicU64,
    /// Calls in any queue. Read on every release, so that the lock is left alone while nobody waits.
    waiting: AtomicUsize,
    /// The account, in nanoseconds, of whoever was served last. What begins late begins here: nobody saves up.
    served: AtomicU64,
    work: WorkOfAll,
    queues: Mutex<Queues>,
}

/// One API's part of the places: how many of its guests run, and how long they have held places.
#[derive(Debug, Default)]
pub(crate) struct Share {
    running: AtomicU32,
    limit: AtomicU32,
    /// Nanoseconds of places, as if it had been busy as long as the others.
    account: AtomicU64,
    /// What its latest guest held, in nanoseconds: what the next one is expected to.
    latest: AtomicU64,
    work: Work,
}

impl Share {
    /// Sets how many guests of the API may run at once: the live release says.
    pub(crate) fn allow(&self, limit: u32) {
        self.limit.store(limit.max(1), SeqCst);
    }

    /// Where its next turn begins.
    fn begins(&self, served: u64) -> u64 {
        self.account.load(Relaxed).max(served)
    }
}

/// One guest's place. Dropping it gives the place to the next.
#[derive(Debug)]
#[must_use = "dropping a permit gives its place back"]
pub(crate) struct Permit {
    house: Arc<House>,
    share: Arc<Share>,
    since: Moment,
    /// What the account was charged beforehand.
    charged: u64,
    stands: Stands,
    worked: Duration,
}

/// Where a guest stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// In a place.
    Placed,
    /// It has given its place back.
    Lent,
    /// It gives way to others, and needs none.
    Aside,
    /// It is over.
    Gone,
}

impl Permits {
    pub(crate) fn new(shares: Shares, clock: Clock) -> Self {
        Self(Arc::new(House {
            shares,
            clock,
            taken: AtomicU32::new(0),
            lent: AtomicU32::new(0),
            aside: AtomicU32::new(0),
            gave_way: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            served: AtomicU64::new(0),
            work: WorkOfAll::default(),
            queues: Mutex::default(),
        }))
    }

    /// Takes a place for a guest of `api`, or waits for one in turn. Dropping the future leaves the queue.
    ///
    /// # Errors
    ///
    /// [`PermitError`] when the API's queue is full or patience ends. Nothing is held then.
    pub(crate) async fn take(&self, api: ApiId, share: &Arc<Share>) -> Result<Permit, PermitError> {
        // Those who wait go first; nobody jumps the queue.
        if self.0.waiting.load(SeqCst) == 0
            && let Some(permit) = House::try_take(&self.0, share)
        {
            return Ok(permit);
        }
        let turn = self.enqueue(api, share)?;
        match tokio::time::timeout(self.0.shares.patience, turn).await {
            Ok(Ok(permit)) => Ok(permit),
            // Its place in the queue was taken out because patience had ended on the other side: cannot happen while
            // `turn` lives, and means the same.
            Ok(Err(_)) | Err(_) => Err(PermitError::TooLate),
        }
    }

    fn enqueue(&self, api: ApiId, share: &Arc<Share>) -> Result<oneshot::Receiver<Permit>, PermitError> {
        let mut queues = self.0.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = share.begins(self.0.served.load(Relaxed));
        let (turn, gone) = queues.join((api, share), begins, self.0.shares.queue);
        self.0.waiting.fetch_sub(gone, SeqCst);
        let turn = turn.ok_or(PermitError::QueueFull)?;
        self.0.waiting.fetch_add(1, SeqCst);
        // A place may have become free before the count was seen.
        House::serve(&self.0, &mut queues);
        Ok(turn)
    }

    /// Guests that gave way to those of others, since the start.
    pub(crate) fn gave_way(&self) -> u64 {
        self.0.gave_way.load(Relaxed)
    }

    /// Guests that run, and calls that wait.
    pub(crate) fn load(&self) -> (u32, usize) {
        let guests = [&self.0.taken, &self.0.lent, &self.0.aside].map(|count| count.load(SeqCst));
        (guests.into_iter().fold(0, u32::saturating_add), self.0.waiting.load(SeqCst))
    }
}

/// Adds one below `limit`.
fn raise(count: &AtomicU32, limit: u32) -> bool {
    count.fetch_update(SeqCst, SeqCst, |now| (now < limit).then(|| now + 1)).is_ok()
}

impl House {
    fn try_take(house: &Arc<Self>, share: &Arc<Share>) -> Option<Permit> {
        if !raise(&share.running, share.limit.load(SeqCst)) {
            return None;
        }
        let since = house.clock.moment();
        let permit = |stands, charged| {
            let (house, share) = (Arc::clone(house), Arc::clone(share));
            Some(Permit { house, share, since, charged, stands, worked: Duration::ZERO })
        };
        if house.work.is_beyond_its_part(&share.work, house.shares.cores, since)
            && raise(&house.aside, house.shares.lent)
        {
            house.gave_way.fetch_add(1, Relaxed);
            return permit(Stands::Aside, 0);
        }
        if !raise(&house.taken, house.shares.places) {
            share.running.fetch_sub(1, SeqCst);
            return None;
        }
        // Charged beforehand: otherwise one API would get all that becomes free before its first guest has ended.
        let charged = share.latest.load(Relaxed).max(1);
        let begins = share.begins(house.served.load(Relaxed));
        house.served.store(begins, Relaxed);
        share.account.store(begins.saturating_add(charged), Relaxed);
        permit(Stands::Placed, charged)
    }

    /// Gives free places to those who wait: to the API first that has had the least.
    fn serve(house: &Arc<Self>, queues: &mut Queues) {
        let mut after = None;
        while let Some(turn) = queues.next(after) {
            if house.taken.load(SeqCst) >= house.shares.places {
                return;
            }
            let gone = queues.forget_gone(turn);
            house.waiting.fetch_sub(gone, SeqCst);
            let Some(share) = queues.share(turn) else { continue };
            let Some(permit) = Self::try_take(house, &share) else {
                // It has all that its release allows.
                after = Some(turn);
                continue;
            };
            house.waiting.fetch_sub(1, SeqCst);
            let call = queues.leave(turn, share.begins(house.served.load(Relaxed)));
            if let Some(Err(mut unwanted)) = call.map(|call| call.send(permit)) {
                // Its drop would come back here, under this lock.
                unwanted.give_back();
            }
        }
    }

    fn after_release(house: &Arc<Self>) {
        if house.waiting.load(SeqCst) > 0 {
            Self::serve(house, &mut house.queues.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl Permit {
    /// The guest's priority: the lowest when it gives way to others.
    pub(crate) fn priority(&self) -> Priority {
        if self.stands == Stands::Aside { Priority::Lowest } else { Priority::Usual }
    }

    /// The clock that its work is measured by.
    pub(crate) fn clock(&self) -> &Clock {
        &self.house.clock
    }

    /// The guest has worked for so long.
    pub(crate) fn has_worked(&mut self, time: Duration) {
        self.worked = self.worked.saturating_add(time);
    }

    /// Gives the place back to the house while the guest goes on: it has had its time. Its API's share stays taken.
    /// Does nothing when too many have done so already.
    pub(crate) fn lend(&mut self) {
        if self.stands == Stands::Placed && raise(&self.house.lent, self.house.shares.lent) {
            self.settle(self.house.clock.moment());
            self.stands = Stands::Lent;
            self.house.taken.fetch_sub(1, SeqCst);
            House::after_release(&self.house);
        }
    }

    /// Charges what the place was held for, in place of what was expected.
    fn settle(&self, now: Moment) {
        let held = now.since(self.since).as_nanos();
        let held = u64::try_from(held).unwrap_or(u64::MAX);
        self.share.latest.store(held, Relaxed);
        // Adds the difference, or takes it off.
        let _before = self
            .share
            .account
            .fetch_update(Relaxed, Relaxed, |now| Some(now.saturating_sub(self.charged).saturating_add(held)));
    }

    fn give_back(&mut self) {
        let (house, share, now) = (&self.house, &self.share, self.house.clock.moment());
        match self.stands {
            Stands::Placed => {
                self.settle(now);
                house.work.add(&share.work, self.worked, now);
                house.taken.fetch_sub(1, SeqCst);
            }
            Stands::Lent => {
                house.work.add(&share.work, self.worked, now);
                house.lent.fetch_sub(1, SeqCst);
            }
            Stands::Aside => {
                house.work.add_unseen(&share.work, now);
                house.aside.fetch_sub(1, SeqCst);
            }
            Stands::Gone => return,
        }
        share.running.fetch_sub(1, SeqCst);
        self.stands = Stands::Gone;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.stands != Stands::Gone {
            self.give_back();
            House::after_release(&self.house);
        }
    }
}

#[cfg(test)]
mod tests;
