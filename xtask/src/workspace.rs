//! Where things lie, and how cargo is run.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// The repository that this command belongs to.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder with the workspace's manifest.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
}

#[derive(serde::Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let mut command = cargo();
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().context("could not start cargo")?;
        if !output.status.success() {
            bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        }
        let Metadata { workspace_root, target_directory } = serde_json::from_slice(&output.stdout)?;
        Ok(Self { root: workspace_root, target: target_directory })
    }

    /// Runs cargo to its end.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> anyhow::Result<()> {
        run(cargo().args(arguments).current_dir(&self.root))
    }

    /// Builds the binary `weir`, and says where it is.
    pub(crate) fn build_weir(&self) -> anyhow::Result<PathBuf> {
        self.cargo(&["build", "--package", "weir", "--bin", "weir"])?;
        Ok(self.target.join("debug/weir"))
    }

    /// A path as people read it: from the root.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// As from a shell: `cargo run` tells this program of its own package, which some build scripts would take for a change, and
/// with them all that is built upon theirs.
fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|own| name.to_string_lossy().starts_with(own)) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs a command to its end; its output goes where ours goes.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("could not start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}
