//! One state: its type, its language, its fields, and how they go together.

use std::sync::Arc;
use std::time::Duration;

use super::assign::assign;
use super::scope::{Builder, Targets, missing};
use super::{SECONDS_MAX, choice, errand, fields as common, formula, map};
use crate::diagnostic::DiagnosticCode;
use crate::document::{Fields, Node, Shape, quoted};
use crate::language::QueryLanguage;
use crate::state::{Choice, Fail, Pass, StateIndex, StateKind, Text, Then, Until, Wait, Work};
use crate::timestamp;
use jsonpath::Formula;

/// The types of states.
const KINDS: [(&str, StateKind); 8] = [
    ("Task", StateKind::Task),
    ("Pass", StateKind::Pass),
    ("Choice", StateKind::Choice),
    ("Wait", StateKind::Wait),
    ("Parallel", StateKind::Parallel),
    ("Map", StateKind::Map),
    ("Succeed", StateKind::Succeed),
    ("Fail", StateKind::Fail),
];

/// Reads a state. `None` when something that it cannot do without was reported.
pub(super) fn read<'d>(
    builder: &mut Builder<'d, '_>,
    mut fields: Fields<'d, '_>,
    targets: &Targets<'d>,
    index: StateIndex,
) -> Option<(QueryLanguage, Work)> {
    let language = language(&mut fields, builder.language);
    fields.require("Type")?;
    let kind = fields.word("Type", &KINDS)?;
    fields.text("Comment");
    let work = match language {
        QueryLanguage::JsonPath => jsonpath(builder, &mut fields, targets, (kind, index)),
        // Said once where the language was chosen; its fields are read by the part that will run it.
        QueryLanguage::Jsonata => return None,
    };
    fields.finish(&format!("a {} state", kind.as_str()));
    work.map(|work| (language, work))
}

/// The language of the state, which may leave that of a JSONPath machine.
fn language(fields: &mut Fields<'_, '_>, machine: QueryLanguage) -> QueryLanguage {
    match (fields.word("QueryLanguage", &QueryLanguage::WORDS), machine) {
        (None, machine) => machine,
        (Some(QueryLanguage::Jsonata), QueryLanguage::JsonPath) => {
            fields.report.not_supported(fields.at("QueryLanguage"), "The query language JSONata");
            QueryLanguage::Jsonata
        }
        (Some(QueryLanguage::JsonPath), QueryLanguage::Jsonata) => {
            fields.wrong("QueryLanguage", "A machine in JSONata can have no JSONPath states; remove this.");
            QueryLanguage::JsonPath
        }
        (Some(own), _) => own,
    }
}

fn jsonpath<'d>(
    builder: &mut Builder<'d, '_>,
    fields: &mut Fields<'d, '_>,
    targets: &Targets<'d>,
    (kind, index): (StateKind, StateIndex),
) -> Option<Work> {
    common::foreign(fields, kind);
    match kind {
        StateKind::Task => errand::task(fields, targets),
        StateKind::Pass => pass(fields, targets),
        StateKind::Choice => choose(fields, targets),
        StateKind::Wait => wait(fields, targets),
        StateKind::Parallel => errand::parallel(builder, fields, targets, index),
        StateKind::Map => map::map(builder, fields, targets, index),
        StateKind::Succeed => Some(Work::Succeed { flow: common::flow(fields) }),
        StateKind::Fail => Some(fail(fields)),
    }
}

/// `Next` or `End`.
pub(super) fn then(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Then> {
    let next = target(fields, targets);
    let end = match fields.take("End") {
        None => false,
        Some(Node { shape: Shape::Leaf(serde_json::Value::Bool(end)), .. }) => *end,
        Some(_) => {
            fields.wrong("End", "'End' must be true or false.");
            return None;
        }
    };
    match (fields.has("Next"), end) {
        (true, true) => {
            fields.wrong("End", "'Next' and 'End' exclude each other; keep one.");
            None
        }
        (true, false) => next.map(Then::Go),
        (false, true) => Some(Then::Stop),
        (false, false) => {
            fields.report.schema(fields.place, "One of 'Next' and \"End\": true is missing; add it.");
            None
        }
    }
}

/// `Next`, if it is there and leads to a state of the same scope.
pub(super) fn target(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<StateIndex> {
    target_in(fields, "Next", targets)
}

fn target_in(fields: &mut Fields<'_, '_>, name: &'static str, targets: &Targets<'_>) -> Option<StateIndex> {
    let next = fields.text(name)?;
    let found = targets.get(next).copied();
    if found.is_none() {
        fields.report.error(DiagnosticCode::MissingTransitionTarget, fields.at(name), missing(next, targets));
    }
    found
}

fn pass(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Work> {
    let flow = common::flow(fields);
    let parameters = common::template(fields, "Parameters");
    let result = fields.take("Result").map(|node| Arc::new(node.value()));
    let placement = common::placement(fields);
    let assign = assign(fields);
    let then = then(fields, targets)?;
    Some(Work::Pass(Box::new(Pass { flow, parameters, result, placement, assign, then })))
}

fn choose(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Work> {
    let flow = common::flow(fields);
    let default = target_in(fields, "Default", targets);
    let assign = assign(fields);
    let rules = choice::rules(fields, targets)?;
    Some(Work::Choice(Choice { flow, rules, default, assign }))
}

fn wait(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Work> {
    const WAYS: [&str; 4] = ["Seconds", "Timestamp", "SecondsPath", "TimestampPath"];
    let flow = common::flow(fields);
    let seconds = fields.whole("Seconds", 0, SECONDS_MAX);
    let moment = fields.text("Timestamp").and_then(|text| {
        let moment = timestamp::parse(text);
        if moment.is_none() {
            let message = "is not an RFC 3339 timestamp with an upper-case T and a zone, as 2026-01-02T03:04:05Z.";
            fields.wrong("Timestamp", format!("{} {message}", quoted(text)));
        }
        moment
    });
    let seconds_path = common::one_place(fields, "SecondsPath");
    let moment_path = common::one_place(fields, "TimestampPath");
    if WAYS.iter().filter(|way| fields.has(way)).count() != 1 {
        let message = "Exactly one of 'Seconds', 'Timestamp', 'SecondsPath' and 'TimestampPath' must be there.";
        fields.report.schema(fields.place, message);
    }
    let assign = assign(fields);
    let then = then(fields, targets);
    let until = seconds
        .map(|seconds| Until::Passed(Duration::from_secs(seconds.into())))
        .or(moment.map(Until::Moment))
        .or(seconds_path.map(Until::PassedAt))
        .or(moment_path.map(Until::MomentAt));
    Some(Work::Wait(Wait { flow, until: until?, assign, then: then? }))
}

fn fail(fields: &mut Fields<'_, '_>) -> Work {
    Work::Fail(Fail { error: text(fields, "Error", "ErrorPath"), cause: text(fields, "Cause", "CausePath") })
}

/// The functions that may make a text of a Fail state.
const OF_FAIL: [&str; 7] = ["Format", "JsonToString", "ArrayGetItem", "Base64Encode", "Base64Decode", "Hash", "UUID"];

fn text(fields: &mut Fields<'_, '_>, name: &'static str, path_name: &'static str) -> Text {
    fields.exclusive(name, path_name);
    let fixed = fields.text(name);
    let Some(path) = fields.text(path_name) else {
        return fixed.map_or(Text::None, |text| Text::Fixed(text.to_owned()));
    };
    let at = fields.at(path_name);
    let formula = if path.starts_with("States.") {
        formula::call(path, at, fields.report).map(|call| Formula::Call(Box::new(call)))
    } else {
        formula::one_place(path, at, fields.report).map(Formula::Path)
    };
    if let Some(Formula::Call(call)) = &formula
        && !OF_FAIL.contains(&call.name())
    {
        let message =
            "must be a path, or Format, JsonToString, ArrayGetItem, Base64Encode, Base64Decode, Hash or UUID.";
        fields.wrong(path_name, format!("'{path_name}' {message}"));
    }
    formula.map_or(Text::None, Text::At)
}
