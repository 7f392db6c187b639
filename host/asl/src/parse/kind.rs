//! What only standard machines have: everything that is answered later than by the call itself.

use crate::diagnostic::Report;
use crate::fields::Fields;
use crate::kind::MachineKind;
use crate::state::Mode;

/// Reports a `Resource` whose answer an express machine cannot wait for.
pub(super) fn check_resource(fields: &Fields<'_, '_>, resource: &str) {
    if fields.report.kind.get() == MachineKind::Standard || !resource.starts_with("arn:") {
        return;
    }
    let what = match resource.rsplit_once('.').map(|(_, pattern)| pattern) {
        Some("waitForTaskToken") => "waits for no token: remove '.waitForTaskToken'",
        Some(pattern) if pattern == "sync" || pattern.starts_with("sync:") => {
            "does not wait for the end of a job: remove '.sync'"
        }
        _ if resource.contains(":activity:") => "has no activities: ask for another resource",
        _ => return,
    };
    fields.wrong("Resource", format!("An express machine {what}, or make the machine a standard one."));
}

/// Reports a Map that an express machine cannot have.
pub(super) fn check_mode(fields: &Fields<'_, '_>, name: &str, mode: Mode) {
    if mode != Mode::Inline && fields.report.kind.get() == MachineKind::Express {
        let message = "An express machine has no Map of the mode DISTRIBUTED: set the mode to INLINE, or make the \
                       machine a standard one.";
        fields.wrong(name, message);
    }
}

/// Reads what runs inside of a Map: the children of a distributed one are machines of its own `ExecutionType`.
pub(super) fn inside<T>(report: &Report, mode: Mode, read: impl FnOnce() -> T) -> T {
    let outer = report.kind.get();
    if let Mode::Distributed(kind) = mode {
        report.kind.set(kind);
    }
    let read = read();
    report.kind.set(outer);
    read
}
