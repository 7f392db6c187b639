//! Typical JSONata expressions with the official implementation, warm, beside ours.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::{Map, Value, json};

/// The release that the answers of `host/jsonata` are held against too.
const PACKAGE: &str = "jsonata@2.2.2";
/// How many times as fast the typical expression must be.
const BAR: f64 = 3.0;

/// Adds to `figures`, which have our times in µs under `jsonata_us`, those of the official implementation and how many
/// times as fast ours is: the middle and the worst. Without Node.js it says so instead.
pub(super) fn compare(root: &Path, folder: &Path, figures: &mut Value) -> anyhow::Result<()> {
    if Command::new("npm").arg("--version").output().is_err() {
        figures["jsonata_against_official"] = json!("not measured: it takes node and npm");
        return Ok(());
    }
    let place = folder.join("official");
    std::fs::create_dir_all(&place).with_context(|| format!("could not make {}", place.display()))?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-save", "--prefix"]).arg(&place).arg(PACKAGE);
    let installed = npm.output().context("could not run npm")?;
    ensure!(installed.status.success(), "npm: {}", String::from_utf8_lossy(&installed.stderr));
    let script = root.join("host/jsonata/examples/typical.mjs");
    let output = Command::new("node").arg(script).current_dir(&place).output().context("could not run node")?;
    ensure!(output.status.success(), "node: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).context("node printed no text")?;
    let mut ratios = Vec::new();
    let mut shown = Map::new();
    for line in text.lines() {
        let (name, official) = line.split_once('\t').with_context(|| format!("node printed {line:?}"))?;
        let official: f64 = official.parse().with_context(|| format!("node printed {line:?}"))?;
        let own = figures["jsonata_us"][name].as_f64().with_context(|| format!("there is no time of {name:?}"))?;
        shown.insert(name.to_owned(), json!({ "official_us": official, "times_as_fast": round(official / own) }));
        ratios.push(official / own);
    }
    ratios.sort_by(f64::total_cmp);
    let median = super::median(ratios.clone());
    figures["jsonata_against_official"] = Value::Object(shown);
    figures["jsonata_times_as_fast_median"] = json!(round(median));
    figures["jsonata_times_as_fast_worst"] = json!(round(ratios.first().copied().unwrap_or_default()));
    if median < BAR
        && let Some(missed) = figures["bars_missed"].as_array_mut()
    {
        missed.push(json!("jsonata_times_as_fast_median"));
    }
    Ok(())
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
