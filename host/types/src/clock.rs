//! Time: stored moments, passed durations, and the clock that rooms are given.

use std::fmt;
#[cfg(feature = "test-util")]
use std::sync::Arc;
#[cfg(feature = "test-util")]
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// A moment, in microseconds since 1970-01-01T00:00:00Z. How long our own work took is a
/// `Duration` between two [`Moment`]s, and is never stored as two of these.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment that is `micros` microseconds after the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch; 0 before it.
    pub const fn as_millis(self) -> u64 {
        if self.0 < 0 { 0 } else { self.0.unsigned_abs() / 1_000 }
    }

    /// The moment `passed` later; the last one there is, when it would lie beyond.
    #[must_use]
    pub fn after(self, passed: Duration) -> Self {
        let micros = i64::try_from(passed.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }

    /// How long from `earlier` to this; zero when it lies after.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The moment as HTTP headers show it, such as `Sun, 22 Nov 2026 10:00:00 GMT`; empty for one that no calendar has.
    pub fn http_date(self) -> String {
        let at = jiff::Timestamp::from_microsecond(self.0);
        at.map_or_else(|_| String::new(), |at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
    }

    /// Reads RFC 3339, for example `2026-11-22T10:00:00Z`.
    ///
    /// # Errors
    ///
    /// The text when it is not a moment.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.parse::<jiff::Timestamp>().map(|at| Self(at.as_microsecond())).map_err(|_| text.to_owned())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with as many digits of the second as it needs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) => fmt::Display::fmt(&at, f),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A reading of the monotonic clock: only good for [`Moment::since`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// How long from `earlier` to this; zero when it lies after.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment `passed` later.
    #[must_use]
    pub fn after(self, passed: Duration) -> Self {
        Self(self.0.saturating_add(passed))
    }
}

/// What rooms read time from. Cheap to clone; tests hand out one that they move.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System(std::time::Instant),
    #[cfg(feature = "test-util")]
    Manual(Arc<ManualClock>),
}

impl Clock {
    /// The machine's own clocks.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    pub fn system() -> Self {
        Self(Source::System(std::time::Instant::now()))
    }

    /// Now, on the wall. It may jump, forward and back.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System(_) => {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                Timestamp::default().after(since)
            }
            #[cfg(feature = "test-util")]
            Source::Manual(manual) => manual.now(),
        }
    }

    /// Now, on the clock that only goes forward.
    pub fn moment(&self) -> Moment {
        match &self.0 {
            Source::System(start) => Moment(start.elapsed()),
            #[cfg(feature = "test-util")]
            Source::Manual(manual) => manual.moment(),
        }
    }
}

/// A clock that stands still until a test moves it.
#[cfg(feature = "test-util")]
#[derive(Debug)]
pub struct ManualClock {
    wall_us: AtomicI64,
    passed_us: AtomicU64,
    breaks_now: AtomicBool,
    breaks_moment: AtomicBool,
}

#[cfg(feature = "test-util")]
impl ManualClock {
    /// A clock at `start`, and the handle that moves it.
    pub fn at(start: Timestamp) -> (Clock, Arc<Self>) {
        let manual = Arc::new(Self {
            wall_us: AtomicI64::new(start.as_micros()),
            passed_us: AtomicU64::new(0),
            breaks_now: AtomicBool::default(),
            breaks_moment: AtomicBool::default(),
        });
        (Clock(Source::Manual(Arc::clone(&manual))), manual)
    }

    /// Moves both the wall and the monotonic clock forward.
    pub fn advance(&self, passed: Duration) {
        let micros = u64::try_from(passed.as_micros()).unwrap_or(u64::MAX);
        self.passed_us.fetch_add(micros, Ordering::Relaxed);
        self.wall_us.fetch_add(i64::try_from(micros).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Sets the wall alone, as an operator or a time server does.
    pub fn set_wall(&self, now: Timestamp) {
        self.wall_us.store(now.as_micros(), Ordering::Relaxed);
    }

    /// Makes the next [`Clock::now`] panic, once: a part of the host that has a bug.
    pub fn break_now(&self) {
        self.breaks_now.store(true, Ordering::Relaxed);
    }

    /// Makes the next [`Clock::moment`] panic, once.
    pub fn break_moment(&self) {
        self.breaks_moment.store(true, Ordering::Relaxed);
    }

    fn now(&self) -> Timestamp {
        assert!(!self.breaks_now.swap(false, Ordering::Relaxed), "the clock is broken");
        Timestamp(self.wall_us.load(Ordering::Relaxed))
    }

    fn moment(&self) -> Moment {
        assert!(!self.breaks_moment.swap(false, Ordering::Relaxed), "the clock is broken");
        Moment(Duration::from_micros(self.passed_us.load(Ordering::Relaxed)))
    }
}
