//! A bucket for each of those who are not counted elsewhere: source addresses whose requests fail to authenticate, and
//! keys that ask for their own usage.
//!
//! Guessing a key is hopeless anyway; this keeps those who try from filling the log and the counters. Only failures
//! spend from it, so a valid key behind the same address is served as ever. The table has a fixed size: those that share a
//! cell share its bucket.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use types::Moment;

/// Cells of the table: 32 KiB in all. A guess.
const CELLS: usize = 4_096;
/// One failure is forgotten in this time.
const FORGOTTEN_IN: Duration = Duration::from_millis(200);
/// So many may come at once.
const BURST: u32 = 50;

/// The table of those that `K` names.
#[derive(Debug)]
pub(crate) struct Strangers<K> {
    began: Moment,
    hash: RandomState,
    /// When each cell's bucket is full again, in microseconds since `began`.
    full_at_us: Box<[AtomicU64]>,
    of: PhantomData<fn(K)>,
}

impl<K: Hash + Copy> Strangers<K> {
    pub(crate) fn new(now: Moment) -> Self {
        let full_at_us = (0..CELLS).map(|_| AtomicU64::new(0)).collect();
        Self { began: now, hash: RandomState::new(), full_at_us, of: PhantomData }
    }

    /// Notes one more of `who`.
    ///
    /// # Errors
    ///
    /// How long to wait, when there were too many.
    pub(crate) fn note(&self, who: K, now: Moment) -> Result<(), Duration> {
        let now_us = micros(now.since(self.began));
        let (step_us, deepest_us) = (micros(FORGOTTEN_IN), micros(FORGOTTEN_IN.saturating_mul(BURST)));
        let take = |full_at: u64| {
            let next = full_at.max(now_us).saturating_add(step_us);
            (next <= now_us.saturating_add(deepest_us)).then_some(next)
        };
        match self.cell(&who).fetch_update(Relaxed, Relaxed, take) {
            Ok(_) => Ok(()),
            Err(full_at) => {
                let wait_us = full_at.saturating_add(step_us).saturating_sub(now_us.saturating_add(deepest_us));
                Err(Duration::from_micros(wait_us))
            }
        }
    }

    fn cell(&self, who: &K) -> &AtomicU64 {
        let hash = usize::try_from(self.hash.hash_one(who) % 4_096).unwrap_or(0);
        &self.full_at_us[hash % self.full_at_us.len()]
    }
}

impl Strangers<IpAddr> {
    /// Notes a failure from `source`.
    ///
    /// # Errors
    ///
    /// How long to wait, when there were too many.
    pub(crate) fn failed(&self, source: IpAddr, now: Moment) -> Result<(), Duration> {
        self.note(network(source), now)
    }
}

/// What one subscriber line has: an IPv4 address, or 64 bits of an IPv6 one.
fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

fn micros(passed: Duration) -> u64 {
    u64::try_from(passed.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_failures_is_told_to_wait_and_forgotten_in_time() {
        let start = types::Clock::system().moment();
        let strangers = Strangers::new(start);
        let (one, other) = ("192.0.2.1".parse().unwrap(), "198.51.100.7".parse().unwrap());
        for _ in 0..BURST {
            assert_eq!(strangers.failed(one, start), Ok(()));
        }
        assert_eq!(strangers.failed(one, start), Err(FORGOTTEN_IN));
        assert_eq!(strangers.failed(other, start), Ok(()));
        assert_eq!(strangers.failed(one, start.after(FORGOTTEN_IN)), Ok(()));
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        assert_eq!(network("2001:db8::1".parse().unwrap()), network("2001:db8::ffff:1".parse().unwrap()));
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1".parse::<IpAddr>().unwrap());
    }
}
