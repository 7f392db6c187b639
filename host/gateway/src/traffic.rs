//! What the gateway counts of requests for operators' metrics.
//!
//! On a call's way this costs a few additions to memory that few threads share: no lock, and no allocation but for the
//! first request of its kind. Labels are bounded: methods and statuses that are not in common use are counted under
//! `_OTHER` and under their class.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use types::{Code, Distribution, Histogram};

/// Methods that are told apart.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "_OTHER"];
/// Statuses that are told apart; another is counted as the first of its class.
const STATUSES: [u16; 42] = [
    200, 201, 202, 203, 204, 205, 206, 207, 300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405, 406, 408,
    409, 410, 411, 412, 413, 414, 415, 416, 422, 425, 428, 429, 431, 451, 500, 502, 503, 504, 508,
];
/// How many copies there are of each count, so that threads seldom touch the same one.
const SHARDS: usize = 8;

/// One copy, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Histogram);

/// One method with one status.
#[derive(Debug, Default)]
struct Kind([Shard; SHARDS]);

/// The counts.
#[derive(Debug)]
pub(crate) struct Traffic {
    /// Method by method, in each status by status.
    kinds: Box<[OnceLock<Box<Kind>>]>,
    denied: [AtomicU64; Code::ALL.len()],
    /// Calls that ran and could not be recorded.
    pub(crate) lost: AtomicU64,
}

/// What was counted of requests with one method and one status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requests {
    /// The method, or `_OTHER`.
    pub method: &'static str,
    /// The status, or the first one of its class.
    pub status: u16,
    /// From a request's first byte until its response's head could leave.
    pub durations: Distribution,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            kinds: (0..METHODS.len().saturating_mul(STATUSES.len())).map(|_| OnceLock::new()).collect(),
            denied: std::array::from_fn(|_| AtomicU64::new(0)),
            lost: AtomicU64::new(0),
        }
    }
}

/// The number of a method, read before the request is given away.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MethodIndex(usize);

impl MethodIndex {
    pub(crate) fn of(method: &http::Method) -> Self {
        Self(METHODS.iter().position(|known| *known == method.as_str()).unwrap_or(METHODS.len().saturating_sub(1)))
    }
}

impl Traffic {
    /// Counts a request that has its answer.
    pub(crate) fn answered(&self, method: MethodIndex, status: u16, took: Duration) {
        let index = method.0.saturating_mul(STATUSES.len()).saturating_add(status_index(status));
        let Some(kind) = self.kinds.get(index) else { return };
        if let Some(Shard(histogram)) = kind.get_or_init(Box::default).0.get(shard()) {
            histogram.observe(took);
        }
    }

    /// Counts a request that was not admitted.
    pub(crate) fn denied(&self, reason: Code) {
        if let Some(count) = Code::ALL.iter().position(|code| *code == reason).and_then(|index| self.denied.get(index))
        {
            count.fetch_add(1, Relaxed);
        }
    }

    /// What was counted of requests, of those kinds that there were.
    pub(crate) fn requests(&self) -> Vec<Requests> {
        let kinds = METHODS.iter().flat_map(|method| STATUSES.iter().map(move |status| (*method, *status)));
        let read = |((method, status), kind): ((&'static str, u16), &OnceLock<Box<Kind>>)| {
            let sum = |sum: Distribution, Shard(histogram): &Shard| sum.with(&histogram.read());
            kind.get().map(|kind| Requests {
                method,
                status,
                durations: kind.0.iter().fold(Distribution::default(), sum),
            })
        };
        kinds.zip(&self.kinds).filter_map(read).collect()
    }

    /// What was counted of requests that were not admitted, by reason.
    pub(crate) fn denials(&self) -> Vec<(Code, u64)> {
        Code::ALL
            .into_iter()
            .zip(self.denied.iter().map(|count| count.load(Relaxed)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}

fn status_index(status: u16) -> usize {
    let class = || STATUSES.iter().position(|known| known / 100 == status / 100);
    // What no class has (1xx never ends a request) is the host's own fault.
    let fault = || STATUSES.iter().position(|known| *known == 500).unwrap_or(0);
    STATUSES.binary_search(&status).ok().or_else(class).unwrap_or_else(fault)
}

/// The copy that this thread adds to.
fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<Option<usize>> = const { Cell::new(None) };
    }
    OWN.with(|own| {
        own.get().unwrap_or_else(|| {
            let drawn = NEXT.fetch_add(1, Relaxed) % SHARDS;
            own.set(Some(drawn));
            drawn
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stay_bounded_whatever_clients_and_components_send() {
        let traffic = Traffic::default();
        for status in 0..u16::MAX {
            traffic.answered(MethodIndex(status.into()), status, Duration::ZERO);
            traffic.answered(MethodIndex::of(&http::Method::from_bytes(b"BREW").unwrap()), status, Duration::ZERO);
        }
        let requests = traffic.requests();
        assert!(requests.len() <= METHODS.len() * STATUSES.len());
        assert!(requests.iter().all(|kind| METHODS.contains(&kind.method) && STATUSES.contains(&kind.status)));
        assert!(requests.iter().any(|kind| kind.method == "_OTHER" && kind.status == 400));
    }

    #[test]
    fn threads_add_up() {
        let traffic = Traffic::default();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| traffic.answered(MethodIndex::of(&http::Method::GET), 418, Duration::from_millis(6)));
            }
        });
        let requests = traffic.requests();
        assert_eq!((requests.len(), requests[0].status, requests[0].durations.count()), (1, 400, 20));
        assert_eq!(requests[0].durations.buckets[1], 20);
        traffic.denied(Code::RateLimited);
        assert_eq!(traffic.denials(), [(Code::RateLimited, 1)]);
    }
}
