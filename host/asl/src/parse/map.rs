//! Map states.

use syntax::Node;

use super::fields::Given;
use super::query::Sees;
use super::scope::{Builder, Sight, Targets};
use super::{distributed, errand, fields as common, kind};
use crate::fields::Fields;
use crate::kind::MachineKind;
use crate::state::{Concurrency, Map, Mode, ScopeIndex, Selection, StateIndex, Work};
use crate::template::Template;

pub(super) fn map<'d>(
    builder: &mut Builder<'d, '_>,
    fields: &mut Fields<'d, '_>,
    targets: &Targets<'d>,
    index: StateIndex,
) -> Option<Work> {
    let selector = selector(fields);
    let errand = errand::errand(fields, (selector, "ItemSelector"), targets);
    let items = items(fields);
    let concurrency = concurrency(fields);
    let (name, node) = processor(fields)?;
    let mut inner = fields.open_inner(node, fields.at(name))?;
    let mode = if name == "Iterator" { Mode::Inline } else { mode(&mut inner) };
    kind::check_mode(fields, name, mode);
    let distributed = distributed::fields(fields, mode);
    if mode == Mode::Inline
        && let Selection::Made(Template::Fixed(value)) = &items
        && !value.is_array()
    {
        fields.wrong("Items", "'Items' must be an array, or an expression in '{% … %}' that gives one.");
    }
    let sight = if mode == Mode::Inline { Sight::Inside } else { Sight::Apart };
    let report = fields.report;
    let processor: ScopeIndex = kind::inside(report, mode, || builder.scope(&mut inner, Some(index), sight));
    inner.finish(&format!("'{name}'"));
    Some(Work::Map(Box::new(Map { mode, items, concurrency, distributed, processor, errand: errand? })))
}

fn concurrency(fields: &mut Fields<'_, '_>) -> Concurrency {
    const NAMES: (&str, &str) = ("MaxConcurrency", "MaxConcurrencyPath");
    common::exclusive(fields, NAMES);
    match common::number(fields, NAMES, (0, u32::MAX)) {
        None => Concurrency::Fixed(0),
        Some(Given::Fixed(most)) => Concurrency::Fixed(most),
        Some(Given::Made(formula)) => Concurrency::At(formula),
    }
}

/// What shapes the input of an iteration in JSONPath: `ItemSelector`, or its old name.
fn selector(fields: &mut Fields<'_, '_>) -> &'static str {
    if fields.is_jsonata() {
        return "ItemSelector";
    }
    fields.exclusive("ItemSelector", "Parameters");
    let is_old = fields.take("Parameters").is_some() && !fields.has("ItemSelector");
    if is_old { "Parameters" } else { "ItemSelector" }
}

/// `ItemsPath` or `Items`.
fn items(fields: &mut Fields<'_, '_>) -> Selection {
    if fields.is_jsonata() {
        return common::template(fields, "Items", Sees::Input).map_or(Selection::Whole, Selection::Made);
    }
    match common::path(fields, "ItemsPath") {
        Some(path) if !path.is_whole() => Selection::Part(path),
        _ => Selection::Whole,
    }
}

/// `ItemProcessor`, or its old form, and the name of it.
fn processor<'d>(fields: &mut Fields<'d, '_>) -> Option<(&'static str, &'d Node)> {
    fields.exclusive("ItemProcessor", "Iterator");
    let old = fields.take("Iterator").map(|node| ("Iterator", node));
    if old.is_some() && !fields.has("ItemProcessor") {
        return old;
    }
    fields.require("ItemProcessor").map(|node| ("ItemProcessor", node))
}

/// `ProcessorConfig`.
fn mode(inner: &mut Fields<'_, '_>) -> Mode {
    let Some(node) = inner.take("ProcessorConfig") else { return Mode::Inline };
    let place = inner.at("ProcessorConfig");
    let Some(mut config) = Fields::open(node, place, inner.report) else { return Mode::Inline };
    let is_distributed = config.word("Mode", &[("INLINE", false), ("DISTRIBUTED", true)]).unwrap_or_default();
    let kind = config.word("ExecutionType", &MachineKind::WORDS);
    if !is_distributed && config.has("ExecutionType") {
        config.wrong("ExecutionType", "Only the mode DISTRIBUTED has an 'ExecutionType'; remove it.");
    }
    if is_distributed && !config.has("ExecutionType") {
        config.report.schema(place, "The mode DISTRIBUTED needs an 'ExecutionType'; add it.");
    }
    config.finish("'ProcessorConfig'");
    if is_distributed { Mode::Distributed(kind.unwrap_or_default()) } else { Mode::Inline }
}
