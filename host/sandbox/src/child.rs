//! The child processes in which an upload is checked and compiled, and then tried.
//!
//! Each reads its work on its standard input and writes a report, and the artefact if there is one, on its standard
//! output. Compiling is where a hostile upload can cost most, and the compiler is the largest thing that reads what
//! strangers wrote; so the process shuts itself in first, and the parent kills it when it is late. Trying happens in a
//! process of its own, because it needs other limits, and because there the guest's own code runs for the first time.

mod jail;
mod probe;

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use jail::Jail;

use crate::compile::{ARTEFACT_MAX, Report};
use crate::engine::{self, Role};
use crate::structure;

/// The first argument by which a program enters [`main`].
pub const ARGUMENT: &str = "compile-child";

/// What a child does: its second argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Checks and compiles the upload.
    Compile,
    /// Instantiates the artefact and says what that costs.
    Probe,
    /// Shuts itself in, and says what it could not do.
    Confine,
}

impl Work {
    const ALL: [Self; 3] = [Self::Compile, Self::Probe, Self::Confine];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Compile => "compile",
            Self::Probe => "probe",
            Self::Confine => "confine",
        }
    }

    fn jail(self) -> Jail {
        match self {
            Self::Compile | Self::Confine => Jail::COMPILE,
            Self::Probe => Jail::PROBE,
        }
    }
}

/// Runs the child. Whoever hosts the sandbox calls this when its first argument is [`ARGUMENT`].
pub fn main() -> ExitCode {
    let asked = std::env::args().nth(2);
    let Some(work) = Work::ALL.into_iter().find(|work| asked.as_deref() == Some(work.as_str())) else {
        return ExitCode::FAILURE;
    };
    let done = work.jail().enter().and_then(|missing| perform(work, missing));
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What of its own confinement the kernel here does not offer to `program`, by name. Asked of a real child.
///
/// # Errors
///
/// The child could not be started, or its report not be read.
pub fn missing_confinement(program: &Path) -> std::io::Result<Vec<String>> {
    let output = std::process::Command::new(program)
        .args([ARGUMENT, Work::Confine.as_str()])
        .env_clear()
        .stdin(std::process::Stdio::null())
        .output()?;
    let report = output.stdout.get(4..).unwrap_or_default();
    match serde_json::from_slice(report)? {
        Report::Confined { missing } => Ok(missing),
        other => Err(std::io::Error::other(format!("not a report of a confinement: {other:?}"))),
    }
}

fn perform(work: Work, missing: Vec<String>) -> std::io::Result<()> {
    let mut input = Vec::new();
    std::io::stdin().lock().take(ARTEFACT_MAX).read_to_end(&mut input)?;
    let refused = |why| (Report::Refused { why }, Vec::new());
    let (report, artefact) = match work {
        Work::Compile => compile(&input, missing).unwrap_or_else(refused),
        Work::Probe => (probe::probe(&input).unwrap_or_else(|why| Report::Refused { why }), Vec::new()),
        Work::Confine => (Report::Confined { missing }, Vec::new()),
    };
    let report = serde_json::to_vec(&report)?;
    let length = u32::try_from(report.len()).map_err(std::io::Error::other)?;
    let mut output = std::io::stdout().lock();
    output.write_all(&length.to_le_bytes())?;
    output.write_all(&report)?;
    output.write_all(&artefact)?;
    output.flush()
}

fn compile(upload: &[u8], missing: Vec<String>) -> Result<(Report, Vec<u8>), String> {
    let structure = structure::check(upload)?;
    let engine = engine::engine(Role::Compile).map_err(|error| format!("The compiler did not start: {error:#}."))?;
    let artefact =
        engine.precompile_component(upload).map_err(|error| format!("The component does not compile: {error:#}."))?;
    Ok((Report::Compiled { structure, missing }, artefact))
}
