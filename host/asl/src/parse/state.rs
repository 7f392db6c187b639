//! One state: its type, its fields, and how they go together.

use std::sync::Arc;
use std::time::Duration;

use super::scope::{Builder, Targets, missing};
use super::{SECONDS_MAX, choice, fields as common};
use crate::diagnostic::{DiagnosticCode, below};
use crate::document::{Fields, Node};
use crate::failure;
use crate::recovery::{Catcher, Jitter, Matcher, Retrier};
use crate::state::{
    Choice, Errand, Fail, Limit, Parallel, Pass, ScopeIndex, StateIndex, StateKind, Task, Text, Then, Until, Wait, Work,
};
use crate::timestamp;

/// Largest `MaxDelaySeconds`.
const MAX_DELAY_SECONDS_MAX: u32 = 31_622_400;

/// Reads a state. `None` when something that it cannot do without was reported.
pub(super) fn read<'d>(
    builder: &mut Builder<'d, '_>,
    mut fields: Fields<'d, '_>,
    targets: &Targets<'d>,
    index: StateIndex,
) -> Option<Work> {
    let kind = kind(&mut fields)?;
    fields.text("Comment");
    common::language(&mut fields);
    common::not_supported(&mut fields, kind);
    let work = match kind {
        StateKind::Task => task(&mut fields, targets),
        StateKind::Pass => pass(&mut fields, targets),
        StateKind::Choice => choose(&mut fields, targets),
        StateKind::Wait => wait(&mut fields, targets),
        StateKind::Parallel => parallel(builder, &mut fields, targets, index),
        StateKind::Succeed => Some(Work::Succeed { flow: common::flow(&mut fields) }),
        StateKind::Fail => Some(fail(&mut fields)),
    };
    fields.finish(&format!("a {} state", kind.as_str()));
    work
}

fn kind(fields: &mut Fields<'_, '_>) -> Option<StateKind> {
    fields.require("Type")?;
    let pointer = fields.at("Type");
    Some(match fields.text("Type")? {
        "Task" => StateKind::Task,
        "Pass" => StateKind::Pass,
        "Choice" => StateKind::Choice,
        "Wait" => StateKind::Wait,
        "Parallel" => StateKind::Parallel,
        "Succeed" => StateKind::Succeed,
        "Fail" => StateKind::Fail,
        "Map" => {
            fields.report.not_supported(&pointer, "A Map state");
            return None;
        }
        other => {
            fields.report.schema(&pointer, format!("There is no type of state called '{other}'."));
            return None;
        }
    })
}

/// `Next` or `End`.
fn then(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Then> {
    let next = target(fields, targets);
    let end = match fields.take("End") {
        None => false,
        Some(Node::Leaf(serde_json::Value::Bool(end))) => *end,
        Some(_) => {
            fields.report.schema(&fields.at("End"), "'End' must be true or false.");
            return None;
        }
    };
    match (fields.has("Next"), end) {
        (true, true) => {
            fields.report.schema(&fields.at("End"), "'Next' and 'End' exclude each other.");
            None
        }
        (true, false) => next.map(Then::Go),
        (false, true) => Some(Then::Stop),
        (false, false) => {
            fields.report.schema(&fields.pointer, "One of 'Next' and 'End: true' is missing.");
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
        fields.report.error(DiagnosticCode::MissingTransitionTarget, &fields.at(name), missing(next));
    }
    found
}

fn task(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Work> {
    let resource = fields.require("Resource").and_then(|_| fields.text("Resource"));
    if resource == Some("") {
        fields.report.schema(&fields.at("Resource"), "'Resource' must not be empty.");
    }
    let timeout = limit(fields, "TimeoutSeconds", "TimeoutSecondsPath");
    let heartbeat = limit(fields, "HeartbeatSeconds", "HeartbeatSecondsPath");
    if let (Limit::Fixed(timeout), Limit::Fixed(heartbeat)) = (&timeout, &heartbeat)
        && heartbeat >= timeout
    {
        fields.report.schema(&fields.at("HeartbeatSeconds"), "'HeartbeatSeconds' must be less than 'TimeoutSeconds'.");
    }
    let errand = errand(fields, targets);
    Some(Work::Task(Box::new(Task { resource: resource?.into(), timeout, heartbeat, errand: errand? })))
}

fn limit(fields: &mut Fields<'_, '_>, name: &'static str, path_name: &'static str) -> Limit {
    fields.exclusive(name, path_name);
    let fixed = fields.whole(name, 1, SECONDS_MAX);
    match (common::reference_path(fields, path_name), fixed) {
        (Some(path), _) => Limit::At(path),
        (None, Some(seconds)) => Limit::Fixed(Duration::from_secs(seconds.into())),
        (None, None) => Limit::None,
    }
}

fn errand(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Errand> {
    let flow = common::flow(fields);
    let parameters = common::parameters(fields);
    let selector = common::selector(fields);
    let placement = common::placement(fields);
    let retry = entries(fields, "Retry", retrier);
    let catch = entries(fields, "Catch", |entry| catcher(entry, targets));
    let then = then(fields, targets);
    Some(Errand { flow, parameters, selector, placement, retry: retry?, catch: catch?, then: then? })
}

/// The entries of `Retry` or `Catch`; the one with `States.ALL` must be the last.
fn entries<T>(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
    mut read: impl FnMut(&mut Fields<'_, '_>) -> Option<T>,
) -> Option<Box<[T]>> {
    let Some(node) = fields.take(name) else { return Some(Box::default()) };
    let pointer = fields.at(name);
    let Node::Array(nodes) = node else {
        fields.report.schema(&pointer, format!("'{name}' must be an array."));
        return None;
    };
    let mut entries = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let Some(mut entry) = Fields::open(node, below(&pointer, index), fields.report) else { continue };
        entries.extend(read(&mut entry));
        entry.text("Comment");
        let takes_all = matches!(entry.take("ErrorEquals"), Some(Node::Array(names)) if names.iter().any(|name| name.text() == Some("States.ALL")));
        if takes_all && index + 1 < nodes.len() {
            entry.report.schema(&entry.at("ErrorEquals"), "\"States.ALL\" may stand in the last entry only.");
        }
        entry.finish(&format!("an entry of '{name}'"));
    }
    (entries.len() == nodes.len()).then(|| entries.into())
}

fn errors(fields: &mut Fields<'_, '_>) -> Option<Box<[Matcher]>> {
    let node = fields.require("ErrorEquals")?;
    let pointer = fields.at("ErrorEquals");
    let Node::Array(nodes) = node else {
        fields.report.schema(&pointer, "'ErrorEquals' must be an array.");
        return None;
    };
    let names: Vec<&str> = nodes.iter().filter_map(Node::text).filter(|name| !name.is_empty()).collect();
    if nodes.is_empty() || names.len() != nodes.len() {
        fields.report.schema(&pointer, "'ErrorEquals' must be a list of error names, and not empty.");
        return None;
    }
    for wildcard in ["States.ALL", "States.TaskFailed"] {
        if names.len() > 1 && names.contains(&wildcard) {
            fields.report.schema(&pointer, format!("\"{wildcard}\" must be alone in its list."));
        }
    }
    for name in names.iter().filter(|name| name.starts_with("States.") && !failure::is_reserved(name)) {
        let message =
            format!("Names that begin with \"States.\" are the language's own, and '{name}' is none of them.");
        fields.report.warning(&pointer, message);
    }
    Some(names.into_iter().map(Matcher::new).collect())
}

fn retrier(fields: &mut Fields<'_, '_>) -> Option<Retrier> {
    let errors = errors(fields);
    let interval = fields.whole("IntervalSeconds", 1, SECONDS_MAX).unwrap_or(1);
    let attempts_max = fields.whole("MaxAttempts", 0, SECONDS_MAX).unwrap_or(3);
    let delay_max = fields.whole("MaxDelaySeconds", 1, MAX_DELAY_SECONDS_MAX);
    if delay_max.is_some_and(|most| most <= interval) {
        fields.report.schema(&fields.at("MaxDelaySeconds"), "'MaxDelaySeconds' must be more than 'IntervalSeconds'.");
    }
    let backoff_rate = match fields.take("BackoffRate") {
        None => 2.0,
        Some(Node::Leaf(serde_json::Value::Number(rate))) if rate.as_f64().is_some_and(|rate| rate >= 1.0) => {
            rate.as_f64().unwrap_or(2.0)
        }
        Some(_) => {
            fields.report.schema(&fields.at("BackoffRate"), "'BackoffRate' must be a number, and at least 1.0.");
            2.0
        }
    };
    let jitter = match fields.text("JitterStrategy") {
        None | Some("NONE") => Jitter::None,
        Some("FULL") => Jitter::Full,
        Some(_) => {
            fields.report.schema(&fields.at("JitterStrategy"), "'JitterStrategy' must be \"NONE\" or \"FULL\".");
            Jitter::None
        }
    };
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    Some(Retrier {
        errors: errors?,
        interval: seconds(interval),
        attempts_max,
        backoff_rate,
        delay_max: delay_max.map(seconds),
        jitter,
    })
}

fn catcher(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Catcher> {
    let errors = errors(fields);
    let placement = common::placement(fields);
    common::not_supported(fields, StateKind::Pass);
    let next = fields.require("Next").and_then(|_| target(fields, targets));
    Some(Catcher { errors: errors?, placement, next: next? })
}

fn pass(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Work> {
    let flow = common::flow(fields);
    let parameters = common::parameters(fields);
    let result = fields.take("Result").map(|node| Arc::new(node.value()));
    let placement = common::placement(fields);
    let then = then(fields, targets)?;
    Some(Work::Pass(Box::new(Pass { flow, parameters, result, placement, then })))
}

fn choose(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Work> {
    let flow = common::flow(fields);
    let default = target_in(fields, "Default", targets);
    let rules = choice::rules(fields, targets)?;
    Some(Work::Choice(Choice { flow, rules, default }))
}

fn wait(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Work> {
    const WAYS: [&str; 4] = ["Seconds", "Timestamp", "SecondsPath", "TimestampPath"];
    let flow = common::flow(fields);
    let seconds = fields.whole("Seconds", 0, SECONDS_MAX);
    let moment = fields.text("Timestamp").and_then(|text| {
        let moment = timestamp::parse(text);
        if moment.is_none() {
            let message = format!("'{text}' is not an RFC 3339 timestamp with an upper-case T and a zone.");
            fields.report.schema(&fields.at("Timestamp"), message);
        }
        moment
    });
    let seconds_path = common::reference_path(fields, "SecondsPath");
    let moment_path = common::reference_path(fields, "TimestampPath");
    if WAYS.iter().filter(|way| fields.has(way)).count() != 1 {
        let message = "Exactly one of 'Seconds', 'Timestamp', 'SecondsPath' and 'TimestampPath' must be there.";
        fields.report.schema(&fields.pointer, message);
    }
    let then = then(fields, targets);
    let until = seconds
        .map(|seconds| Until::Passed(Duration::from_secs(seconds.into())))
        .or(moment.map(Until::Moment))
        .or(seconds_path.map(Until::PassedAt))
        .or(moment_path.map(Until::MomentAt));
    Some(Work::Wait(Wait { flow, until: until?, then: then? }))
}

fn parallel<'d>(
    builder: &mut Builder<'d, '_>,
    fields: &mut Fields<'d, '_>,
    targets: &Targets<'d>,
    index: StateIndex,
) -> Option<Work> {
    let errand = errand(fields, targets);
    let node = fields.require("Branches")?;
    let pointer = fields.at("Branches");
    let Node::Array(nodes) = node else {
        builder.report.schema(&pointer, "'Branches' must be an array.");
        return None;
    };
    if nodes.is_empty() {
        builder.report.schema(&pointer, "'Branches' must not be empty.");
    }
    let mut branches: Vec<ScopeIndex> = Vec::with_capacity(nodes.len());
    for (place, node) in nodes.iter().enumerate() {
        let Some(mut branch) = Fields::open(node, below(&pointer, place), builder.report) else { continue };
        branch.text("Comment");
        branches.push(builder.scope(&mut branch, Some(index)));
        branch.finish("a branch");
    }
    Some(Work::Parallel(Box::new(Parallel { branches: branches.into(), errand: errand? })))
}

fn fail(fields: &mut Fields<'_, '_>) -> Work {
    Work::Fail(Fail { error: text(fields, "Error", "ErrorPath"), cause: text(fields, "Cause", "CausePath") })
}

fn text(fields: &mut Fields<'_, '_>, name: &'static str, path_name: &'static str) -> Text {
    fields.exclusive(name, path_name);
    let fixed = fields.text(name);
    match (common::reference_path(fields, path_name), fixed) {
        (Some(path), _) => Text::At(path),
        (None, Some(text)) => Text::Fixed(text.to_owned()),
        (None, None) => Text::None,
    }
}
