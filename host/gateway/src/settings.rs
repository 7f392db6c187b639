//! What an operator may set of the data plane. Where nothing is said, the values are starting points, to be measured.

use std::time::Duration;

use types::ByteCount;

use crate::arrival::Pace;
use crate::envelope::ENVELOPE;
use crate::source::Network;

/// Limits and choices of the gateway.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Connections at once. More wait in the kernel's queue.
    pub connections: usize,
    /// Calls at once, waiting ones included. More are refused with 503.
    pub calls_in_flight: usize,
    /// The request's head: its target and all header fields.
    pub head: ByteCount,
    /// Header fields.
    pub headers: usize,
    /// The request's target.
    pub target: ByteCount,
    /// How long a head may take to arrive: the connection ends within a quarter more. A handshake has the same time.
    pub head_timeout: Duration,
    /// How long a connection may stand idle between requests, likewise.
    pub keep_alive: Duration,
    /// How slowly a body may come.
    pub pace: Pace,
    /// Guests that run at once, in the house.
    pub guests: u32,
    /// Processors that calls keep busy at once: as many as there are threads that serve them.
    pub cores: u32,
    /// Guests on top of these that have run for longer than `guest_turn`.
    pub long_guests: u32,
    /// How long a guest counts as short.
    pub guest_turn: Duration,
    /// Calls of one API that may wait for a guest's place.
    pub waiting_per_api: usize,
    /// How long one waits.
    pub patience: Duration,
    /// How long calls may run on once the host stops.
    pub drain: Duration,
    /// How long a response's head is held for its body's end, before it becomes a stream.
    pub stream_hold: Duration,
    /// How much of a body is held for its end.
    pub stream_buffer: ByteCount,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// The envelope's text.
    pub envelope: String,
}

impl Settings {
    /// Starting points for a machine with so many cores.
    pub fn for_cores(cores: usize) -> Self {
        let cores = u32::try_from(cores).unwrap_or(u32::MAX);
        Self {
            connections: 16_384,
            calls_in_flight: 4_096,
            head: ByteCount::kib(32),
            headers: 100,
            target: ByteCount::kib(8),
            head_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_mins(1),
            pace: Pace { idle: Duration::from_secs(10), grace: Duration::from_secs(5), bytes_per_second: 1_024 },
            cores,
            guests: cores.saturating_mul(4).max(8),
            long_guests: 256,
            guest_turn: Duration::from_millis(10),
            waiting_per_api: 1_024,
            patience: Duration::from_secs(5),
            drain: Duration::from_secs(30),
            stream_hold: Duration::from_millis(20),
            stream_buffer: ByteCount::kib(64),
            trusted_proxies: Vec::new(),
            envelope: ENVELOPE.to_owned(),
        }
    }
}

impl Default for Settings {
    /// Starting points for this machine.
    fn default() -> Self {
        Self::for_cores(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }
}

/// Why the gateway does not start with these settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The envelope does not hold what it must.
    #[error("the envelope cannot be used")]
    Envelope(#[from] crate::envelope::EnvelopeError),
    /// A number that must be at least one is zero.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
}

impl Settings {
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let numbers = [
            ("connections", self.connections == 0),
            ("calls_in_flight", self.calls_in_flight == 0),
            ("guests", self.guests == 0),
            ("head_timeout", self.head_timeout.is_zero()),
        ];
        match numbers.into_iter().find(|(_, is_zero)| *is_zero) {
            Some((name, _)) => Err(SettingsError::Zero(name)),
            None => Ok(()),
        }
    }
}
