//! CPU time by kind of thread, read from /proc: what a call costs, and where.

use std::collections::BTreeMap;

use anyhow::Context as _;

/// Nanoseconds on a CPU, by thread name without its number.
pub(crate) fn by_thread(pid: u32) -> anyhow::Result<BTreeMap<String, f64>> {
    let mut spent = BTreeMap::new();
    for entry in std::fs::read_dir(format!("/proc/{pid}/task")).context("the host is not running")? {
        let folder = entry?.path();
        // A thread may end between the listing and the reading.
        let Ok(name) = std::fs::read_to_string(folder.join("comm")) else { continue };
        let Ok(times) = std::fs::read_to_string(folder.join("schedstat")) else { continue };
        let nanos: f64 = times.split_whitespace().next().context("schedstat has a first field")?.parse()?;
        let kind = name.trim().trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '-');
        *spent.entry(kind.to_owned()).or_insert(0.0) += nanos;
    }
    Ok(spent)
}

/// Microseconds per answer between two readings, for threads that spent any.
pub(crate) fn per_answer(
    before: &BTreeMap<String, f64>,
    after: &BTreeMap<String, f64>,
    answers: f64,
) -> BTreeMap<String, f64> {
    after
        .iter()
        .map(|(name, nanos)| (name.clone(), (nanos - before.get(name).unwrap_or(&0.0)) / 1_000.0 / answers))
        .filter(|(_, micros)| *micros > 0.05)
        .collect()
}
