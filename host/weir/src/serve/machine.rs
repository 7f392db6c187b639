//! What the host takes from the machine at its start.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets the process have as many files and sockets open as it may.
pub(super) fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, files.limit = limit.current, "could not raise the limit of open files");
    }
}
