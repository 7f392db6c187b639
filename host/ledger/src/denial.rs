//! Requests that were refused before admission: counted in memory by minute, API and reason, and written by riders, so
//! that a flood of them cannot grow the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use types::{ApiId, Code, Timestamp};

use crate::ledger::Ledger;
use crate::rollup::Grain;

/// How many different (minute, API, reason) are held at most between two writes; past it the API is left out.
const KEYS_MAX: usize = 4_096;

/// What a refusal is counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct DenialKey {
    pub(crate) minute_us: i64,
    pub(crate) api: Option<ApiId>,
    pub(crate) reason: Code,
}

/// The refusals that are not written yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Denials(Arc<Mutex<HashMap<DenialKey, i64>>>);

impl Denials {
    pub(crate) fn count(&self, api: Option<ApiId>, reason: Code, now: Timestamp) {
        let mut counts = self.counts();
        let mut key = DenialKey { minute_us: Grain::Minute.start(now.as_micros()), api, reason };
        if counts.len() >= KEYS_MAX && !counts.contains_key(&key) {
            key.api = None;
        }
        let calls = counts.entry(key).or_default();
        *calls = calls.saturating_add(1);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.counts().is_empty()
    }

    pub(crate) fn take(&self) -> HashMap<DenialKey, i64> {
        std::mem::take(&mut *self.counts())
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<DenialKey, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Counts a request that was refused before admission. Touches memory alone; the count is on disk a second or two
    /// later, and what a crash loses of it is lost.
    pub fn deny(&self, api: Option<ApiId>, code: Code, now: Timestamp) {
        self.denials().count(api, code, now);
    }
}
