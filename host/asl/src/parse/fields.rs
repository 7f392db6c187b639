//! Fields that several states have: paths, selections, placements, templates, limits.

use std::time::Duration;

use super::{SECONDS_MAX, formula};
use crate::document::{Fields, Node, Shape, quoted};
use crate::reference_path::ReferencePath;
use crate::state::{Flow, Limit, Placement, Selection, StateKind};
use crate::template::Template;
use jsonpath::Path;

/// Fields of the other language, and what stands for each in this one.
const OF_JSONATA: [(&str, &str, &[StateKind]); 4] = {
    use StateKind::{Choice, Map, Parallel, Pass, Succeed, Task, Wait};
    [
        ("Arguments", "'Parameters'", &[Task, Parallel]),
        (
            "Output",
            "'ResultSelector', 'ResultPath' and 'OutputPath'",
            &[Task, Parallel, Map, Pass, Wait, Choice, Succeed],
        ),
        ("Items", "'ItemsPath'", &[Map]),
        ("Condition", "'Variable' with an operator", &[]),
    ]
};

/// Reports the fields of JSONata states in a JSONPath state.
pub(super) fn foreign(fields: &mut Fields<'_, '_>, kind: StateKind) {
    for (name, instead, kinds) in OF_JSONATA {
        if kinds.contains(&kind) {
            foreign_field(fields, name, instead);
        }
    }
}

/// Reports `Condition` in a rule of a JSONPath state.
pub(super) fn foreign_condition(fields: &mut Fields<'_, '_>) {
    foreign_field(fields, "Condition", "'Variable' with an operator");
}

fn foreign_field(fields: &mut Fields<'_, '_>, name: &'static str, instead: &str) {
    if fields.take(name).is_some() {
        let message = format!("'{name}' belongs to JSONata states; a JSONPath state has {instead}.");
        fields.wrong(name, message);
    }
}

/// A text field that holds a path to one place.
pub(super) fn one_place(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<Path> {
    let text = fields.text(name)?;
    formula::one_place(text, fields.at(name), fields.report)
}

/// A text field that holds a path.
pub(super) fn path(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<Path> {
    let text = fields.text(name)?;
    formula::path(text, fields.at(name), fields.report)
}

/// `InputPath` and `OutputPath`.
pub(super) fn flow(fields: &mut Fields<'_, '_>) -> Flow {
    Flow { input: selection(fields, "InputPath"), output: selection(fields, "OutputPath") }
}

fn selection(fields: &mut Fields<'_, '_>, name: &'static str) -> Selection {
    if fields.take(name).is_some_and(Node::is_null) {
        return Selection::Nothing;
    }
    match path(fields, name) {
        Some(path) if !path.is_whole() => Selection::Part(path),
        _ => Selection::Whole,
    }
}

/// `ResultPath`.
pub(super) fn placement(fields: &mut Fields<'_, '_>) -> Placement {
    if fields.take("ResultPath").is_some_and(Node::is_null) {
        return Placement::Discard;
    }
    let Some(text) = fields.text("ResultPath") else { return Placement::Replace };
    match ReferencePath::parse(text) {
        Ok(path) if path.path().is_whole() => Placement::Replace,
        Ok(path) => Placement::Into(path),
        Err(error) => {
            let message = format!("{} is not a path that can stand here: {}.", quoted(text), error.0);
            fields.wrong("ResultPath", message);
            Placement::Replace
        }
    }
}

/// A template of any JSON.
pub(super) fn template(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<Template> {
    let node = fields.take(name)?;
    Some(Template::read(node, fields.report))
}

/// A template that must be an object.
pub(super) fn object_template(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<Template> {
    let node = fields.take(name)?;
    if !matches!(node.shape, Shape::Object(_)) {
        fields.wrong(name, format!("'{name}' must be an object."));
    }
    Some(Template::read(node, fields.report))
}

/// A number of seconds from 1, or where to find it.
pub(super) fn limit(fields: &mut Fields<'_, '_>, name: &'static str, path_name: &'static str) -> Limit {
    fields.exclusive(name, path_name);
    let fixed = fields.whole(name, 1, SECONDS_MAX);
    match (one_place(fields, path_name), fixed) {
        (Some(path), _) => Limit::At(path),
        (None, Some(seconds)) => Limit::Fixed(Duration::from_secs(seconds.into())),
        (None, None) => Limit::None,
    }
}
