//! The shapes of results, as far as they are known here: lists of what branches and iterations give, and the answers of
//! the resources that this host has.

use asl::{StateKind, StateView};
use serde_json::Value;

use super::wire::FieldValidationMode;

/// The type of a field.
#[derive(Clone, Copy)]
enum Kind {
    Any,
    Text,
    Number,
    Object,
}

/// A field, its type, and whether it is always there.
type Field = (&'static str, Kind, bool);

/// What a resource answers, by the part of its name before any pattern.
const ANSWERS: [(&str, &[Field]); 3] = [
    (
        "arn:aws:states:::lambda:invoke",
        &[("ExecutedVersion", Kind::Text, false), ("Payload", Kind::Any, false), ("StatusCode", Kind::Number, false)],
    ),
    (
        "arn:aws:states:::http:invoke",
        &[
            ("Headers", Kind::Object, true),
            ("ResponseBody", Kind::Any, true),
            ("StatusCode", Kind::Number, true),
            ("StatusText", Kind::Text, true),
        ],
    ),
    ("arn:aws:states:::states:startExecution", &[("ExecutionArn", Kind::Text, true), ("StartDate", Kind::Any, true)]),
];

/// Holds a mocked result against what the state's work gives.
pub(super) fn check(state: StateView<'_>, result: &Value, mode: FieldValidationMode) -> Result<(), String> {
    let is_strict = mode == FieldValidationMode::Strict;
    match state.kind() {
        StateKind::Parallel => {
            let Some(items) = result.as_array() else { return Err(no_list("Parallel")) };
            let count = state.branches().count();
            if is_strict && items.len() != count {
                return Err(format!("The mocked result must have {count} items, one for each branch."));
            }
            Ok(())
        }
        // With a ResultWriter a distributed Map gives no list.
        StateKind::Map if !state.is_distributed() || state.field("ResultWriter").is_none() => {
            if result.is_array() {
                Ok(())
            } else {
                Err(no_list("Map"))
            }
        }
        StateKind::Task => {
            let answer = ANSWERS.iter().find(|(name, _)| state.resource().is_some_and(|resource| **resource == **name));
            answer.map_or(Ok(()), |(_, fields)| check_fields(fields, result, mode))
        }
        _ => Ok(()),
    }
}

fn no_list(kind: &str) -> String {
    format!("The mocked result of a {kind} state must be an array.")
}

fn check_fields(fields: &[Field], result: &Value, mode: FieldValidationMode) -> Result<(), String> {
    let Some(members) = result.as_object() else {
        return Err("The mocked result of this resource must be an object.".to_owned());
    };
    for (name, kind, is_needed) in fields {
        let (right, wanted) = match (members.get(*name), kind) {
            (None, _) if mode == FieldValidationMode::Strict && *is_needed => {
                return Err(format!("The mocked result must have '{name}'."));
            }
            (None, _) | (Some(_), Kind::Any) => continue,
            (Some(value), Kind::Text) => (value.is_string(), "a string"),
            (Some(value), Kind::Number) => (value.is_number(), "a number"),
            (Some(value), Kind::Object) => (value.is_object(), "an object"),
        };
        if !right {
            return Err(format!("'{name}' of the mocked result must be {wanted}."));
        }
    }
    Ok(())
}
