//! Definitions by themselves: checked, and tried out state by state.

use std::sync::Arc;

use asl::{MachineKind, Severity, StateMachine};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answered, OperationError, check};
use crate::standard::House;

pub(super) fn kind_of(word: &str) -> MachineKind {
    if word == "EXPRESS" { MachineKind::Express } else { MachineKind::Standard }
}

/// Parses on a thread that may take its time.
pub(super) async fn parse(text: String, kind: MachineKind) -> Result<StateMachine, OperationError> {
    let parsed = tokio::task::spawn_blocking(move || check::definition(&text, kind)).await;
    parsed.map_err(|_| OperationError::new("InternalFailure", "The definition could not be checked."))?
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Validate {
    definition: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    severity: Option<String>,
    max_results: Option<usize>,
}

pub(super) async fn validate(asked: Validate) -> Answered {
    let with_warnings = match asked.severity.as_deref() {
        None | Some("ERROR") => false,
        Some("WARNING") => true,
        Some(other) => {
            return Err(check::constraint(other, "severity", "Member must satisfy enum value set: [ERROR, WARNING]"));
        }
    };
    let most = match asked.max_results.unwrap_or_default() {
        0 => 100,
        most if most <= 100 => most,
        most => {
            let why = "Member must have value less than or equal to 100";
            return Err(check::constraint(&most.to_string(), "maxResults", why));
        }
    };
    let kind = kind_of(asked.kind.as_deref().unwrap_or("STANDARD"));
    let parsed = tokio::task::spawn_blocking(move || check::parse(&asked.definition, kind)).await;
    let parsed = parsed.map_err(|_| OperationError::new("InternalFailure", "The definition could not be checked."))?;
    let (result, findings) = match parsed {
        Ok(machine) => ("OK", machine.warnings().to_vec()),
        Err(findings) => ("FAIL", findings),
    };
    let shown: Vec<&asl::Diagnostic> =
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

/// Tries out one state. What its work comes to is said by a mock.
pub(super) async fn test_state(house: &Arc<House>, asked: asl::TestState) -> Answered {
    let (now, seed) = (house.clock.now(), crate::start::random());
    let tried = tokio::task::spawn_blocking(move || asked.run(now, seed)).await;
    let lost = |_| OperationError::new("InternalFailure", "The state could not be tried out.");
    let answer = tried.map_err(lost)?.map_err(|error| match error {
        asl::TestStateError::InvalidDefinition(findings) => check::invalid_definition(&findings),
        other => OperationError::new(other.code(), other.to_string()),
    })?;
    serde_json::to_value(answer).map_err(|error| OperationError::new("InternalFailure", error.to_string()))
}
