//! One state: its type, its language, its fields, and how they go together.

use std::sync::Arc;
use std::time::Duration;

use syntax::{Node, Shape, quoted};

use super::assign::assign;
use super::fields::Given;
use super::query::Sees;
use super::scope::{Builder, Targets, missing};
use super::{SECONDS_MAX, choice, errand, fields as common, formula, map};
use crate::diagnostic::DiagnosticCode;
use crate::fields::Fields;
use crate::formula::Formula;
use crate::language::QueryLanguage;
use crate::state::{Choice, Fail, Pass, StateIndex, StateKind, Text, Then, Until, Wait, Work};
use crate::timestamp;

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
) -> Option<(QueryLanguage, Work, Kept)> {
    let language = language(&mut fields, builder.language);
    fields.require("Type")?;
    let kind = fields.word("Type", &KINDS)?;
    fields.text("Comment");
    fields.language = language;
    common::foreign(&mut fields, kind);
    let work = work(builder, &mut fields, targets, (kind, index));
    let kept = KEPT.iter().filter_map(|name| Some((*name, fields.value(name)?))).collect();
    fields.finish(&format!("a {} state", kind.as_str()));
    work.map(|work| (language, work, kept))
}

/// Fields that change nothing here, by name and value.
type Kept = Box<[(&'static str, serde_json::Value)]>;

/// Their names. A state that may not have one is refused for it.
const KEPT: [&str; 10] = [
    "Comment",
    "Credentials",
    "Label",
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
];

/// The language of the state, which may leave that of a JSONPath machine.
fn language(fields: &mut Fields<'_, '_>, machine: QueryLanguage) -> QueryLanguage {
    match (fields.word("QueryLanguage", &QueryLanguage::WORDS), machine) {
        (None, machine) => machine,
        (Some(QueryLanguage::JsonPath), QueryLanguage::Jsonata) => {
            fields.wrong("QueryLanguage", "A machine in JSONata can have no JSONPath states; remove this.");
            QueryLanguage::JsonPath
        }
        (Some(own), _) => own,
    }
}

fn work<'d>(
    builder: &mut Builder<'d, '_>,
    fields: &mut Fields<'d, '_>,
    targets: &Targets<'d>,
    (kind, index): (StateKind, StateIndex),
) -> Option<Work> {
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
    let (flow, parameters, placement) = common::shaping(fields, ("Parameters", "Output"));
    let result = if fields.is_jsonata() { None } else { fields.take("Result").map(|node| Arc::new(node.value())) };
    let assign = assign(fields, Sees::Input);
    let then = then(fields, targets)?;
    Some(Work::Pass(Box::new(Pass { flow, parameters, result, placement, assign, then })))
}

fn choose(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Work> {
    let flow = common::flow(fields);
    let default = target_in(fields, "Default", targets);
    let assign = assign(fields, Sees::Input);
    let rules = choice::rules(fields, targets)?;
    Some(Work::Choice(Choice { flow, rules, default, assign }))
}

fn wait(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Work> {
    let flow = common::flow(fields);
    let until = until(fields);
    let assign = assign(fields, Sees::Input);
    let then = then(fields, targets);
    Some(Work::Wait(Wait { flow, until: until?, assign, then: then? }))
}

fn until(fields: &mut Fields<'_, '_>) -> Option<Until> {
    const WAYS: [&str; 4] = ["Seconds", "Timestamp", "SecondsPath", "TimestampPath"];
    let ways = if fields.is_jsonata() { &WAYS[..2] } else { &WAYS[..] };
    let seconds = common::number(fields, ("Seconds", "SecondsPath"), (0, SECONDS_MAX));
    let fixed = |text: &str, fields: &Fields<'_, '_>| {
        let moment = timestamp::parse(text);
        if moment.is_none() {
            let message = "is not an RFC 3339 timestamp with an upper-case T and a zone, as 2026-01-02T03:04:05Z.";
            fields.wrong("Timestamp", format!("{} {message}", quoted(text)));
        }
        moment
    };
    let moment = match common::text(fields, "Timestamp") {
        Some(Given::Fixed(text)) => fixed(text, fields).map(Until::Moment),
        Some(Given::Made(formula)) => Some(Until::MomentAt(formula)),
        None if fields.is_jsonata() => None,
        None => common::one_place(fields, "TimestampPath").map(|path| Until::MomentAt(Formula::path(path))),
    };
    if ways.iter().filter(|way| fields.has(way)).count() != 1 {
        let names: Vec<String> = ways.iter().map(|way| format!("'{way}'")).collect();
        fields.report.schema(fields.place, format!("Exactly one of {} must be there.", names.join(", ")));
    }
    let seconds = seconds.map(|seconds| match seconds {
        Given::Fixed(seconds) => Until::Passed(Duration::from_secs(seconds.into())),
        Given::Made(formula) => Until::PassedAt(formula),
    });
    seconds.or(moment)
}

fn fail(fields: &mut Fields<'_, '_>) -> Work {
    Work::Fail(Fail { error: text(fields, "Error", "ErrorPath"), cause: text(fields, "Cause", "CausePath") })
}

/// The functions that may make a text of a Fail state.
const OF_FAIL: [&str; 7] = ["Format", "JsonToString", "ArrayGetItem", "Base64Encode", "Base64Decode", "Hash", "UUID"];

fn text(fields: &mut Fields<'_, '_>, name: &'static str, path_name: &'static str) -> Text {
    common::exclusive(fields, (name, path_name));
    let given = common::text(fields, name);
    let path = if fields.is_jsonata() { None } else { fields.text(path_name) };
    let Some(path) = path else {
        return match given {
            None => Text::None,
            Some(Given::Fixed(text)) => Text::Fixed(text.to_owned()),
            Some(Given::Made(formula)) => Text::At(formula),
        };
    };
    let at = fields.at(path_name);
    let formula = if path.starts_with("States.") {
        formula::call(path, at, fields.report).map(|call| jsonpath::Formula::Call(Box::new(call)))
    } else {
        formula::one_place(path, at, fields.report).map(jsonpath::Formula::Path)
    };
    if let Some(jsonpath::Formula::Call(call)) = &formula
        && !OF_FAIL.contains(&call.name())
    {
        let message =
            "must be a path, or Format, JsonToString, ArrayGetItem, Base64Encode, Base64Decode, Hash or UUID.";
        fields.wrong(path_name, format!("'{path_name}' {message}"));
    }
    formula.map_or(Text::None, |formula| Text::At(Formula::Jsonpath(formula)))
}
