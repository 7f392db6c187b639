//! Bodies as they come in: what is missing, too long or no ARN.

use asl::{Diagnostic, MachineKind, Severity, StateMachine};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Caller, OperationError};
use crate::arn::{Arn, Thing, is_name};

/// Bytes of an input, an output, and all that a task hands on.
pub(super) const PAYLOAD_MAX: usize = 262_144;
/// Characters of an error's name and of its cause.
pub(super) const ERROR_MAX: usize = 256;
pub(super) const CAUSE_MAX: usize = 32_768;

/// Reads a body. A member that is null is one that is not there; one that is not known says nothing.
pub(super) fn read<T: DeserializeOwned>(mut body: Value) -> Result<T, OperationError> {
    if body.is_null() {
        body = Value::Object(serde_json::Map::new());
    }
    let Some(members) = body.as_object_mut() else {
        return Err(OperationError::new("SerializationException", "the body must be a JSON object"));
    };
    members.retain(|_, value| !value.is_null());
    serde_json::from_value(body).map_err(|error| {
        let text = error.to_string();
        match text.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
            Some(member) => constraint("null", member, "Member must not be null"),
            None => OperationError::new("SerializationException", text),
        }
    })
}

/// What AWS says of a member that does not fit.
pub(super) fn constraint(value: &str, member: &str, why: &str) -> OperationError {
    let shown: String = value.chars().take(100).collect();
    OperationError::validation(format!(
        "1 validation error detected: Value '{shown}' at '{member}' failed to satisfy constraint: {why}"
    ))
}

pub(super) fn length(text: &str, member: &str, most: usize) -> Result<(), OperationError> {
    if text.chars().count() <= most {
        return Ok(());
    }
    Err(constraint(text, member, &format!("Member must have length less than or equal to {most}")))
}

pub(super) fn name(name: &str) -> Result<(), OperationError> {
    if is_name(name) { Ok(()) } else { Err(OperationError::new("InvalidName", format!("Invalid Name: '{name}'"))) }
}

pub(super) fn invalid_arn(arn: &str) -> OperationError {
    let shown: String = arn.chars().take(300).collect();
    OperationError::new("InvalidArn", format!("Invalid Arn: '{shown}'"))
}

/// An ARN of a machine.
pub(super) fn machine_arn(text: &str) -> Result<Arn, OperationError> {
    Arn::parse(text).filter(|arn| matches!(arn.thing, Thing::Machine { .. })).ok_or_else(|| invalid_arn(text))
}

/// The machine and the name of an execution.
pub(super) fn execution_arn(text: &str) -> Result<(Arn, String, String), OperationError> {
    let arn = Arn::parse(text).ok_or_else(|| invalid_arn(text))?;
    match &arn.thing {
        Thing::Execution { machine, name } => {
            let (machine, name) = (machine.clone(), name.clone());
            Ok((arn, machine, name))
        }
        Thing::Express { .. } => Err(OperationError::new(
            "StateMachineTypeNotSupported",
            "This operation is not supported by this type of state machine",
        )),
        Thing::Machine { .. } | Thing::Activity { .. } | Thing::MapRun { .. } => Err(invalid_arn(text)),
    }
}

/// Whether the ARN can name something of the caller's.
pub(super) fn is_own(arn: &Arn, caller: &Caller) -> bool {
    arn.account == caller.account && arn.region == caller.region
}

/// A JSON text that is handed on.
pub(super) fn document(text: &str, error: &'static str, what: &str) -> Result<(), OperationError> {
    if text.len() > PAYLOAD_MAX {
        return Err(constraint("…", what, &format!("Member must have length less than or equal to {PAYLOAD_MAX}")));
    }
    match serde_json::from_str::<Value>(text) {
        Ok(_) => Ok(()),
        Err(why) if error == "InvalidExecutionInput" => {
            Err(OperationError::new(error, format!("Invalid State Machine Execution Input: '{why}'")))
        }
        Err(why) => Err(OperationError::new(error, format!("Invalid JSON: '{why}'"))),
    }
}

/// Reads a definition, which is JSON here.
pub(super) fn parse(text: &str, kind: MachineKind) -> Result<StateMachine, Vec<Diagnostic>> {
    // What begins otherwise would be read as YAML.
    if text.trim_start().starts_with('{') { StateMachine::read(text, kind) } else { StateMachine::parse(text) }
}

/// A definition that may be stored, or what is wrong with it.
pub(super) fn definition(text: &str, kind: MachineKind) -> Result<StateMachine, OperationError> {
    if text.len() > StateMachine::DEFINITION_BYTES_MAX {
        let most = StateMachine::DEFINITION_BYTES_MAX;
        return Err(constraint("…", "definition", &format!("Member must have length less than or equal to {most}")));
    }
    parse(text, kind).map_err(|findings| invalid_definition(&findings))
}

/// What keeps a definition from being stored.
pub(super) fn invalid_definition(findings: &[Diagnostic]) -> OperationError {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let told: Vec<String> = errors.take(20).map(|finding| format!("{finding}")).collect();
    OperationError::new("InvalidDefinition", format!("Invalid State Machine Definition: '{}'", told.join("; ")))
}
