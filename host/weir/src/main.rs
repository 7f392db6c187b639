//! The binary `weir`: the library's command line, with its own allocator.

use std::process::ExitCode;

/// Fewer and cheaper trips to the kernel than the system's allocator, on threads that hand memory to each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    weir::run(std::env::args_os())
}
