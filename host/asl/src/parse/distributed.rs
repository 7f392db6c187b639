//! The fields that only a distributed Map has.

use syntax::Node;

use super::fields::{self as common, Given, Written};
use super::query::Sees;
use crate::fields::Fields;
use crate::formula::Formula;
use crate::state::Mode;
use crate::template::Template;

/// Names of all of them.
const FIELDS: [&str; 8] = [
    "Label",
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
];

/// Longest `Label`, in characters.
const LABEL_CHARACTERS_MAX: usize = 40;
/// Most items that a reader may be asked for.
const ITEMS_MAX: u32 = 100_000_000;
/// Most bytes of the input of one batch.
const BATCH_BYTES_MAX: u32 = 262_144;
/// Longest `ItemsPointer`, in characters, and one more.
const POINTER_CHARACTERS: usize = 2_000;

/// What the fields of one object say, and what of it is filled in from the data.
#[derive(Default)]
struct Kept(Vec<(String, Template)>);

impl Kept {
    /// Keeps a field as it is written.
    fn fixed(&mut self, fields: &Fields<'_, '_>, name: &'static str) {
        self.0.extend(fields.value(name).map(|value| (name.to_owned(), Template::Fixed(value))));
    }

    fn put(&mut self, name: &'static str, template: Option<Template>) {
        self.0.extend(template.map(|template| (name.to_owned(), template)));
    }
}

/// What is done with the fields of one object.
type Read = fn(&mut Fields<'_, '_>, &mut Kept);

/// What a Map of the mode DISTRIBUTED has beside an inline one: an object of its fields by their names, where that of a
/// path is the name of what it leads to, and what a reader or writer is given is `Arguments`.
pub(super) fn fields(fields: &mut Fields<'_, '_>, mode: Mode) -> Option<Template> {
    if mode == Mode::Inline {
        for name in FIELDS {
            if fields.take(name).is_some() {
                let message = format!("Only a Map of the mode DISTRIBUTED has '{name}'; remove it or set the mode.");
                fields.wrong(name, message);
            }
        }
        return None;
    }
    let mut kept = Kept::default();
    label(fields);
    kept.fixed(fields, "Label");
    value_or_path(fields, ("ToleratedFailureCount", "ToleratedFailureCountPath"), (0, u32::MAX), &mut kept);
    percentage(fields, &mut kept);
    let items = if fields.is_jsonata() { "Items" } else { "ItemsPath" };
    fields.exclusive("ItemReader", items);
    object(fields, "ItemReader", reader, &mut kept);
    object(fields, "ItemBatcher", batcher, &mut kept);
    object(fields, "ResultWriter", writer, &mut kept);
    Some(Template::Object(kept.0.into()))
}

fn label(fields: &mut Fields<'_, '_>) {
    const REFUSED: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";
    let Some(label) = fields.text("Label") else { return };
    let refused = |character: char| character.is_whitespace() || character.is_control() || REFUSED.contains(character);
    if label.is_empty() || label.chars().count() > LABEL_CHARACTERS_MAX || label.contains(refused) {
        let message =
            "'Label' must have 1 to 40 characters, without spaces and without any of <>{}[]?*\"#%\\^|~`$&,;:/";
        fields.wrong("Label", message);
    }
}

fn value_or_path(
    fields: &mut Fields<'_, '_>,
    names: (&'static str, &'static str),
    bounds: (u32, u32),
    kept: &mut Kept,
) {
    common::foreign_path(fields, names);
    common::exclusive(fields, names);
    let template = common::number(fields, names, bounds).map(|given| match given {
        Given::Fixed(number) => Template::Fixed(number.into()),
        Given::Made(formula) => Template::Filled(formula),
    });
    kept.put(names.0, template);
}

fn percentage(fields: &mut Fields<'_, '_>, kept: &mut Kept) {
    const NAMES: (&str, &str) = ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath");
    common::foreign_path(fields, NAMES);
    common::exclusive(fields, NAMES);
    if let Some(text) = fields.take(NAMES.0).and_then(Node::text)
        && let Written::Expression(formula) = common::written(fields, NAMES.0, text)
    {
        return kept.put(NAMES.0, formula.map(Template::Filled));
    }
    let number =
        fields.take("ToleratedFailurePercentage").map(|node| node.number().and_then(serde_json::Number::as_f64));
    if number.is_some_and(|number| number.is_none_or(|number| !(0.0..=100.0).contains(&number))) {
        let message = "'ToleratedFailurePercentage' must be a number from 0 to 100.";
        fields.wrong("ToleratedFailurePercentage", message);
    }
    kept.fixed(fields, NAMES.0);
    if !fields.is_jsonata() {
        let path = common::one_place(fields, NAMES.1);
        kept.put(NAMES.0, path.map(|path| Template::Filled(Formula::path(path))));
    }
}

fn object(fields: &mut Fields<'_, '_>, name: &'static str, read: Read, kept: &mut Kept) {
    let Some(node) = fields.take(name) else { return };
    let Some(mut inner) = fields.open_inner(node, fields.at(name)) else { return };
    let mut of_it = Kept::default();
    read(&mut inner, &mut of_it);
    inner.finish(&format!("'{name}'"));
    kept.put(name, Some(Template::Object(of_it.0.into())));
}

/// `Parameters` or `Arguments`: which of them there may be.
fn arguments(fields: &mut Fields<'_, '_>, kept: &mut Kept) -> &'static str {
    common::foreign_arguments(fields);
    let name = if fields.is_jsonata() { "Arguments" } else { "Parameters" };
    let template = common::object_template(fields, name, Sees::Input);
    kept.put("Arguments", template);
    name
}

fn reader(fields: &mut Fields<'_, '_>, kept: &mut Kept) {
    fields.require("Resource");
    let resources = [("arn:aws:states:::s3:getObject", ()), ("arn:aws:states:::s3:listObjectsV2", ())];
    fields.word("Resource", &resources);
    kept.fixed(fields, "Resource");
    arguments(fields, kept);
    object(fields, "ReaderConfig", reader_config, kept);
}

fn reader_config(fields: &mut Fields<'_, '_>, kept: &mut Kept) {
    let kinds = ["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"].map(|kind| (kind, kind));
    let kind = fields.word("InputType", &kinds);
    fields.word("Transformation", &[("NONE", ()), ("LOAD_AND_FLATTEN", ())]);
    let manifest = fields.word("ManifestType", &[("ATHENA_DATA", false), ("S3_INVENTORY", true)]);
    if manifest == Some(true) && kind.is_some() {
        fields.wrong("InputType", "An S3 inventory has no 'InputType'; remove it.");
    }
    let given = fields.word("CSVHeaderLocation", &[("FIRST_ROW", false), ("GIVEN", true)]);
    let headers = fields.has("CSVHeaders");
    fields.list("CSVHeaders").into_iter().flatten().filter(|node| node.text().is_none()).for_each(|node| {
        fields.report.schema(node.at, "A header must be a string.");
    });
    if headers != (given == Some(true)) {
        fields
            .report
            .schema(fields.place, "'CSVHeaders' must be there when 'CSVHeaderLocation' is GIVEN, and only then.");
    }
    let delimiters = ["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"].map(|delimiter| (delimiter, ()));
    fields.word("CSVDelimiter", &delimiters);
    value_or_path(fields, ("MaxItems", "MaxItemsPath"), (1, ITEMS_MAX), kept);
    let pointer = fields.text("ItemsPointer");
    if pointer.is_some_and(|pointer| !pointer.starts_with('/') || pointer.chars().count() >= POINTER_CHARACTERS) {
        fields.wrong("ItemsPointer", "'ItemsPointer' must be a JSON Pointer of less than 2000 characters.");
    }
    for name in [
        "InputType",
        "Transformation",
        "ManifestType",
        "CSVHeaderLocation",
        "CSVHeaders",
        "CSVDelimiter",
        "ItemsPointer",
    ] {
        kept.fixed(fields, name);
    }
}

fn batcher(fields: &mut Fields<'_, '_>, kept: &mut Kept) {
    value_or_path(fields, ("MaxItemsPerBatch", "MaxItemsPerBatchPath"), (1, u32::MAX), kept);
    value_or_path(fields, ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"), (1, BATCH_BYTES_MAX), kept);
    let maxima = ["MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"];
    if !maxima.iter().any(|name| fields.has(name)) {
        fields.report.schema(fields.place, "A batch needs 'MaxItemsPerBatch' or 'MaxInputBytesPerBatch'; add one.");
    }
    let input = common::object_template(fields, "BatchInput", Sees::Input);
    kept.put("BatchInput", input);
}

fn writer(fields: &mut Fields<'_, '_>, kept: &mut Kept) {
    fields.word("Resource", &[("arn:aws:states:::s3:putObject", ())]);
    kept.fixed(fields, "Resource");
    let arguments = arguments(fields, kept);
    let config: Read = |config, kept| {
        config.word("OutputType", &[("JSON", ()), ("JSONL", ())]);
        config.word("Transformation", &[("NONE", ()), ("COMPACT", ()), ("FLATTEN", ())]);
        kept.fixed(config, "OutputType");
        kept.fixed(config, "Transformation");
    };
    object(fields, "WriterConfig", config, kept);
    if !fields.has("Resource") && !fields.has("WriterConfig") {
        fields.report.schema(fields.place, "A 'ResultWriter' needs a 'Resource' or a 'WriterConfig'; add one.");
    }
    if fields.has("Resource") != fields.has(arguments) {
        fields.report.schema(fields.place, format!("'Resource' and '{arguments}' of a 'ResultWriter' go together."));
    }
}
