//! The host as it ships, on the disk that a test chooses: `WEIR_TEST_DISK=lossy` loses what was not synced when the
//! process is killed.

use std::process::ExitCode;

use tests::disk::{Scope, register};

fn main() -> ExitCode {
    if std::env::var_os("WEIR_TEST_DISK").is_some_and(|disk| disk == "lossy")
        && let Err(error) = register(Scope::EveryFile)
    {
        eprintln!("the lossy disk could not be put under SQLite: {error}");
        return ExitCode::FAILURE;
    }
    weir::run(std::env::args_os())
}
