//! Definitions of express machines, to be taken in, or taken in before.

use std::sync::Arc;

use asl::{Diagnostic, MachineKind, StateMachine};

/// Reads a definition, JSON or YAML, that is to be taken in: it must be one of an express machine.
///
/// # Errors
///
/// Every finding that keeps it from running.
pub fn parse(definition: &str) -> Result<Arc<StateMachine>, Vec<Diagnostic>> {
    StateMachine::read(definition, MachineKind::Express).map(Arc::new)
}

/// Reads a definition as one of a standard machine. One of an express machine that was taken in before is read so, too: it may have what express machines have not been refused for at that
/// time: such a task fails when it is reached, and the rest runs as ever.
///
/// # Errors
///
/// Every finding that keeps it from running.
pub fn parse_kept(definition: &str) -> Result<Arc<StateMachine>, Vec<Diagnostic>> {
    StateMachine::read(definition, MachineKind::Standard).map(Arc::new)
}
