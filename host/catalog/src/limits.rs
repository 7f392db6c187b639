//! What one call of a release may use at most, and the operator's ceiling over it.

use std::time::Duration;

use types::{ByteCount, Fuel};

/// The limits of one call of a release, as the provider asks for them or as they count under the operator's ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Work of the guest.
    pub fuel: Fuel,
    /// Wall time, everything included.
    pub wall: Duration,
    /// Linear memory in total.
    pub memory: ByteCount,
    /// The request's body.
    pub request_body: ByteCount,
    /// The response's body.
    pub response_body: ByteCount,
    /// Calls of the API at once.
    pub concurrency: u32,
}

impl Limits {
    /// The ceiling of a host whose operator sets none. The values are starting points, to be measured.
    pub const CEILING: Self = Self {
        fuel: Fuel::saturating(50_000_000_000),
        wall: Duration::from_mins(5),
        memory: ByteCount::mib(128),
        request_body: ByteCount::mib(32),
        response_body: ByteCount::mib(1_024),
        concurrency: 1_024,
    };

    /// These limits, each no higher than `ceiling`'s: the lower one counts.
    #[must_use]
    pub fn capped(self, ceiling: &Self) -> Self {
        Self {
            fuel: self.fuel.min(ceiling.fuel),
            wall: self.wall.min(ceiling.wall),
            memory: self.memory.min(ceiling.memory),
            request_body: self.request_body.min(ceiling.request_body),
            response_body: self.response_body.min(ceiling.response_body),
            concurrency: self.concurrency.min(ceiling.concurrency),
        }
    }
}

impl Default for Limits {
    /// What a release gets that asks for nothing. The values are starting points, to be measured.
    fn default() -> Self {
        Self {
            fuel: Fuel::saturating(1_000_000_000),
            wall: Duration::from_secs(30),
            memory: ByteCount::mib(64),
            request_body: ByteCount::mib(6),
            response_body: ByteCount::mib(6),
            concurrency: 64,
        }
    }
}
