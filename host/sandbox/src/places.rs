//! Places in the pool: as many calls at once as it has slots, and a bounded queue before it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many calls may wait for each slot. A guess: more would wait longer than they may.
const QUEUE_PER_SLOT: usize = 4;
/// How long a call waits at most, if its own wall time is not shorter.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// The pool's places. Given out in the order in which they are asked for.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Places {
    pub(crate) fn new(slots: u32) -> Self {
        let slots =
            usize::try_from(slots).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS / QUEUE_PER_SLOT);
        Self { free: Arc::new(Semaphore::new(slots)), queue: Arc::new(Semaphore::new(slots * QUEUE_PER_SLOT)) }
    }

    /// How many are free.
    pub(crate) fn free(&self) -> usize {
        self.free.available_permits()
    }

    /// A place until it is dropped; `None` when the queue is full or none comes free in time.
    pub(crate) async fn take(&self, wall: Duration) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.free).try_acquire_owned() {
            return Some(place);
        }
        let _queued = self.queue.try_acquire().ok()?;
        let place = Arc::clone(&self.free).acquire_owned();
        tokio::time::timeout(WAIT_MAX.min(wall), place).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_pool_makes_calls_wait_and_then_turns_them_away() {
        let places = Places::new(1);
        let held = places.take(Duration::ZERO).await.unwrap();
        assert!(places.take(Duration::from_millis(1)).await.is_none());
        let waiting = places.take(Duration::from_secs(1));
        drop(held);
        assert!(waiting.await.is_some());
    }
}
