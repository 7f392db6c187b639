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
/// Who uses less than such a part has no use for what others leave.
const NEXT_TO_NOTHING: u64 = 64;

/// A sum over this window, and the one over the window before. Threads that meet at the edge of a window may lose what one
/// of them adds: it is a measure, not an account.
#[derive(Debug, Default)]
struct Windowed {
    window: AtomicU64,
    now: AtomicU64,
    before: AtomicU64,
}

impl Windowed {
    /// Goes on to the window, never back. Whether it is the first to come there.
    fn enter(&self, window: u64) -> bool {
        if self.window.load(Relaxed) >= window {
            return false;
        }
        let last = self.window.fetch_max(window, Relaxed);
        if last >= window {
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

/// Nanoseconds that guests of one API have worked.
#[derive(Debug, Default)]
pub(super) struct Work {
    windowed: Windowed,
    /// What one of its guests works, as those have done whose work was seen.
    each: AtomicU64,
}

/// The same of all APIs together, and how many they were.
#[derive(Debug, Default)]
pub(super) struct WorkOfAll {
    nanos: Windowed,
    apis: Windowed,
}

impl WorkOfAll {
    /// A guest of the API has worked for so long.
    pub(super) fn add(&self, own: &Work, time: Duration, at: Moment) {
        // What reads a stream for minutes has not worked all of it now.
        let nanos = in_nanos(time.min(WINDOW));
        if nanos == 0 {
            return;
        }
        let each = own.each.load(Relaxed);
        let smooth = if each == 0 { nanos } else { (each.saturating_mul(3).saturating_add(nanos)) / 4 };
        own.each.store(smooth, Relaxed);
        self.count(own, nanos, at);
    }

    /// A guest of the API has worked where nobody saw for how long.
    pub(super) fn add_unseen(&self, own: &Work, at: Moment) {
        self.count(own, own.each.load(Relaxed), at);
    }

    fn count(&self, own: &Work, nanos: u64, at: Moment) {
        self.enter(own, at);
        if own.windowed.now.fetch_add(nanos, Relaxed) == 0 {
            self.apis.add(1);
        }
        self.nanos.add(nanos);
    }

    /// Whether in the last window the API worked a quarter more than its part, while time was scarce and others had a use
    /// for it. The quarter keeps APIs that work the same from taking turns. The first guest that asks in a window is seen
    /// at work in any case, so that what one works is known anew.
    pub(super) fn is_beyond_its_part(&self, own: &Work, cores: u32, at: Moment) -> bool {
        if self.enter(own, at) {
            return false;
        }
        let [own, all, apis] = [&own.windowed, &self.nanos, &self.apis].map(|sum| sum.before.load(Relaxed));
        let there_was = u64::from(cores).saturating_mul(in_nanos(WINDOW));
        let is_scarce = all.saturating_mul(SCARCE) >= there_was;
        let have_others = all.saturating_sub(own).saturating_mul(NEXT_TO_NOTHING) >= there_was;
        is_scarce && have_others && own.saturating_mul(apis).saturating_mul(4) > all.saturating_mul(5)
    }

    /// Goes on to the window of `at`. Whether it is the API's first there.
    fn enter(&self, own: &Work, at: Moment) -> bool {
        let passed = at.since(Moment::default()).as_micros() / WINDOW.as_micros();
        // From 1: 0 is never.
        let window = u64::try_from(passed).unwrap_or(u64::MAX).saturating_add(1);
        self.nanos.enter(window);
        self.apis.enter(window);
        own.windowed.enter(window)
    }
}

fn in_nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
