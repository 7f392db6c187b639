//! Who may run a guest now: a few places in the house, fairly shared by the APIs.
//!
//! Few guests at once keep each of them fast: more than the cores can run only take turns. A call that finds a place
//! takes it with two compare-and-swaps. Otherwise it waits in its API's own queue, and places go round the APIs: a hot
//! one waits behind itself, not before the others. A guest that runs long ([`Permit::lend`]) gives its place back to
//! the house and keeps its API's share alone, so loops cannot hold all places.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use types::ApiId;

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
    /// Places taken now.
    taken: AtomicU32,
    /// Places given back early by guests that still run.
    lent: AtomicU32,
    /// Calls in any queue. Read on every release, so that the lock is left alone while nobody waits.
    waiting: AtomicUsize,
    queues: Mutex<Queues>,
}

#[derive(Debug, Default)]
struct Queues {
    by_api: HashMap<ApiId, VecDeque<Waiting>>,
    /// The APIs with a queue, the next to be served first.
    turns: VecDeque<ApiId>,
}

#[derive(Debug)]
struct Waiting {
    share: Arc<Share>,
    call: oneshot::Sender<Permit>,
}

/// One API's part of the places: how many of its guests run.
#[derive(Debug, Default)]
pub(crate) struct Share {
    running: AtomicU32,
    limit: AtomicU32,
}

impl Share {
    /// Sets how many guests of the API may run at once: the live release says.
    pub(crate) fn allow(&self, limit: u32) {
        self.limit.store(limit.max(1), SeqCst);
    }
}

/// One guest's place. Dropping it gives the place to the next.
#[derive(Debug)]
#[must_use = "dropping a permit gives its place back"]
pub(crate) struct Permit {
    house: Arc<House>,
    share: Arc<Share>,
    lent: bool,
}

impl Permits {
    pub(crate) fn new(shares: Shares) -> Self {
        Self(Arc::new(House {
            shares,
            taken: AtomicU32::new(0),
            lent: AtomicU32::new(0),
            waiting: AtomicUsize::new(0),
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
        let Queues { by_api, turns } = &mut *queues;
        let queue = by_api.entry(api).or_insert_with(|| {
            turns.push_back(api);
            VecDeque::new()
        });
        if queue.len() >= self.0.shares.queue {
            // Those who gave up are still in it.
            let before = queue.len();
            queue.retain(|waiting| !waiting.call.is_closed());
            self.0.waiting.fetch_sub(before - queue.len(), SeqCst);
            if queue.len() >= self.0.shares.queue {
                return Err(PermitError::QueueFull);
            }
        }
        let (call, turn) = oneshot::channel();
        queue.push_back(Waiting { share: Arc::clone(share), call });
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
        Some(Permit { house: Arc::clone(house), share: Arc::clone(share), lent: false })
    }

    /// Gives free places to those who wait, one API after the other.
    fn serve(house: &Arc<Self>, queues: &mut Queues) {
        let mut passed_over = 0;
        while passed_over < queues.turns.len() {
            let Some(api) = queues.turns.pop_front() else { return };
            let Some(queue) = queues.by_api.get_mut(&api) else { continue };
            let Some(next) = queue.pop_front() else {
                queues.by_api.remove(&api);
                continue;
            };
            if next.call.is_closed() {
                house.waiting.fetch_sub(1, SeqCst);
                queues.turns.push_front(api);
                continue;
            }
            let Some(permit) = Self::try_take(house, &next.share) else {
                queue.push_front(next);
                queues.turns.push_back(api);
                passed_over += 1;
                continue;
            };
            house.waiting.fetch_sub(1, SeqCst);
            queues.turns.push_back(api);
            passed_over = 0;
            if let Err(mut unwanted) = next.call.send(permit) {
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
            self.lent = true;
            self.house.taken.fetch_sub(1, SeqCst);
            House::after_release(&self.house);
        }
    }

    fn give_back(&mut self) {
        self.share.running.fetch_sub(1, SeqCst);
        let count = if self.lent { &self.house.lent } else { &self.house.taken };
        count.fetch_sub(1, SeqCst);
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
        Permits::new(Shares { places, lent: 1, queue, patience: Duration::from_millis(50) })
    }

    fn api(number: u128) -> (ApiId, Arc<Share>) {
        let share = Arc::new(Share::default());
        share.allow(64);
        (ApiId::from_u128(number), share)
    }

    #[tokio::test]
    async fn waiting_calls_are_served_in_turn_by_api() {
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
        assert_eq!(order, ["hot 1", "other", "hot 2", "hot 3"]);
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
