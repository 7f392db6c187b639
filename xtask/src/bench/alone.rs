//! What is measured by itself, in a program of its own, against its bars.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::bars::{self, Bar, Barred};

/// A program that prints its figures as one line of JSON.
pub(super) struct Alone {
    /// Its name.
    pub(super) program: &'static str,
    /// What must be reached.
    bars: &'static [Barred],
}

/// The states language.
pub(super) const ASL: Alone = Alone {
    program: "asl",
    bars: &[
        ("/transitions_per_s", Bar::AtLeast(200_000.0)),
        ("/heap_bytes_per_live_execution", Bar::AtMost(1_024.0)),
        ("/map_of_10000_ms", Bar::AtMost(100.0)),
        ("/parse_of_100_states_ms", Bar::AtMost(1.0)),
    ],
};

/// Durable executions.
pub(super) const EXECUTIONS: Alone = Alone {
    program: "executions",
    bars: &[
        // Where a forced write takes a millisecond at most.
        ("/task_transitions_per_s_64", Bar::AtLeast(5_000.0)),
        ("/map_of_10000_tasks_s", Bar::AtMost(10.0)),
        ("/map_wal_mib", Bar::AtMost(256.0)),
        // 200 MB.
        ("/sleeping_100000_resident_mib", Bar::AtMost(190.0)),
        ("/sleeping_100000_ready_ms", Bar::AtMost(2_000.0)),
        ("/timers_of_1000_last_late_ms", Bar::AtMost(1_000.0)),
        ("/start_p99_over_fsync_p50", Bar::AtMost(3.0)),
    ],
};

impl Alone {
    /// Runs the program that is built in `release`, and says which bars are missed. It keeps its files in `folder`, which
    /// is emptied.
    pub(super) fn measure(&self, release: &Path, folder: &Path) -> anyhow::Result<Value> {
        eprintln!("measuring {} by itself", self.program);
        let own = folder.join(self.program);
        if own.exists() {
            std::fs::remove_dir_all(&own).with_context(|| format!("could not empty {}", own.display()))?;
        }
        let output = Command::new(release.join(self.program)).arg(&own).output();
        let output = output.with_context(|| format!("could not run the measurement {}", self.program))?;
        ensure!(output.status.success(), "{} failed: {}", self.program, String::from_utf8_lossy(&output.stderr));
        let mut figures: Value = serde_json::from_slice(&output.stdout).context("the measurement printed no JSON")?;
        figures["bars_missed"] = bars::missed(&figures, self.bars);
        Ok(figures)
    }
}
