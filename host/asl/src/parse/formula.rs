//! Paths and intrinsic functions: what can be said of them while the definition is read.

use std::cell::Cell;

use serde_json::Value;
use syntax::{At, quoted};

use crate::diagnostic::{MentionKind, Report};
use crate::formula::Look;
use crate::reads::Part;
use jsonpath::Call;
use jsonpath::Formula;
use jsonpath::{Path, Root};
use jsonpath::{Sight, World};

/// Longest path, in bytes.
const PATH_BYTES_MAX: usize = 8_192;
/// How many regular expressions all formulas of a definition may have: each is compiled.
pub(super) const REGEXES_MAX: usize = 256;

/// Compiles a path or an intrinsic function; reports what cannot be.
pub(crate) fn formula(text: &str, at: At, report: &Report) -> Option<Formula> {
    if text.starts_with("States.") {
        return call(text, at, report).map(|call| Formula::Call(Box::new(call)));
    }
    if text.starts_with('$') {
        return path(text, at, report).map(Formula::Path);
    }
    let message = format!("{} must be a path, which starts with '$', or an intrinsic function.", quoted(text));
    report.schema(at, message);
    None
}

/// Compiles a path; reports one that cannot be.
pub(super) fn path(text: &str, at: At, report: &Report) -> Option<Path> {
    if !affords(text, at, report) {
        return None;
    }
    match Path::parse(text) {
        Ok(path) => {
            path.visit(&mut |path| note(path, at, report));
            Some(path)
        }
        Err(error) => {
            report.schema(at, format!("{} is not a path that can stand here: {}.", quoted(text), error.0));
            None
        }
    }
}

/// A path that names one place.
pub(super) fn one_place(text: &str, at: At, report: &Report) -> Option<Path> {
    let path = path(text, at, report)?;
    if path.names_one_place() {
        return Some(path);
    }
    let message = "only names and non-negative indexes may stand here";
    report.schema(at, format!("{} is not a path that can stand here: {message}.", quoted(text)));
    None
}

/// Compiles an intrinsic function; reports one that cannot be, and one that always fails.
pub(super) fn call(text: &str, at: At, report: &Report) -> Option<Call> {
    if !affords(text, at, report) {
        return None;
    }
    let call = match Call::parse(text) {
        Ok(call) => call,
        Err(why) => {
            report.schema(at, format!("{} is not a function that can stand here: {why}.", quoted(text)));
            return None;
        }
    };
    call.visit(&mut |path| note(path, at, report));
    if call.is_constant()
        && let Err(fault) = call.evaluate(Sight { document: &Value::Null, world: &nowhere() }, "")
    {
        report.doubt(at, format!("This always fails: {}.", fault.to_string().trim_end_matches('.')));
    }
    Some(call)
}

fn affords(text: &str, at: At, report: &Report) -> bool {
    if text.len() > PATH_BYTES_MAX {
        report.schema(at, format!("A path or function must not be longer than {PATH_BYTES_MAX} bytes."));
        return false;
    }
    report.regexes.set(report.regexes.get() + text.matches("=~").count());
    if report.regexes.get() > REGEXES_MAX {
        report.schema(at, format!("A definition may have at most {REGEXES_MAX} regular expressions."));
        return false;
    }
    true
}

/// Surroundings for what needs none.
fn nowhere() -> World {
    World {
        context: Value::Null,
        input: None,
        item: None,
        variables: Vec::new(),
        seed: 0,
        draws: Cell::new(0),
        allowance: Cell::new(1_048_576),
        limit: 262_144,
    }
}

fn note(path: &Path, at: At, report: &Report) {
    match path.root() {
        Root::Variable(name) => report.mention(at, name, MentionKind::Read),
        Root::Context if !is_known(&path.leading_names()) => {
            report.doubt(at, format!("The context object never has what {} asks for.", quoted(&path.to_string())));
        }
        _ => {}
    }
}

/// Whether the context object can have what the steps lead to.
pub(super) fn is_known(names: &[&str]) -> bool {
    const MEMBERS: [(&str, &[&str]); 5] = [
        ("Execution", &["Id", "Name", "Input", "RoleArn", "StartTime", "RedriveCount", "RedriveTime"]),
        ("State", &["Name", "EnteredTime", "RetryCount"]),
        ("StateMachine", &["Id", "Name"]),
        ("Task", &["Token"]),
        ("Map", &["Item"]),
    ];
    let [owner, rest @ ..] = names else { return true };
    let known = MEMBERS.iter().find(|(known, _)| known == owner);
    known.is_some_and(|(_, members)| rest.first().is_none_or(|member| members.contains(member)))
}

/// Whether the formula may hand on the token of a task.
pub(super) fn has_token(look: Look<'_>) -> bool {
    match look {
        Look::Query(query) => query.reads.has(Part::Token),
        Look::Path(path) => match path.root() {
            Root::Context => path.leading_names() == ["Task", "Token"],
            Root::WholeContext => path.is_root(),
            _ => false,
        },
    }
}
