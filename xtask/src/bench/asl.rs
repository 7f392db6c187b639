//! The states language by itself, against its bars.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// What must be reached: the figure, and whether it must be at least or at most so much.
const BARS: [(&str, Bar); 4] = [
    ("transitions_per_s", Bar::AtLeast(200_000.0)),
    ("heap_bytes_per_live_execution", Bar::AtMost(1_024.0)),
    ("map_of_10000_ms", Bar::AtMost(100.0)),
    ("parse_of_100_states_ms", Bar::AtMost(1.0)),
];

#[derive(Debug, Clone, Copy)]
enum Bar {
    AtLeast(f64),
    AtMost(f64),
}

/// Runs the measurement that is built in `release`, and says which bars are passed.
pub(super) fn measure(release: &Path) -> anyhow::Result<Value> {
    let output = Command::new(release.join("asl")).output().context("could not run the measurement")?;
    ensure!(output.status.success(), "the measurement failed: {}", String::from_utf8_lossy(&output.stderr));
    let mut figures: Value = serde_json::from_slice(&output.stdout).context("the measurement printed no JSON")?;
    let missed: Vec<Value> = BARS
        .iter()
        .filter(|(name, bar)| {
            figures[name].as_f64().is_none_or(|figure| match bar {
                Bar::AtLeast(least) => figure < *least,
                Bar::AtMost(most) => figure > *most,
            })
        })
        .map(|(name, _)| Value::from(*name))
        .collect();
    figures["bars_missed"] = Value::Array(missed);
    Ok(figures)
}
