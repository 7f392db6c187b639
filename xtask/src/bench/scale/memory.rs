//! What of a process's memory is its own.

use anyhow::Context as _;

/// Bytes that the process shares with nobody, anonymous ones included.
pub(crate) fn private(pid: u32) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).context("the host is not running")?;
    let kib = |name: &str| -> anyhow::Result<f64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()).context("smaps_rollup has the field")?;
        Ok(number.parse()?)
    };
    Ok((kib("Private_Clean:")? + kib("Private_Dirty:")?) * 1_024.0)
}
