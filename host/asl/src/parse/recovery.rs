//! `Retry` and `Catch`.

use std::time::Duration;

use syntax::{Node, quoted};

use super::assign::assign;
use super::query::Sees;
use super::scope::Targets;
use super::{SECONDS_MAX, fields as common, state};
use crate::failure::{self, RUNTIME};
use crate::fields::Fields;
use crate::recovery::{Catcher, Jitter, Matcher, Retrier};

/// Largest `MaxDelaySeconds`.
const MAX_DELAY_SECONDS_MAX: u32 = 31_622_400;

/// `Retry`.
pub(super) fn retry(fields: &mut Fields<'_, '_>) -> Option<Box<[Retrier]>> {
    entries(fields, "Retry", retrier)
}

/// `Catch`.
pub(super) fn catch(fields: &mut Fields<'_, '_>, targets: &Targets<'_>) -> Option<Box<[Catcher]>> {
    entries(fields, "Catch", |entry, errors| catcher(entry, errors, targets))
}

/// The entries of one of them; the one with `States.ALL` must be the last.
fn entries<T>(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
    mut read: impl FnMut(&mut Fields<'_, '_>, Option<Box<[Matcher]>>) -> Option<T>,
) -> Option<Box<[T]>> {
    let Some(node) = fields.take(name) else { return Some(Box::default()) };
    let Some(nodes) = node.items() else {
        fields.wrong(name, format!("'{name}' must be an array."));
        return None;
    };
    let mut entries = Vec::with_capacity(nodes.len());
    let mut before = std::collections::HashSet::new();
    for (index, node) in nodes.iter().enumerate() {
        let Some(mut entry) = fields.open_inner(node, node.at) else { continue };
        let errors = errors(&mut entry);
        for matcher in errors.iter().flatten() {
            if *matcher == Matcher::All && index + 1 < nodes.len() {
                entry.wrong("ErrorEquals", "\"States.ALL\" may stand in the last entry only; move it there.");
            }
            if !before.insert(matcher.clone()) {
                let message = "An entry before this one takes the same error: this one never does.";
                entry.report.doubt(entry.at("ErrorEquals"), message);
            }
        }
        entries.extend(read(&mut entry, errors));
        entry.finish(&format!("an entry of '{name}'"));
    }
    (entries.len() == nodes.len()).then(|| entries.into())
}

fn errors(fields: &mut Fields<'_, '_>) -> Option<Box<[Matcher]>> {
    fields.require("ErrorEquals")?;
    let nodes = fields.list("ErrorEquals")?;
    let names: Vec<&str> = nodes.iter().filter_map(Node::text).filter(|name| !name.is_empty()).collect();
    if names.len() != nodes.len() {
        fields.wrong("ErrorEquals", "'ErrorEquals' must be a list of error names.");
        return None;
    }
    for wildcard in ["States.ALL", "States.TaskFailed"] {
        if names.len() > 1 && names.contains(&wildcard) {
            fields.wrong("ErrorEquals", format!("\"{wildcard}\" must be alone in its list."));
        }
    }
    let doubt = |message: String| fields.report.doubt(fields.at("ErrorEquals"), message);
    for name in &names {
        if *name == RUNTIME {
            doubt(format!("\"{RUNTIME}\" is never retried and never caught."));
        } else if name.starts_with("States.") && !failure::is_reserved(name) {
            let name = quoted(name);
            doubt(format!("Names that begin with \"States.\" are the language's own, and {name} is none of them."));
        }
    }
    Some(names.into_iter().map(Matcher::new).collect())
}

fn retrier(fields: &mut Fields<'_, '_>, errors: Option<Box<[Matcher]>>) -> Option<Retrier> {
    let comment = fields.text("Comment").map(Box::from);
    let interval = fields.whole("IntervalSeconds", 1, SECONDS_MAX).unwrap_or(1);
    let attempts_max = fields.whole("MaxAttempts", 0, SECONDS_MAX).unwrap_or(3);
    let delay_max = fields.whole("MaxDelaySeconds", 1, MAX_DELAY_SECONDS_MAX);
    if delay_max.is_some_and(|most| most <= interval) {
        fields.wrong("MaxDelaySeconds", "'MaxDelaySeconds' must be more than 'IntervalSeconds'.");
    }
    let backoff_rate = match fields.take("BackoffRate").map(|node| node.number().and_then(serde_json::Number::as_f64)) {
        None => 2.0,
        Some(Some(rate)) if rate >= 1.0 => rate,
        Some(_) => {
            fields.wrong("BackoffRate", "'BackoffRate' must be a number, and at least 1.0.");
            2.0
        }
    };
    let jitter = fields.word("JitterStrategy", &[("NONE", Jitter::None), ("FULL", Jitter::Full)]);
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    Some(Retrier {
        errors: errors?,
        interval: seconds(interval),
        attempts_max,
        backoff_rate,
        delay_max: delay_max.map(seconds),
        jitter: jitter.unwrap_or(Jitter::None),
        comment,
    })
}

fn catcher(fields: &mut Fields<'_, '_>, errors: Option<Box<[Matcher]>>, targets: &Targets<'_>) -> Option<Catcher> {
    let comment = fields.text("Comment").map(Box::from);
    common::foreign_catcher(fields);
    let placement = common::placement(fields);
    let output = if fields.is_jsonata() { common::template(fields, "Output", Sees::Error) } else { None };
    let assign = assign(fields, Sees::Error);
    let next = fields.require("Next").and_then(|_| state::target(fields, targets));
    Some(Catcher { errors: errors?, placement, output, assign, next: next?, comment })
}
