//! Definitions by themselves: whether they may be stored, and what is wrong with them.

use asl::{Diagnostic, MachineKind, Severity, StateMachine};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::check::constraint;
use crate::error::OperationError;

/// The kind that a word of the API means; one that is not known is that of standard machines.
pub fn kind_of(word: &str) -> MachineKind {
    if word == "EXPRESS" { MachineKind::Express } else { MachineKind::Standard }
}

/// Reads a definition, which is JSON here.
fn parse(text: &str, kind: MachineKind) -> Result<StateMachine, Vec<Diagnostic>> {
    // What begins otherwise would be read as YAML.
    if text.trim_start().starts_with('{') { StateMachine::read(text, kind) } else { StateMachine::parse(text) }
}

/// A definition that may be stored.
///
/// # Errors
///
/// `ValidationException` where it is too long, `InvalidDefinition` where it is not correct.
pub fn definition(text: &str, kind: MachineKind) -> Result<StateMachine, OperationError> {
    if text.len() > StateMachine::DEFINITION_BYTES_MAX {
        let most = StateMachine::DEFINITION_BYTES_MAX;
        return Err(constraint("…", "definition", &format!("Member must have length less than or equal to {most}")));
    }
    parse(text, kind).map_err(|findings| invalid_definition(&findings))
}

/// What keeps a definition from being stored.
pub(crate) fn invalid_definition(findings: &[Diagnostic]) -> OperationError {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let told: Vec<String> = errors.take(20).map(|finding| format!("{finding}")).collect();
    OperationError::new("InvalidDefinition", format!("Invalid State Machine Definition: '{}'", told.join("; ")))
}

/// What `ValidateStateMachineDefinition` asks.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Validate {
    definition: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    severity: Option<String>,
    max_results: Option<usize>,
}

/// Checks a definition, and answers as `ValidateStateMachineDefinition` does. Takes as long as its text does.
///
/// # Errors
///
/// `ValidationException`: a member is not as it must be. A definition that is not correct is an answer.
pub fn validate(asked: &Validate) -> Result<Value, OperationError> {
    let with_warnings = match asked.severity.as_deref() {
        None | Some("ERROR") => false,
        Some("WARNING") => true,
        Some(other) => {
            return Err(constraint(other, "severity", "Member must satisfy enum value set: [ERROR, WARNING]"));
        }
    };
    let most = match asked.max_results.unwrap_or_default() {
        0 => 100,
        most if most <= 100 => most,
        most => {
            let why = "Member must have value less than or equal to 100";
            return Err(constraint(&most.to_string(), "maxResults", why));
        }
    };
    let kind = kind_of(asked.kind.as_deref().unwrap_or("STANDARD"));
    let (result, findings) = match parse(&asked.definition, kind) {
        Ok(machine) => ("OK", machine.warnings().to_vec()),
        Err(findings) => ("FAIL", findings),
    };
    let shown: Vec<&Diagnostic> =
        findings.iter().filter(|finding| with_warnings || finding.severity == Severity::Error).collect();
    let diagnostics: Vec<Value> = shown
        .iter()
        .take(most)
        .map(|finding| {
            let severity = if finding.severity == Severity::Error { "ERROR" } else { "WARNING" };
            json!({
                "severity": severity, "code": finding.code.as_str(), "message": finding.message,
                "location": finding.pointer,
            })
        })
        .collect();
    Ok(json!({ "result": result, "diagnostics": diagnostics, "truncated": shown.len() > most }))
}
