//! `cargo xtask test`: everything that tests need, then every test.

use std::process::Command;

use crate::guests;
use crate::workspace::Workspace;

/// Builds and runs. The last lines are those of the test runner.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let weir = workspace.build_weir()?;
    guests::build(workspace, &weir)?;
    workspace.cargo(&["test", "--workspace", "--doc", "--quiet"])?;
    let nextest = Command::new("cargo").args(["nextest", "--version"]).output();
    if nextest.is_ok_and(|output| output.status.success()) {
        return workspace.cargo(&["nextest", "run", "--workspace"]);
    }
    println!(
        "cargo-nextest is not here (`cargo install cargo-nextest --locked` installs it): cargo's own runner is used."
    );
    workspace.cargo(&["test", "--workspace", "--lib", "--bins", "--tests"])
}
