//! The example providers, built as any provider builds: with `weir build`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::workspace::{Workspace, run};

/// The folders of `plugins/`, by name.
pub(crate) fn folders(workspace: &Workspace) -> anyhow::Result<Vec<PathBuf>> {
    let plugins = workspace.root.join("plugins");
    let entries = fs::read_dir(&plugins).with_context(|| format!("could not read {}", plugins.display()))?;
    let mut folders = Vec::new();
    for entry in entries {
        let folder = entry?.path();
        if folder.join("weir.toml").is_file() {
            folders.push(folder);
        }
    }
    folders.sort();
    Ok(folders)
}

/// The folders of those that consumers call over HTTP; the others are steps of workflows.
pub(crate) fn served(workspace: &Workspace) -> anyhow::Result<Vec<PathBuf>> {
    let mut served = Vec::new();
    for folder in folders(workspace)? {
        let path = folder.join("weir.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
        let project: toml::Table = text.parse().with_context(|| format!("{} is not TOML", path.display()))?;
        let world = project.get("component").and_then(|component| component.get("world"));
        if world.and_then(toml::Value::as_str) != Some("task") {
            served.push(folder);
        }
    }
    Ok(served)
}

/// Builds all of them.
pub(crate) fn build(workspace: &Workspace, weir: &Path) -> anyhow::Result<()> {
    for folder in folders(workspace)? {
        run(Command::new(weir).arg("build").arg(&folder).current_dir(&workspace.root))?;
    }
    Ok(())
}
