//! `[runtime]`: the host's own threads.

use std::num::NonZeroUsize;

/// The section `[runtime]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RuntimeSection {
    /// Threads for the gateway and the control plane; as many as there are cores when absent.
    pub(crate) worker_threads: Option<NonZeroUsize>,
}

impl RuntimeSection {
    /// How many threads that is on this machine.
    pub(crate) fn threads(&self) -> usize {
        self.worker_threads.or_else(|| std::thread::available_parallelism().ok()).map_or(2, NonZeroUsize::get)
    }
}
