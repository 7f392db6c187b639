//! `weir completions` and `weir man`: the command line as shells and readers of manuals want it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap_complete::Shell;

use crate::cli::{Session, line};
use crate::output::write_bytes;

/// The arguments of `weir completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints the script that the shell reads.
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut line(), "weir", &mut script);
        write_bytes(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The arguments of `weir man`.
#[derive(Debug, clap::Args)]
pub(crate) struct Man {
    /// Write a page for each command into this folder, such as `/usr/local/share/man/man1` [default: print the first page]
    folder: Option<PathBuf>,
}

impl Man {
    /// Writes the pages.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        match &self.folder {
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(line()).render(&mut page).context("could not make the page")?;
                write_bytes(&page)?;
            }
            Some(folder) => {
                let made = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(line(), folder));
                made.with_context(|| format!("could not write the pages into {}", folder.display()))?;
                session.output.line(format_args!("the pages are in {}", folder.display()))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
