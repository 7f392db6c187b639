//! Who has had more than its part of the guests' time lately.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use types::Moment;

/// What is used is added up for so long, and looked at for as long afterwards.
const WINDOW: Duration = Duration::from_millis(20);
/// Time is scarce when guests use so much of it, as a part of what the processors have: around a light guest the host
/// itself works several times as long.
const SCARCE: u64 = 8;

/// What was used in this window and in the one before. Two threads that begin a window at once may lose what one of them
/// adds: it is a measure, not an account.
#[derive(Debug, Default)]
pub(super) struct Used {
    window: AtomicU64,
    now: AtomicU64,
    before: AtomicU64,
}

/// What all APIs together have used, and how many they were.
#[derive(Debug, Default)]
pub(super) struct UsedByAll {
    nanos: Used,
    apis: Used,
}

impl Used {
    /// Goes on to the window. Whether it is the first to come there.
    fn enter(&self, window: u64) -> bool {
        let last = self.window.load(Relaxed);
        if last == window || self.window.swap(window, Relaxed) == window {
            return false;
        }
        let ended = self.now.swap(0, Relaxed);
        self.before.store(if last.saturating_add(1) == window { ended } else { 0 }, Relaxed);
        true
    }

    fn add(&self, more: u64) {
        self.now.fetch_add(more, Relaxed);
    }
}

impl UsedByAll {
    /// A guest of the API, which has used `own`, has worked for so many nanoseconds.
    pub(super) fn add(&self, own: &Used, nanos: u64, at: Moment) {
        self.enter(own, at);
        own.add(nanos);
        self.nanos.add(nanos);
    }

    /// Whether in the last window the API used a quarter more than its part of a time that was scarce. Alone it has no
    /// part. The quarter keeps APIs that use the same from taking turns at it.
    pub(super) fn is_beyond_its_part(&self, own: &Used, cores: u32, at: Moment) -> bool {
        self.enter(own, at);
        let [own, all, apis] = [own, &self.nanos, &self.apis].map(|used| used.before.load(Relaxed));
        let there_was = u64::from(cores).saturating_mul(u64::try_from(WINDOW.as_nanos()).unwrap_or(u64::MAX));
        let was_scarce = all.saturating_mul(SCARCE) >= there_was;
        apis > 1 && was_scarce && own.saturating_mul(apis).saturating_mul(4) > all.saturating_mul(5)
    }

    fn enter(&self, own: &Used, at: Moment) {
        let passed = at.since(Moment::default()).as_micros() / WINDOW.as_micros();
        // From 1: 0 is never.
        let window = u64::try_from(passed).unwrap_or(u64::MAX).saturating_add(1);
        self.nanos.enter(window);
        self.apis.enter(window);
        if own.enter(window) {
            self.apis.add(1);
        }
    }
}
