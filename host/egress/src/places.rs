//! How many requests are under way, in the house and of each API.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places of the house. No queue: who finds none is told so.
#[derive(Debug)]
pub(crate) struct Places {
    all: Arc<Semaphore>,
    of_an_api: usize,
    /// APIs with requests under way, and how many. Held for one look, never over an await.
    taken: Mutex<HashMap<Arc<str>, usize>>,
}

/// One place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    api: Arc<str>,
    _all: OwnedSemaphorePermit,
}

impl Places {
    pub(crate) fn new(all: usize, of_an_api: usize) -> Arc<Self> {
        Arc::new(Self { all: Arc::new(Semaphore::new(all)), of_an_api, taken: Mutex::default() })
    }

    /// Takes a place for a request of `api`, or says whose places are all taken.
    pub(crate) fn take(self: &Arc<Self>, api: &Arc<str>) -> Result<Place, &'static str> {
        let all = Arc::clone(&self.all).try_acquire_owned().map_err(|_| "the host's requests at once")?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.entry(Arc::clone(api)).or_default();
        if *own >= self.of_an_api {
            return Err("the API's requests at once");
        }
        *own += 1;
        Ok(Place { places: Arc::clone(self), api: Arc::clone(api), _all: all })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.api) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.api);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_api_leaves_places_to_the_others_and_gives_its_own_back() {
        let places = Places::new(3, 2);
        let (one, other): (Arc<str>, Arc<str>) = ("one".into(), "other".into());
        let first = places.take(&one).unwrap();
        let _second = places.take(&one).unwrap();
        assert_eq!(places.take(&one).unwrap_err(), "the API's requests at once");
        let _third = places.take(&other).unwrap();
        assert_eq!(places.take(&other).unwrap_err(), "the host's requests at once");
        drop(first);
        assert!(places.take(&other).is_ok());
        assert_eq!(places.taken.lock().unwrap().len(), 2);
    }
}
