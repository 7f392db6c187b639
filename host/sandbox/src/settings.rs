//! What the operator sets of this room, and the limits of one call.

use std::path::PathBuf;
use std::time::Duration;

use types::{ByteCount, Fuel, HostKey};

/// How the sandbox is started.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where compiled artefacts are kept. Safe to delete.
    pub cache: PathBuf,
    /// Where uploads are kept, as `<sha256>.wasm`.
    pub components: PathBuf,
    /// Authenticates artefacts: a forged one would be native code in this process.
    pub host_key: HostKey,
    /// Threads that run long calls, at the lowest priority. Short ones run where they are called.
    pub worker_threads: usize,
    /// Calls at once, at most. Each reserves about 8 GiB of addresses, not of memory.
    pub pool_slots: u32,
    /// Loaded components that are kept; the longest unused is dropped first.
    pub loaded_max: usize,
    /// What carries guests' requests. `None`: every one is denied.
    pub egress: Option<egress::Egress>,
    /// The program that compiles when called as `PROGRAM compile-child`. `None`: this one.
    pub child: Option<PathBuf>,
}

impl Settings {
    /// Calls at once where the operator sets nothing: a guess, large enough that permits are the limit.
    pub const POOL_SLOTS: u32 = 512;
    /// Loaded components where the operator sets nothing.
    pub const LOADED_MAX: usize = 4_096;
}

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The engine refused its settings; most often the pool's addresses were not to be had.
    #[error("could not make the engine with {slots} slots, which reserve about {reserved_gib} GiB of addresses")]
    Engine {
        /// The slots that were asked for.
        slots: u32,
        /// The addresses that they reserve.
        reserved_gib: u64,
        /// What wasmtime said.
        source: wasmtime::Error,
    },
    /// A folder or a thread could not be made.
    #[error("could not {step}")]
    Io {
        /// What was tried.
        step: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
}

/// What one call may use. A release sets them up to the operator's ceiling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Work, deterministic.
    pub fuel: Fuel,
    /// Wall time of everything: instantiate, start, call, streaming and drop.
    pub wall: Duration,
    /// Linear memory of all memories together.
    pub memory: ByteCount,
    /// The response's body, when it is answered whole.
    pub response_body: ByteCount,
    /// The response's body, when it is streamed.
    pub streamed_body: ByteCount,
    /// The response's header fields together.
    pub response_headers: ByteCount,
    /// How many header fields a response may have.
    pub response_header_count: usize,
    /// Component-model handles, and entries of the resource table.
    pub handles: usize,
}

impl Default for Limits {
    /// Starting values, to be measured: see `docs/operators/limits.md`.
    fn default() -> Self {
        Self {
            fuel: Fuel::saturating(1_000_000_000),
            wall: Duration::from_secs(30),
            memory: ByteCount::mib(64),
            response_body: ByteCount::mib(6),
            streamed_body: ByteCount::mib(64),
            response_headers: ByteCount::kib(64),
            response_header_count: 200,
            handles: 4_000,
        }
    }
}
