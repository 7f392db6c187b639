//! `weir build`: makes the component of a project.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::build::{Settings, build};
use crate::cli::Session;

/// The arguments of `weir build`.
#[derive(Debug, clap::Args)]
pub(crate) struct Build {
    /// The project's folder
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
}

/// What was built, for `--json`.
#[derive(Debug, serde::Serialize)]
struct Built {
    component: PathBuf,
}

impl Build {
    /// Builds.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let component = build(&self.folder, &Settings::from_environment()?)?;
        session.output.line(format_args!("component     {}", component.display()))?;
        session.output.document(&Built { component })?;
        Ok(ExitCode::SUCCESS)
    }
}
