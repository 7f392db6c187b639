//! Fields that several states have: paths, selections, placements, templates, limits, in either language.

use std::time::Duration;

use syntax::{Node, Shape, quoted};

use super::query::{self, Place, Sees};
use super::{SECONDS_MAX, formula};
use crate::fields::Fields;
use crate::formula::Formula;
use crate::state::{Flow, Limit, Placement, Selection};
use crate::template::Template;
use jsonpath::{Path, ReferencePath};

pub(super) use super::foreign::{foreign, foreign_arguments, foreign_catcher, foreign_path, foreign_rule};

/// A constant, or the formula that gives it.
pub(super) enum Given<T> {
    Fixed(T),
    Made(Formula),
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

/// `InputPath` and `OutputPath`, or `Output`.
pub(super) fn flow(fields: &mut Fields<'_, '_>) -> Flow {
    if fields.is_jsonata() {
        let output = template(fields, "Output", Sees::Input);
        return Flow { input: Selection::Whole, output: output.map_or(Selection::Whole, Selection::Made) };
    }
    Flow { input: selection(fields, "InputPath"), output: selection(fields, "OutputPath") }
}

/// The way of the data through a state with a result: the selections, the template by which its input is shaped, called
/// so in JSONPath and so in JSONata, and where the result goes.
pub(super) fn shaping(
    fields: &mut Fields<'_, '_>,
    (jsonpath, jsonata): (&'static str, &'static str),
) -> (Flow, Option<Template>, Placement) {
    if fields.is_jsonata() {
        let flow = Flow { input: Selection::Whole, output: Selection::Whole };
        return (flow, template(fields, jsonata, Sees::Input), Placement::Replace);
    }
    (flow(fields), template(fields, jsonpath, Sees::Input), placement(fields))
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
    if fields.is_jsonata() {
        return Placement::Replace;
    }
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
pub(super) fn template(fields: &mut Fields<'_, '_>, name: &'static str, sees: Sees) -> Option<Template> {
    let node = fields.take(name)?;
    if fields.is_jsonata() {
        return Some(query::template(node, Place { field: name, at: fields.at(name), sees }, fields.report));
    }
    Some(Template::read(node, fields.report))
}

/// A template that must be an object, or in JSONata an expression.
pub(super) fn object_template(fields: &mut Fields<'_, '_>, name: &'static str, sees: Sees) -> Option<Template> {
    let node = fields.take(name)?;
    let is_object = matches!(node.shape, Shape::Object(_));
    let read = template(fields, name, sees);
    if !is_object && !matches!(read, Some(Template::Filled(_))) {
        fields.wrong(name, format!("'{name}' must be an object."));
    }
    read
}

/// What the text of a field is.
pub(super) enum Written {
    Literal,
    /// None where it could not be read, which has been reported.
    Expression(Option<Formula>),
}

/// Reads the text of a field, which in JSONata may be an expression.
pub(super) fn written(fields: &Fields<'_, '_>, name: &str, text: &str) -> Written {
    if !fields.is_jsonata() {
        return Written::Literal;
    }
    let place = Place { field: name, at: fields.at(name), sees: Sees::Input };
    match query::marked(text, place.at, fields.report) {
        query::Text::Literal => Written::Literal,
        query::Text::Broken => Written::Expression(None),
        query::Text::Expression(text) => Written::Expression(query::expression(text, place, fields.report)),
    }
}

/// A text; in JSONata perhaps an expression.
pub(super) fn text<'d>(fields: &mut Fields<'d, '_>, name: &'static str) -> Option<Given<&'d str>> {
    let text = fields.text(name)?;
    match written(fields, name, text) {
        Written::Expression(formula) => formula.map(Given::Made),
        Written::Literal => Some(Given::Fixed(text)),
    }
}

/// A whole number within bounds; in JSONPath perhaps the path to one, in JSONata perhaps an expression.
pub(super) fn number(
    fields: &mut Fields<'_, '_>,
    (name, path_name): (&'static str, &'static str),
    (low, high): (u32, u32),
) -> Option<Given<u32>> {
    if !fields.is_jsonata() {
        let fixed = fields.whole(name, low, high);
        let path = one_place(fields, path_name);
        return path.map(|path| Given::Made(Formula::path(path))).or(fixed.map(Given::Fixed));
    }
    if let Some(text) = fields.take(name)?.text()
        && let Written::Expression(formula) = written(fields, name, text)
    {
        return formula.map(Given::Made);
    }
    fields.whole(name, low, high).map(Given::Fixed)
}

/// Reports that a field and its path form exclude each other, where there is a path form.
pub(super) fn exclusive(fields: &Fields<'_, '_>, (name, path_name): (&str, &str)) {
    if !fields.is_jsonata() {
        fields.exclusive(name, path_name);
    }
}

/// A number of seconds from 1, or where to find it.
pub(super) fn limit(fields: &mut Fields<'_, '_>, name: &'static str, path_name: &'static str) -> Limit {
    exclusive(fields, (name, path_name));
    match number(fields, (name, path_name), (1, SECONDS_MAX)) {
        None => Limit::None,
        Some(Given::Fixed(seconds)) => Limit::Fixed(Duration::from_secs(seconds.into())),
        Some(Given::Made(formula)) => Limit::At(formula),
    }
}
