//! The shapes of results, as far as they are known here: lists of what branches and iterations give, and the answers of
//! the resources that this host has.

use serde_json::Value;

use super::wire::FieldValidationMode;
use crate::state::{Mode, State, Work};

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
pub(super) fn check(state: &State, result: &Value, mode: FieldValidationMode) -> Result<(), String> {
    let is_strict = mode == FieldValidationMode::Strict;
    match &state.work {
        Work::Parallel(parallel) => {
            let Some(items) = result.as_array() else { return Err(no_list("Parallel")) };
            if is_strict && items.len() != parallel.branches.len() {
                let count = parallel.branches.len();
                return Err(format!("The mocked result must have {count} items, one for each branch."));
            }
            Ok(())
        }
        // With a ResultWriter a distributed Map gives no list.
        Work::Map(map) if map.mode == Mode::Inline || !state.kept.iter().any(|(name, _)| *name == "ResultWriter") => {
            if result.is_array() {
                Ok(())
            } else {
                Err(no_list("Map"))
            }
        }
        Work::Task(task) => {
            let resource = &*task.resource;
            let answer = ANSWERS.iter().find(|(name, _)| *name == resource);
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
