//! `[executions]`: how many run, and how long they are kept.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::{Path, PathBuf};
use std::time::Duration;

use types::ByteCount;

/// The section `[executions]`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ExecutionsSection {
    /// How many days an execution is kept after its end.
    pub(crate) keep_days: NonZeroU32,
    /// Above how many MiB of workflows.db those that have ended go earlier, the oldest first; no limit when absent.
    pub(crate) size_max_mib: Option<u64>,
    /// Where executions are written before they are removed, relative to the data folder; nowhere when absent.
    pub(crate) archive: Option<PathBuf>,
    /// Executions that one organisation may have running.
    pub(crate) running_per_organisation: NonZeroU64,
    /// Executions that one organisation may start in a second, in the long run.
    pub(crate) starts_per_second: NonZeroU32,
    /// Executions that one organisation may start at once, after a pause.
    pub(crate) starts_burst: NonZeroU32,
    /// Executions in memory; more wait in workflows.db.
    pub(crate) in_memory: NonZeroU32,
    /// Tasks under way at a time, of all executions.
    pub(crate) tasks_at_once: NonZeroU32,
}

impl Default for ExecutionsSection {
    fn default() -> Self {
        let usual = workflows::Settings::default();
        let count = |usual: usize| u32::try_from(usual).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        Self {
            keep_days: NonZeroU32::MIN.saturating_add(89),
            size_max_mib: None,
            archive: None,
            running_per_organisation: NonZeroU64::new(usual.running_max).unwrap_or(NonZeroU64::MIN),
            starts_per_second: NonZeroU32::MIN.saturating_add(999),
            starts_burst: NonZeroU32::MIN.saturating_add(4_999),
            in_memory: count(usual.live_max),
            tasks_at_once: count(usual.tasks_max),
        }
    }
}

impl ExecutionsSection {
    /// The settings of the room.
    pub(crate) fn settings(&self, folder: &Path) -> workflows::Settings {
        let size = |count: NonZeroU32| usize::try_from(count.get()).unwrap_or(usize::MAX);
        workflows::Settings {
            retention: Duration::from_hours(24).saturating_mul(self.keep_days.get()),
            bytes_max: self.size_max_mib.map(ByteCount::mib),
            archive: self.archive.as_ref().map(|archive| folder.join(archive)),
            running_max: self.running_per_organisation.get(),
            starts: Some(workflows::StartRate { per_second: self.starts_per_second, burst: self.starts_burst }),
            live_max: size(self.in_memory),
            tasks_max: size(self.tasks_at_once),
            ..workflows::Settings::default()
        }
    }
}
