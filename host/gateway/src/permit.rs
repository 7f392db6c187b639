//! Who may run a guest now: a few places in the house, fairly shared by the APIs.
//!
//! Few guests at once keep each of them fast: more than the cores can run only take turns. A call that finds a place
//! takes it with two compare-and-swaps. Otherwise it waits in its API's own queue. A place that becomes free goes to the
//! API that has held places for the least time: a hot one waits behind itself, and one whose guests are heavy behind
//! those whose guests are light. A guest that runs long ([`Permit::lend`]) gives its place back to the house and keeps
//! its API's share alone, so loops cannot hold all places.

mod queues;

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use types::{ApiId, Clock, Moment};

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
    /// Guests at once, in the house.
    pub(crate) places: u32,
    /// Guests at once that run long, on top of these.
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
    /// Calls in any queue. Read on every release, so that the lock is left alone while nobody waits.
    waiting: AtomicUsize,
    /// The account, in nanoseconds, of whoever was served last. What begins late begins here: nobody saves up.
    served: AtomicU64,
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
    lent: bool,
}

impl Permits {
    pub(crate) fn new(shares: Shares, clock: Clock) -> Self {
        Self(Arc::new(House {
            shares,
            clock,
            taken: AtomicU32::new(0),
            lent: AtomicU32::new(0),
            waiting: AtomicUsize::new(0),
            served: AtomicU64::new(0),
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

    /// Guests that run, and calls that wait.
    pub(crate) fn load(&self) -> (u32, usize) {
        (self.0.taken.load(SeqCst).saturating_add(self.0.lent.load(SeqCst)), self.0.waiting.load(SeqCst))
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
        if !raise(&house.taken, house.shares.places) {
            share.running.fetch_sub(1, SeqCst);
            return None;
        }
        // Charged beforehand: otherwise one API would get all that becomes free before its first guest has ended.
        let charged = share.latest.load(Relaxed).max(1);
        let begins = share.begins(house.served.load(Relaxed));
        house.served.store(begins, Relaxed);
        share.account.store(begins.saturating_add(charged), Relaxed);
        let (house, share, since) = (Arc::clone(house), Arc::clone(share), house.clock.moment());
        Some(Permit { house, share, since, charged, lent: false })
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
                std::mem::forget(unwanted);
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
    /// Gives the place back to the house while the guest goes on: it has had its time. Its API's share stays taken.
    /// Does nothing when too many have done so already.
    pub(crate) fn lend(&mut self) {
        if !self.lent && raise(&self.house.lent, self.house.shares.lent) {
            self.settle();
            self.lent = true;
            self.house.taken.fetch_sub(1, SeqCst);
            House::after_release(&self.house);
        }
    }

    /// Charges what the place was held for, in place of what was expected.
    fn settle(&self) {
        let held = self.house.clock.moment().since(self.since).as_nanos();
        let held = u64::try_from(held).unwrap_or(u64::MAX);
        self.share.latest.store(held, Relaxed);
        // Adds the difference, or takes it off.
        let _before = self
            .share
            .account
            .fetch_update(Relaxed, Relaxed, |now| Some(now.saturating_sub(self.charged).saturating_add(held)));
    }

    fn give_back(&mut self) {
        self.share.running.fetch_sub(1, SeqCst);
        if self.lent {
            self.house.lent.fetch_sub(1, SeqCst);
        } else {
            self.settle();
            self.house.taken.fetch_sub(1, SeqCst);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.give_back();
        House::after_release(&self.house);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    fn permits(places: u32, queue: usize) -> Permits {
        clocked(places, queue, Clock::system())
    }

    fn clocked(places: u32, queue: usize, clock: Clock) -> Permits {
        Permits::new(Shares { places, lent: 1, queue, patience: Duration::from_millis(50) }, clock)
    }

    fn api(number: u128) -> (ApiId, Arc<Share>) {
        let share = Arc::new(Share::default());
        share.allow(64);
        (ApiId::from_u128(number), share)
    }

    /// Two APIs that always wait for the one place, and whose guests hold it for so long: how often each gets it.
    async fn turns_of(held: [Duration; 2]) -> [u32; 2] {
        let (clock, time) = types::ManualClock::at(types::Timestamp::from_micros(0));
        let permits = clocked(1, 8, clock);
        let apis = [api(1), api(2)];
        let mut running = Some((0, permits.take(apis[0].0, &apis[0].1).await.unwrap()));
        let mut waiting = [0, 1].map(|one| Box::pin(permits.take(apis[one].0, &apis[one].1)));
        assert!(waiting.iter_mut().all(|turn| turn.as_mut().now_or_never().is_none()));
        let mut turns = [0; 2];
        for _ in 0..1_000 {
            // Otherwise the runtime holds answers back from a task that takes so many of them.
            tokio::task::yield_now().await;
            let (who, permit) = running.take().unwrap();
            time.advance(held[who]);
            turns[who] += 1;
            drop(permit);
            for (one, turn) in waiting.iter_mut().enumerate() {
                if let Some(permit) = turn.as_mut().now_or_never() {
                    running = Some((one, permit.unwrap()));
                    *turn = Box::pin(permits.take(apis[one].0, &apis[one].1));
                    assert!(turn.as_mut().now_or_never().is_none());
                    break;
                }
            }
        }
        turns
    }

    #[tokio::test]
    async fn places_are_shared_by_the_time_that_they_are_held() {
        let [even, odd] = turns_of([Duration::from_micros(100); 2]).await;
        assert!(even.abs_diff(odd) <= 2, "{even} and {odd}");
        let [light, heavy] = turns_of([Duration::from_micros(20), Duration::from_micros(200)]).await;
        assert!((9..=11).contains(&(light / heavy)), "{light} and {heavy}");
    }

    #[tokio::test]
    async fn who_has_been_away_is_owed_nothing_and_owes_nothing() {
        let (clock, time) = types::ManualClock::at(types::Timestamp::from_micros(0));
        let permits = clocked(1, 8, clock);
        let ((busy, busy_share), (new, new_share)) = (api(1), api(2));
        for _ in 0..100 {
            let permit = permits.take(busy, &busy_share).await.unwrap();
            time.advance(Duration::from_millis(1));
            drop(permit);
        }
        let first = permits.take(busy, &busy_share).await.unwrap();
        let mut order = Vec::new();
        let mut waiting: Vec<_> = [(busy, &busy_share), (new, &new_share)]
            .into_iter()
            .flat_map(|(api, share)| [(); 3].map(|()| (api, Box::pin(permits.take(api, share)))))
            .collect();
        assert!(waiting.iter_mut().all(|(_, turn)| turn.as_mut().now_or_never().is_none()));
        let mut running = Some(first);
        while !waiting.is_empty() {
            time.advance(Duration::from_millis(1));
            drop(running.take());
            let served =
                waiting.iter_mut().enumerate().find_map(|(at, (_, turn))| Some((at, turn.as_mut().now_or_never()?)));
            let (at, permit) = served.unwrap();
            running = Some(permit.unwrap());
            order.push(waiting.remove(at).0);
        }
        assert_eq!(order.iter().filter(|api| **api == busy).count(), 3);
        assert!(order[..4].contains(&busy), "it waits for no hundred turns: {order:?}");
    }

    #[tokio::test]
    async fn a_hot_api_waits_behind_itself() {
        let permits = permits(1, 8);
        let ((hot, hot_share), (other, other_share)) = (api(1), api(2));
        let first = permits.take(hot, &hot_share).await.unwrap();
        let mut waiting = Vec::new();
        for (name, api, share) in [
            ("hot 1", hot, &hot_share),
            ("hot 2", hot, &hot_share),
            ("hot 3", hot, &hot_share),
            ("other", other, &other_share),
        ] {
            let mut turn = Box::pin(permits.take(api, share));
            assert!(turn.as_mut().now_or_never().is_none());
            waiting.push((name, turn));
        }
        drop(first);
        let mut order = Vec::new();
        while !waiting.is_empty() {
            let served = waiting.iter_mut().position(|(_, turn)| turn.as_mut().now_or_never().is_some()).unwrap();
            order.push(waiting.remove(served).0);
        }
        assert_eq!(order, ["other", "hot 1", "hot 2", "hot 3"]);
        assert_eq!(permits.load(), (0, 0));
    }

    #[tokio::test]
    async fn an_api_gets_no_more_than_its_release_allows() {
        let permits = permits(8, 0);
        let (id, share) = api(1);
        share.allow(2);
        let held = (permits.take(id, &share).await.unwrap(), permits.take(id, &share).await.unwrap());
        assert_eq!(permits.take(id, &share).await.unwrap_err(), PermitError::QueueFull);
        let (other, other_share) = api(2);
        drop(permits.take(other, &other_share).await.unwrap());
        drop(held);
        assert_eq!(permits.load(), (0, 0));
    }

    #[tokio::test]
    async fn patience_ends_and_leaves_nothing_behind() {
        let permits = permits(1, 1);
        let (id, share) = api(1);
        let held = permits.take(id, &share).await.unwrap();
        assert_eq!(permits.take(id, &share).await.unwrap_err(), PermitError::TooLate);
        // Who gave up makes room for the next.
        let mut next = Box::pin(permits.take(id, &share));
        assert!(next.as_mut().now_or_never().is_none());
        drop(held);
        drop(next.await.unwrap());
        assert_eq!(permits.load(), (0, 0));
    }

    #[tokio::test]
    async fn a_long_guest_lends_its_place_once_and_only_as_many_may() {
        let permits = permits(1, 1);
        let (id, share) = api(1);
        let mut long = permits.take(id, &share).await.unwrap();
        long.lend();
        long.lend();
        let mut second = permits.take(id, &share).await.unwrap();
        second.lend();
        assert_eq!(permits.take(id, &share).await.unwrap_err(), PermitError::TooLate);
        assert_eq!(permits.load().0, 2);
        drop((long, second));
        assert_eq!(permits.load(), (0, 0));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn places_are_never_lost_or_doubled_under_a_crowd() {
        let permits = permits(3, 64);
        let running = Arc::new(AtomicU32::new(0));
        let crowd: tokio_util::task::TaskTracker = tokio_util::task::TaskTracker::new();
        for number in 0..600_u128 {
            let (permits, running) = (permits.clone(), Arc::clone(&running));
            let (id, share) = api(number % 7);
            crowd.spawn(async move {
                if let Ok(permit) = permits.take(id, &share).await {
                    assert!(running.fetch_add(1, SeqCst) < 3);
                    tokio::task::yield_now().await;
                    running.fetch_sub(1, SeqCst);
                    drop(permit);
                }
            });
        }
        crowd.close();
        crowd.wait().await;
        assert_eq!(permits.load(), (0, 0));
    }
}
