//! From a definition to a checked machine, with every finding on the way.

mod choice;
mod fields;
mod scope;
mod state;

use std::time::Duration;

use crate::diagnostic::{Diagnostic, DiagnosticCode, Report};
use crate::document::{Fields, Node};
use crate::machine::StateMachine;

pub(crate) use fields::path;

/// Longest timeout, interval or wait, in seconds (the specification's limit).
const SECONDS_MAX: u32 = 99_999_999;

/// Reads a whole definition.
pub(crate) fn machine(json: &str) -> Result<StateMachine, Vec<Diagnostic>> {
    let report = Report::default();
    let machine = read(json, &report);
    let failed = report.errors() > 0;
    let findings = report.into_findings();
    match machine {
        Some(mut machine) if !failed => {
            machine.warnings = findings;
            Ok(machine)
        }
        _ => Err(findings),
    }
}

fn read(json: &str, report: &Report) -> Option<StateMachine> {
    if json.len() > StateMachine::DEFINITION_BYTES_MAX {
        report.error(DiagnosticCode::InvalidJson, "", "The definition is longer than 1048576 bytes.");
        return None;
    }
    let root = match Node::read(json) {
        Ok(root) => root,
        Err(error) => {
            report.error(DiagnosticCode::InvalidJson, "", format!("The definition is not JSON: {error}."));
            return None;
        }
    };
    root.report_duplicates("", report);
    let mut top = Fields::open(&root, String::new(), report)?;
    let timeout = top.whole("TimeoutSeconds", 1, SECONDS_MAX);
    top.text("Comment");
    if top.text("Version").is_some_and(|version| version != "1.0") {
        report.schema("/Version", "'Version' must be \"1.0\".");
    }
    fields::language(&mut top);
    let mut builder = scope::Builder::new(report);
    builder.scope(&mut top, None);
    top.finish("a state machine");
    let (states, scopes, reads_context) = builder.finish()?;
    let timeout = timeout.map(|seconds| Duration::from_secs(seconds.into()));
    Some(StateMachine { states, scopes, timeout, reads_context, warnings: Vec::new() })
}
