//! Fields that belong to the other language, and what stands for each in this one.

use crate::fields::Fields;
use crate::state::StateKind::{self, Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait};

/// A field, what its states have instead, and which states those are.
type Foreign = (&'static str, &'static str, &'static [StateKind]);

/// Every state that has data to pass on.
const FLOWING: &[StateKind] = &[Task, Parallel, Map, Pass, Wait, Choice, Succeed];

/// Fields of JSONata states.
const OF_JSONATA: [Foreign; 3] = [
    ("Arguments", "'Parameters'", &[Task, Parallel]),
    ("Output", "'ResultSelector', 'ResultPath' and 'OutputPath'", FLOWING),
    ("Items", "'ItemsPath'", &[Map]),
];

/// Fields of JSONPath states.
const OF_JSONPATH: [Foreign; 16] = [
    ("InputPath", "'$states.input' in its expressions", FLOWING),
    ("OutputPath", "'Output'", FLOWING),
    ("ResultPath", "'Output'", &[Task, Parallel, Map, Pass]),
    ("ResultSelector", "'Output'", &[Task, Parallel, Map]),
    ("Parameters", "'Arguments'", &[Task, Parallel]),
    ("Parameters", "'ItemSelector'", &[Map]),
    ("Parameters", "'Output'", &[Pass]),
    ("Result", "'Output'", &[Pass]),
    ("ItemsPath", "'Items'", &[Map]),
    ("MaxConcurrencyPath", "an expression in 'MaxConcurrency'", &[Map]),
    ("TimeoutSecondsPath", "an expression in 'TimeoutSeconds'", &[Task]),
    ("HeartbeatSecondsPath", "an expression in 'HeartbeatSeconds'", &[Task]),
    ("SecondsPath", "an expression in 'Seconds'", &[Wait]),
    ("TimestampPath", "an expression in 'Timestamp'", &[Wait]),
    ("ErrorPath", "an expression in 'Error'", &[Fail]),
    ("CausePath", "an expression in 'Cause'", &[Fail]),
];

/// Reports the fields of a state that belong to the other language.
pub(crate) fn foreign(fields: &mut Fields<'_, '_>, kind: StateKind) {
    let others: &[Foreign] = if fields.is_jsonata() { &OF_JSONPATH } else { &OF_JSONATA };
    for (name, instead, _) in others.iter().filter(|(_, _, kinds)| kinds.contains(&kind)) {
        field(fields, name, instead);
    }
}

/// The same of a rule of a Choice state.
pub(crate) fn foreign_rule(fields: &mut Fields<'_, '_>) {
    if fields.is_jsonata() {
        for name in ["Variable", "And", "Or", "Not"] {
            field(fields, name, "a 'Condition'");
        }
        return;
    }
    field(fields, "Condition", "'Variable' with an operator");
    field(fields, "Output", "'OutputPath' for all rules");
}

/// The same of a Catcher.
pub(crate) fn foreign_catcher(fields: &mut Fields<'_, '_>) {
    if fields.is_jsonata() {
        field(fields, "ResultPath", "'Output'");
    } else {
        field(fields, "Output", "'ResultPath'");
    }
}

/// The same of what a reader or writer is given.
pub(crate) fn foreign_arguments(fields: &mut Fields<'_, '_>) {
    if fields.is_jsonata() {
        field(fields, "Parameters", "'Arguments'");
    } else {
        field(fields, "Arguments", "'Parameters'");
    }
}

/// The same of a field that is the path to the value of another.
pub(crate) fn foreign_path(fields: &mut Fields<'_, '_>, (name, path_name): (&str, &'static str)) {
    if fields.is_jsonata() {
        field(fields, path_name, &format!("an expression in '{name}'"));
    }
}

fn field(fields: &mut Fields<'_, '_>, name: &'static str, instead: &str) {
    if fields.take(name).is_some() {
        let (theirs, ours) = if fields.is_jsonata() { ("JSONPath", "JSONata") } else { ("JSONata", "JSONPath") };
        fields.wrong(name, format!("'{name}' belongs to {theirs} states; a {ours} state has {instead}."));
    }
}
