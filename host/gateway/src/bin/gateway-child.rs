//! The compiling child by itself, for this crate's own tests. The host calls the same entry point.

fn main() -> std::process::ExitCode {
    sandbox::child::main()
}
