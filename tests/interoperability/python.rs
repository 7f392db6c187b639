//! A Python of our own, with pinned packages, in the target folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use types::Digest;

const REQUIREMENTS: &str = include_str!("requirements.txt");

/// The interpreter of an environment that has `requirements.txt` and nothing else. It is made once: the first test that
/// asks waits for the registry, the others for that test.
pub(crate) fn with_boto3() -> anyhow::Result<PathBuf> {
    let digest = Digest::of(REQUIREMENTS.as_bytes()).to_string();
    let folder = target()?.join("interoperability");
    let (environment, complete) = (folder.join(&digest[..16]), folder.join(&digest[..16]).join("complete"));
    fs::create_dir_all(&folder)?;
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    let interpreter = environment.join("bin/python3");
    if !complete.is_file() {
        make(&environment, &interpreter)?;
        File::create(complete)?;
    }
    Ok(interpreter)
}

fn make(environment: &Path, interpreter: &Path) -> anyhow::Result<()> {
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment))?;
    let requirements = concat!(env!("CARGO_MANIFEST_DIR"), "/interoperability/requirements.txt");
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"];
    run(Command::new(interpreter).args(install).arg(requirements))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let said = command.output().with_context(|| format!("could not run {command:?}"))?;
    ensure!(said.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said.stderr));
    Ok(())
}

/// The target folder that this test was built into.
fn target() -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe()?;
    this.ancestors().nth(3).map(Path::to_owned).context("a test lies in target/PROFILE/deps")
}
