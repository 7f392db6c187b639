//! `weir workflow format`: a definition in its normal form.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::value::RawValue;

use crate::cli::Session;

/// The arguments of `weir workflow format`.
#[derive(Debug, clap::Args)]
pub(crate) struct Format {
    /// The definition, JSON or YAML
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Format {
    pub(super) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let definition = super::machine(&self.file)?.to_definition();
        super::print(session.output, &definition)?;
        // As it is: the order of the states counts.
        session.output.document(&RawValue::from_string(definition)?)?;
        Ok(ExitCode::SUCCESS)
    }
}
