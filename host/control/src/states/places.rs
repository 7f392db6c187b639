//! How many requests are served at once, and how many wait.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::fault::Fault;

/// Requests that are read or carried out at once. Each holds a body of at most 1 MiB.
const WORKING: usize = 64;
/// Requests that wait for something to happen. Half of the connections that the listener takes, so that there are some
/// left for everybody else.
const WAITING: usize = 256;

/// The places for requests, and apart from them those for requests that wait.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    working: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// One place. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Place(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit);

impl Places {
    /// All of them free.
    pub(crate) fn new() -> Self {
        Self { working: Arc::new(Semaphore::new(WORKING)), waiting: Arc::new(Semaphore::new(WAITING)) }
    }

    /// A place to be served.
    pub(super) fn to_work(&self) -> Result<Place, Fault> {
        take(&self.working)
    }

    /// A place to wait. Who has it gives the other one back.
    pub(super) fn to_wait(&self) -> Result<Place, Fault> {
        take(&self.waiting)
    }
}

fn take(places: &Arc<Semaphore>) -> Result<Place, Fault> {
    Arc::clone(places).try_acquire_owned().map(Place).map_err(|_| Fault::throttled())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_takes_no_place_from_those_who_work() {
        let places = Places::new();
        let waiting: Vec<_> = (0..WAITING).map(|_| places.to_wait().unwrap()).collect();
        assert!(places.to_wait().is_err());
        let working: Vec<_> = (0..WORKING).map(|_| places.to_work().unwrap()).collect();
        assert!(places.to_work().is_err());
        drop((waiting, working));
        assert!(places.to_wait().is_ok() && places.to_work().is_ok());
    }
}
