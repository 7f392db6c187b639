//! `cargo xtask check`: what no compiler checks. Prints every problem, not only the first.

mod edges;
mod links;
mod pages;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::workspace::Workspace;

/// Problems as they are found, each with the place and what to do.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, problem: String) {
        self.0.push(problem);
    }
}

/// Checks everything.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let files = files(&workspace.root)?;
    let mut problems = Problems::default();
    edges::check(workspace, &files, &mut problems)?;
    sources::check(workspace, &files, &mut problems)?;
    links::check(workspace, &files, &mut problems)?;
    pages::check(workspace, &mut problems)?;
    for problem in &problems.0 {
        println!("{problem}");
    }
    match problems.0.len() {
        0 => Ok(()),
        1 => bail!("1 problem"),
        count => bail!("{count} problems"),
    }
}

/// All files of the repository, without what is built or hidden.
fn files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("could not read {}", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with('.') || name == "target" {
                continue;
            }
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))
}
