//! Retry and Catch: which of them takes an error, and when the next try comes.

use std::time::Duration;

use crate::failure::{DATA_LIMIT_EXCEEDED, Failure, HEARTBEAT_TIMEOUT, RUNTIME, TASK_FAILED, TIMEOUT};
use crate::state::{Placement, StateIndex};
use crate::template::Template;
use crate::variables::Assign;

/// One entry of `Retry`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Retrier {
    pub(crate) errors: Box<[Matcher]>,
    pub(crate) interval: Duration,
    pub(crate) attempts_max: u32,
    pub(crate) backoff_rate: f64,
    pub(crate) delay_max: Option<Duration>,
    pub(crate) jitter: Jitter,
    pub(crate) comment: Option<Box<str>>,
}

/// `JitterStrategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jitter {
    None,
    /// Uniform between nothing and the whole delay.
    Full,
}

/// One entry of `Catch`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Catcher {
    pub(crate) errors: Box<[Matcher]>,
    pub(crate) placement: Placement,
    /// In JSONata, where it takes the place of the input.
    pub(crate) output: Option<Template>,
    pub(crate) assign: Assign,
    pub(crate) next: StateIndex,
    pub(crate) comment: Option<Box<str>>,
}

/// One entry of `ErrorEquals`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Matcher {
    All,
    TaskFailed,
    Named(Box<str>),
}

impl Matcher {
    pub(crate) fn new(name: &str) -> Self {
        match name {
            "States.ALL" => Self::All,
            TASK_FAILED => Self::TaskFailed,
            name => Self::Named(name.into()),
        }
    }

    fn takes(&self, error: &str) -> bool {
        match self {
            _ if error == RUNTIME => false,
            Self::All => error != DATA_LIMIT_EXCEEDED,
            Self::TaskFailed => error != DATA_LIMIT_EXCEEDED && error != TIMEOUT,
            Self::Named(name) => **name == *error || (**name == *TIMEOUT && error == HEARTBEAT_TIMEOUT),
        }
    }
}

/// Whether one of `matchers` takes `failure`. An error without a name is taken by the wildcards only.
pub(crate) fn takes(matchers: &[Matcher], failure: &Failure) -> bool {
    let error = failure.error.as_deref().unwrap_or_default();
    matchers.iter().any(|matcher| matcher.takes(error))
}

impl Retrier {
    /// The delay before try number `retry` (from 1) of this Retrier. `draw` is one uniform draw of 64 bits.
    pub(crate) fn delay(&self, retry: u32, draw: impl FnOnce() -> u64) -> Duration {
        let seconds = self.interval.as_secs_f64() * power(self.backoff_rate, retry.saturating_sub(1));
        // Past what a `Duration` holds there is only the cap, or a moment that never comes.
        let delay = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let delay = self.delay_max.map_or(delay, |most| delay.min(most));
        match self.jitter {
            Jitter::None => delay,
            Jitter::Full => share(delay, draw()),
        }
    }
}

/// `base` to the power of `exponent` by multiplications alone, so that every machine gets the same bits.
fn power(base: f64, mut exponent: u32) -> f64 {
    let (mut result, mut square) = (1.0_f64, base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= square;
        }
        square *= square;
        exponent >>= 1;
    }
    result
}

/// The part of `delay` that `draw` is of all draws, in whole microseconds.
fn share(delay: Duration, draw: u64) -> Duration {
    let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
    let part = ((u128::from(micros) + 1) * u128::from(draw)) >> 64;
    Duration::from_micros(u64::try_from(part).unwrap_or(micros))
}

/// Draw number `count` of the run with this seed (the finaliser of SplitMix64).
pub(crate) fn draw(seed: u64, count: u64) -> u64 {
    let mut bits = seed.wrapping_add(count.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
