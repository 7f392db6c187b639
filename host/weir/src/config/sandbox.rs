//! `[sandbox]`: where components run.

use std::num::{NonZeroU32, NonZeroUsize};

/// The section `[sandbox]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SandboxSection {
    /// Threads on which components go on that run long, at the lowest priority; as many as there are cores when absent.
    /// Short calls run on the threads of `[runtime]`.
    pub(crate) worker_threads: Option<NonZeroUsize>,
    /// Instances that may live at once; each sets address space aside. The sandbox's own number when absent.
    pub(crate) pool_slots: Option<NonZeroU32>,
}

impl SandboxSection {
    /// How many threads that is on this machine.
    pub(crate) fn threads(&self) -> usize {
        self.worker_threads.or_else(|| std::thread::available_parallelism().ok()).map_or(2, NonZeroUsize::get)
    }
}
