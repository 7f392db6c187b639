//! Map states.

use super::scope::{Builder, Sight, Targets};
use super::{distributed, errand, fields as common};
use crate::document::{Fields, Node};
use crate::failure::UNSUPPORTED_DISTRIBUTED_MAP;
use crate::state::{Concurrency, Map, Mode, ScopeIndex, StateIndex, Work};

pub(super) fn map<'d>(
    builder: &mut Builder<'d, '_>,
    fields: &mut Fields<'d, '_>,
    targets: &Targets<'d>,
    index: StateIndex,
) -> Option<Work> {
    fields.exclusive("ItemSelector", "Parameters");
    let is_old = fields.has("Parameters") && !fields.has("ItemSelector");
    let errand = errand::errand(fields, if is_old { "Parameters" } else { "ItemSelector" }, targets);
    fields.take("Parameters");
    let items = common::path(fields, "ItemsPath");
    let concurrency = concurrency(fields);
    let (name, node) = processor(fields)?;
    let mut inner = Fields::open(node, fields.at(name), builder.report)?;
    inner.text("Comment");
    let mode = if name == "Iterator" { Mode::Inline } else { mode(&mut inner) };
    distributed::fields(fields, mode);
    if mode == Mode::Distributed {
        let message =
            format!("A distributed Map is checked, and not run: it fails with \"{UNSUPPORTED_DISTRIBUTED_MAP}\".");
        fields.report.doubt(fields.place, message);
    }
    let sight = if mode == Mode::Inline { Sight::Inside } else { Sight::Apart };
    let processor: ScopeIndex = builder.scope(&mut inner, Some(index), sight);
    inner.finish(&format!("'{name}'"));
    Some(Work::Map(Box::new(Map { mode, items, concurrency, processor, errand: errand? })))
}

fn concurrency(fields: &mut Fields<'_, '_>) -> Concurrency {
    fields.exclusive("MaxConcurrency", "MaxConcurrencyPath");
    let fixed = fields.whole("MaxConcurrency", 0, u32::MAX).unwrap_or(0);
    common::one_place(fields, "MaxConcurrencyPath").map_or(Concurrency::Fixed(fixed), Concurrency::At)
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
    let mode = config.word("Mode", &[("INLINE", Mode::Inline), ("DISTRIBUTED", Mode::Distributed)]);
    let mode = mode.unwrap_or(Mode::Inline);
    let kind = config.word("ExecutionType", &[("STANDARD", ()), ("EXPRESS", ())]);
    match mode {
        Mode::Inline if config.has("ExecutionType") => {
            config.wrong("ExecutionType", "Only the mode DISTRIBUTED has an 'ExecutionType'; remove it.");
        }
        Mode::Distributed if kind.is_none() && !config.has("ExecutionType") => {
            config.report.schema(place, "The mode DISTRIBUTED needs an 'ExecutionType'; add it.");
        }
        _ => {}
    }
    config.finish("'ProcessorConfig'");
    mode
}
