//! The token bucket of a rate, in whole numbers: nothing is lost to rounding, and nothing drifts.

use std::time::Duration;

use types::{Moment, Rate};

/// One token, in nano-tokens.
const TOKEN: u64 = 1_000_000_000;

/// A token bucket. Starts full; kept in memory, so full again after a start.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    /// Nano-tokens in it.
    level: u64,
    /// What the last division left over, in nano-tokens times microseconds of the window.
    rest: u64,
    filled: Moment,
}

impl Bucket {
    pub(crate) fn full(rate: Rate, now: Moment) -> Self {
        Self { rate, level: capacity(rate), rest: 0, filled: now }
    }

    pub(crate) const fn rate(&self) -> Rate {
        self.rate
    }

    /// Goes on under other terms: what is in it stays, up to what the new bucket holds.
    pub(crate) fn change(&mut self, rate: Rate, now: Moment) {
        self.refill(now);
        self.rate = rate;
        self.level = self.level.min(capacity(rate));
        self.rest = 0;
    }

    /// Takes one token, or says how long it is until there is one.
    pub(crate) fn take(&mut self, now: Moment) -> Result<(), Duration> {
        self.refill(now);
        match self.level.checked_sub(TOKEN) {
            Some(left) => {
                self.level = left;
                Ok(())
            }
            None => Err(self.wait()),
        }
    }

    /// Whole tokens in it, as of the last [`Self::take`].
    pub(crate) fn tokens(&self) -> u64 {
        self.level.checked_div(TOKEN).unwrap_or(0)
    }

    /// How long it was, at the last [`Self::take`], until one more token; zero when it was full.
    pub(crate) fn next_token(&self) -> Duration {
        if self.level >= capacity(self.rate) { Duration::ZERO } else { self.wait() }
    }

    /// Whether forgetting it would change nothing.
    pub(crate) fn is_full(&mut self, now: Moment) -> bool {
        self.refill(now);
        self.level >= capacity(self.rate)
    }

    fn refill(&mut self, now: Moment) {
        let window = window_us(self.rate);
        let gained = now
            .since(self.filled)
            .as_micros()
            .saturating_mul(u128::from(self.rate.count.max(1)))
            .saturating_mul(u128::from(TOKEN))
            .saturating_add(u128::from(self.rest));
        let whole = gained.checked_div(u128::from(window)).unwrap_or(0);
        let level = u64::try_from(whole).unwrap_or(u64::MAX).saturating_add(self.level);
        if level >= capacity(self.rate) {
            (self.level, self.rest) = (capacity(self.rate), 0);
        } else {
            self.level = level;
            self.rest = u64::try_from(gained.checked_rem(u128::from(window)).unwrap_or(0)).unwrap_or(0);
        }
        self.filled = self.filled.max(now);
    }

    /// Until the level stands at the next whole token.
    fn wait(&self) -> Duration {
        let missing = TOKEN.saturating_sub(self.level.checked_rem(TOKEN).unwrap_or(0));
        let work =
            u128::from(missing).saturating_mul(u128::from(window_us(self.rate))).saturating_sub(u128::from(self.rest));
        let speed = u128::from(self.rate.count.max(1)).saturating_mul(u128::from(TOKEN));
        Duration::from_micros(u64::try_from(work.div_ceil(speed)).unwrap_or(u64::MAX))
    }
}

fn capacity(rate: Rate) -> u64 {
    u64::from(rate.burst.max(1)).saturating_mul(TOKEN)
}

fn window_us(rate: Rate) -> u64 {
    u64::try_from(rate.window.length().as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use types::{Clock, RateWindow};

    use super::*;

    fn per(count: u32, window: RateWindow) -> Rate {
        Rate { count, window, burst: count }
    }

    #[test]
    fn five_a_second_admits_five_at_once_and_the_sixth_a_fifth_of_a_second_later() {
        let start = Clock::system().moment();
        let mut bucket = Bucket::full(per(5, RateWindow::Second), start);
        for _ in 0..5 {
            assert_eq!(bucket.take(start), Ok(()));
        }
        assert_eq!(bucket.take(start), Err(Duration::from_millis(200)), "shown as t=1");
        assert_eq!(bucket.take(start.after(Duration::from_micros(199_999))), Err(Duration::from_micros(1)));
        assert_eq!(bucket.take(start.after(Duration::from_millis(200))), Ok(()));
    }

    #[test]
    fn an_empty_bucket_of_five_a_minute_has_a_token_after_twelve_seconds() {
        let start = Clock::system().moment();
        let mut bucket = Bucket::full(per(5, RateWindow::Minute), start);
        while bucket.take(start).is_ok() {}
        assert_eq!(bucket.take(start), Err(Duration::from_secs(12)));
    }

    #[test]
    fn a_minute_of_uneven_looks_gives_exactly_the_rate() {
        // 7 a minute does not divide a microsecond: what each look leaves over must be carried.
        let start = Clock::system().moment();
        let mut bucket = Bucket::full(per(7, RateWindow::Minute), start);
        while bucket.take(start).is_ok() {}
        let mut taken = 0;
        for step in 1_u64..=600_000 {
            if bucket.take(start.after(Duration::from_micros(step * 1_000))).is_ok() {
                taken += 1;
            }
        }
        assert_eq!(taken, 70);
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_gives_nothing() {
        let start = Clock::system().moment().after(Duration::from_secs(10));
        let mut bucket = Bucket::full(per(1, RateWindow::Second), start);
        assert_eq!(bucket.take(start), Ok(()));
        assert!(bucket.take(Clock::system().moment()).is_err());
    }
}
