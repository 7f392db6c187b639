//! From a definition to a checked machine, with every finding on the way.

mod assign;
mod choice;
mod distributed;
mod errand;
mod fields;
mod foreign;
mod formula;
mod kind;
mod map;
mod query;
mod recovery;
mod scope;
mod state;
mod ways;

use std::time::Duration;

use syntax::{At, Node, quoted};

use crate::diagnostic::{Diagnostic, DiagnosticCode, Report};
use crate::fields::Fields;
use crate::kind::MachineKind;
use crate::language::QueryLanguage;
use crate::machine::StateMachine;
use crate::reads::Part;

pub(crate) use formula::formula;

/// Longest timeout, interval or wait, in seconds (the specification's limit).
const SECONDS_MAX: u32 = 99_999_999;

/// Reads a whole definition.
pub(crate) fn machine(
    text: &str,
    kind: MachineKind,
    read: fn(&str) -> Result<Node, syntax::Fault>,
) -> Result<StateMachine, Vec<Diagnostic>> {
    let report = Report::default();
    report.kind.set(kind);
    if text.len() > StateMachine::DEFINITION_BYTES_MAX {
        let message = "The definition is longer than 1048576 bytes; make it shorter.";
        report.error(DiagnosticCode::InvalidJson, At::START, message);
        return Err(report.into_findings("", None));
    }
    let root = match read(text) {
        Ok(root) => root,
        Err(fault) => {
            report.error(DiagnosticCode::InvalidJson, fault.at, fault.message);
            return Err(report.into_findings(text, None));
        }
    };
    let machine = whole(&root, &report);
    let failed = report.errors() > 0;
    let findings = report.into_findings(text, Some(&root));
    match machine {
        Some(mut machine) if !failed => {
            machine.warnings = findings;
            Ok(machine)
        }
        _ => Err(findings),
    }
}

fn whole(root: &Node, report: &Report) -> Option<StateMachine> {
    root.duplicates(&mut |member| {
        let key = quoted(&member.key);
        report.schema(member.at, format!("The key {key} stands twice in one object; keep one."));
    });
    let mut top = Fields::open(root, root.at, report)?;
    let timeout = top.whole("TimeoutSeconds", 1, SECONDS_MAX);
    top.word("Version", &[("1.0", ())]);
    let language = top.word("QueryLanguage", &QueryLanguage::WORDS).unwrap_or_default();
    let mut builder = scope::Builder::new(report, language);
    builder.scope(&mut top, None, scope::Sight::Inside);
    top.finish("a state machine");
    builder.check_variables();
    let (states, scopes) = builder.finish()?;
    let reads_input = states.iter().any(|state| state.reads.has(Part::Input));
    let timeout = timeout.map(|seconds| Duration::from_secs(seconds.into()));
    Some(StateMachine { states, scopes, timeout, reads_input, warnings: Vec::new() })
}
