//! What the figures were measured on: cores, kernel, file system, fsync.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use types::Clock;

/// Enough for a p99 that means something, and a second at most on a slow disk.
const SYNCS: usize = 500;

/// Describes the machine, and refuses a folder that no power cut would test.
pub(crate) fn describe(folder: &Path) -> anyhow::Result<Value> {
    let file_system = output(Command::new("stat").args(["-f", "-c", "%T"]).arg(folder))?;
    ensure!(
        file_system != "tmpfs" && file_system != "ramfs",
        "{} lies on {file_system}, where fsync costs nothing: set CARGO_TARGET_DIR to a folder on a disk",
        folder.display()
    );
    let (p50, p99) = sync_times(folder)?;
    Ok(json!({
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "kernel": output(Command::new("uname").arg("-r"))?,
        "file_system": file_system,
        "fsync_p50_us": p50,
        "fsync_p99_us": p99,
    }))
}

/// Prints the description in one line.
pub(crate) fn print(machine: &Value) {
    println!(
        "{} cores, Linux {}, {}; fsync p50 {} µs, p99 {} µs",
        machine["cores"], machine["kernel"], machine["file_system"], machine["fsync_p50_us"], machine["fsync_p99_us"]
    );
}

/// The median and the 99th percentile of appending 8 KiB and syncing it, in µs.
fn sync_times(folder: &Path) -> anyhow::Result<(u128, u128)> {
    let path = folder.join("fsync.probe");
    let mut file = File::create(&path).context("could not write beside the data")?;
    let clock = Clock::system();
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        file.write_all(&[7; 8192])?;
        let began = clock.moment();
        file.sync_data()?;
        times.push(clock.moment().since(began).as_micros());
    }
    std::fs::remove_file(path)?;
    times.sort_unstable();
    Ok((times[SYNCS / 2], times[SYNCS * 99 / 100]))
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("could not run {command:?}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
