//! Bodies as they come in: what is missing, too long or no ARN.

use asl::MachineKind;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::arn::{Arn, Thing, is_name};
use crate::error::OperationError;

/// Bytes of an input, an output, and all that a task hands on.
const PAYLOAD_MAX: usize = 262_144;
/// Characters of an error's name.
pub const ERROR_MAX: usize = 256;
/// Characters of an error's cause.
pub const CAUSE_MAX: usize = 32_768;

/// Reads a body. A member that is null is one that is not there; one that is not known says nothing.
///
/// # Errors
///
/// `SerializationException`, or `ValidationException` for a member that is missing.
pub fn read<T: DeserializeOwned>(mut body: Value) -> Result<T, OperationError> {
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
pub fn constraint(value: &str, member: &str, why: &str) -> OperationError {
    let shown: String = value.chars().take(100).collect();
    OperationError::validation(format!(
        "1 validation error detected: Value '{shown}' at '{member}' failed to satisfy constraint: {why}"
    ))
}

/// Whether a text has at most so many characters.
///
/// # Errors
///
/// See [`constraint`].
pub fn length(text: &str, member: &str, most: usize) -> Result<(), OperationError> {
    if text.chars().count() <= most {
        return Ok(());
    }
    Err(constraint(text, member, &format!("Member must have length less than or equal to {most}")))
}

/// Whether this may name a machine, an execution or an activity.
///
/// # Errors
///
/// `InvalidName`.
pub fn name(name: &str) -> Result<(), OperationError> {
    if is_name(name) { Ok(()) } else { Err(OperationError::new("InvalidName", format!("Invalid Name: '{name}'"))) }
}

/// What AWS says of a text that is no ARN, or one of something else.
pub fn invalid_arn(arn: &str) -> OperationError {
    let shown: String = arn.chars().take(300).collect();
    OperationError::new("InvalidArn", format!("Invalid Arn: '{shown}'"))
}

/// An ARN of a machine.
///
/// # Errors
///
/// See [`invalid_arn`].
pub fn machine_arn(text: &str) -> Result<Arn, OperationError> {
    Arn::parse(text).filter(|arn| matches!(arn.thing, Thing::Machine { .. })).ok_or_else(|| invalid_arn(text))
}

/// An ARN of an execution, with its machine and its name.
///
/// # Errors
///
/// `StateMachineTypeNotSupported` for one of an express machine; see [`invalid_arn`] for all others.
pub fn execution_arn(text: &str) -> Result<(Arn, String, String), OperationError> {
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

/// Whether a text is JSON that may be handed on as `what`.
///
/// # Errors
///
/// `error`, or `ValidationException` where it is too long.
pub fn document(text: &str, error: &'static str, what: &str) -> Result<(), OperationError> {
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

/// The kind of machine that is asked for; without a word it is a standard one.
///
/// # Errors
///
/// See [`constraint`].
pub fn kind(word: Option<&str>) -> Result<MachineKind, OperationError> {
    match word {
        None | Some("STANDARD") => Ok(MachineKind::Standard),
        Some("EXPRESS") => Ok(MachineKind::Express),
        Some(other) => Err(constraint(other, "type", "Member must satisfy enum value set: [STANDARD, EXPRESS]")),
    }
}

/// Whether this may name an alias.
///
/// # Errors
///
/// See [`constraint`].
pub fn alias_name(name: &str) -> Result<(), OperationError> {
    if is_alias_name(name) {
        return Ok(());
    }
    Err(constraint(
        name,
        "name",
        "Member must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$",
    ))
}

fn is_alias_name(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    plain && (1..=80).contains(&name.len()) && !name.bytes().all(|byte| byte.is_ascii_digit())
}
