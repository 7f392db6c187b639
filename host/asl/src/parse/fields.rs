//! Fields that several states have: paths, selections, placements, templates.

use crate::diagnostic::Report;
use crate::document::{Fields, Node};
use crate::path::{Path, PathError};
use crate::reference_path::ReferencePath;
use crate::state::{Flow, Placement, Selection, StateKind};
use crate::template::Template;

/// Fields of the language that this version does not run, wherever the language allows them.
const NOT_SUPPORTED: [(&str, &str, &[StateKind]); 4] = {
    use StateKind::{Choice, Parallel, Pass, Succeed, Task, Wait};
    [
        ("Assign", "'Assign' (variables)", &[Task, Parallel, Pass, Wait, Choice]),
        ("Arguments", "'Arguments' (JSONata)", &[Task, Parallel]),
        ("Output", "'Output' (JSONata)", &[Task, Parallel, Pass, Wait, Choice, Succeed]),
        ("Credentials", "'Credentials'", &[Task]),
    ]
};

/// Reports what this version does not run yet.
pub(super) fn not_supported(fields: &mut Fields<'_, '_>, kind: StateKind) {
    for (name, what, kinds) in NOT_SUPPORTED {
        if kinds.contains(&kind) && fields.take(name).is_some() {
            fields.report.not_supported(&fields.at(name), what);
        }
    }
}

/// `QueryLanguage`, of the machine or of a state.
pub(super) fn language(fields: &mut Fields<'_, '_>) {
    match fields.text("QueryLanguage") {
        None | Some("JSONPath") => {}
        Some("JSONata") => fields.report.not_supported(&fields.at("QueryLanguage"), "The query language JSONata"),
        Some(_) => {
            let message = "'QueryLanguage' must be \"JSONPath\" or \"JSONata\".";
            fields.report.schema(&fields.at("QueryLanguage"), message);
        }
    }
}

/// Compiles a path; reports one that cannot be.
pub(crate) fn path(text: &str, pointer: &str, report: &Report) -> Option<Path> {
    judge(Path::parse(text), text, pointer, report)
}

fn judge<P>(parsed: Result<P, PathError>, text: &str, pointer: &str, report: &Report) -> Option<P> {
    match parsed {
        Ok(path) => Some(path),
        Err(PathError::NotSupported(what)) => {
            report.not_supported(pointer, what);
            None
        }
        Err(PathError::Malformed(why)) => {
            report.schema(pointer, format!("'{text}' is not a path that can stand here: {why}."));
            None
        }
    }
}

/// A text field that holds a reference path.
pub(super) fn reference_path(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<ReferencePath> {
    let text = fields.text(name)?;
    let pointer = fields.at(name);
    if text.starts_with("States.") {
        fields.report.not_supported(&pointer, "An intrinsic function");
        return None;
    }
    judge(ReferencePath::parse(text), text, &pointer, fields.report)
}

/// `InputPath` and `OutputPath`.
pub(super) fn flow(fields: &mut Fields<'_, '_>) -> Flow {
    Flow { input: selection(fields, "InputPath"), output: selection(fields, "OutputPath") }
}

fn selection(fields: &mut Fields<'_, '_>, name: &'static str) -> Selection {
    if fields.take(name).is_some_and(Node::is_null) {
        return Selection::Nothing;
    }
    let Some(text) = fields.text(name) else { return Selection::Whole };
    match path(text, &fields.at(name), fields.report) {
        Some(path) if !path.is_whole() => Selection::Part(path),
        _ => Selection::Whole,
    }
}

/// `ResultPath`.
pub(super) fn placement(fields: &mut Fields<'_, '_>) -> Placement {
    if fields.take("ResultPath").is_some_and(Node::is_null) {
        return Placement::Discard;
    }
    match reference_path(fields, "ResultPath") {
        Some(path) if !path.path().is_whole() => Placement::Into(path),
        _ => Placement::Replace,
    }
}

/// `Parameters`: any JSON.
pub(super) fn parameters(fields: &mut Fields<'_, '_>) -> Option<Template> {
    let node = fields.take("Parameters")?;
    Some(Template::read(node, &fields.at("Parameters"), fields.report))
}

/// `ResultSelector`: an object.
pub(super) fn selector(fields: &mut Fields<'_, '_>) -> Option<Template> {
    let node = fields.take("ResultSelector")?;
    let pointer = fields.at("ResultSelector");
    if !matches!(node, Node::Object(_)) {
        fields.report.schema(&pointer, "'ResultSelector' must be an object.");
    }
    Some(Template::read(node, &pointer, fields.report))
}
