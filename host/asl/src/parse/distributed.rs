//! The fields that only a distributed Map has. They are checked, and not kept: such a Map does not run here.

use super::fields::{self as common, Written};
use super::query::Sees;
use crate::document::{Fields, Node};
use crate::state::Mode;

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

/// What is done with the fields of one object.
type Read = fn(&mut Fields<'_, '_>);

pub(super) fn fields(fields: &mut Fields<'_, '_>, mode: Mode) {
    if mode == Mode::Inline {
        for name in FIELDS {
            if fields.take(name).is_some() {
                let message = format!("Only a Map of the mode DISTRIBUTED has '{name}'; remove it or set the mode.");
                fields.wrong(name, message);
            }
        }
        return;
    }
    label(fields);
    value_or_path(fields, ("ToleratedFailureCount", "ToleratedFailureCountPath"), 0, u32::MAX);
    percentage(fields);
    let items = if fields.is_jsonata() { "Items" } else { "ItemsPath" };
    fields.exclusive("ItemReader", items);
    object(fields, "ItemReader", reader);
    object(fields, "ItemBatcher", batcher);
    object(fields, "ResultWriter", writer);
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

fn value_or_path(fields: &mut Fields<'_, '_>, names: (&'static str, &'static str), low: u32, high: u32) {
    common::foreign_path(fields, names);
    common::exclusive(fields, names);
    // Checked, and not kept.
    drop(common::number(fields, names, (low, high)));
}

fn percentage(fields: &mut Fields<'_, '_>) {
    const NAMES: (&str, &str) = ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath");
    common::foreign_path(fields, NAMES);
    common::exclusive(fields, NAMES);
    if let Some(text) = fields.take(NAMES.0).and_then(Node::text)
        && let Written::Expression(_) = common::written(fields, NAMES.0, text)
    {
        return;
    }
    let number =
        fields.take("ToleratedFailurePercentage").map(|node| node.number().and_then(serde_json::Number::as_f64));
    if number.is_some_and(|number| number.is_none_or(|number| !(0.0..=100.0).contains(&number))) {
        let message = "'ToleratedFailurePercentage' must be a number from 0 to 100.";
        fields.wrong("ToleratedFailurePercentage", message);
    }
    if !fields.is_jsonata() {
        common::one_place(fields, "ToleratedFailurePercentagePath");
    }
}

fn object(fields: &mut Fields<'_, '_>, name: &'static str, read: Read) {
    let Some(node) = fields.take(name) else { return };
    let Some(mut inner) = fields.open_inner(node, fields.at(name)) else { return };
    read(&mut inner);
    inner.finish(&format!("'{name}'"));
}

/// `Parameters` or `Arguments`: which of them there may be.
fn arguments(fields: &mut Fields<'_, '_>) -> &'static str {
    common::foreign_arguments(fields);
    let name = if fields.is_jsonata() { "Arguments" } else { "Parameters" };
    common::object_template(fields, name, Sees::Input);
    name
}

fn reader(fields: &mut Fields<'_, '_>) {
    fields.require("Resource");
    let resources = [("arn:aws:states:::s3:getObject", ()), ("arn:aws:states:::s3:listObjectsV2", ())];
    fields.word("Resource", &resources);
    arguments(fields);
    object(fields, "ReaderConfig", reader_config);
}

fn reader_config(fields: &mut Fields<'_, '_>) {
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
    value_or_path(fields, ("MaxItems", "MaxItemsPath"), 1, ITEMS_MAX);
    let pointer = fields.text("ItemsPointer");
    if pointer.is_some_and(|pointer| !pointer.starts_with('/') || pointer.chars().count() >= POINTER_CHARACTERS) {
        fields.wrong("ItemsPointer", "'ItemsPointer' must be a JSON Pointer of less than 2000 characters.");
    }
}

fn batcher(fields: &mut Fields<'_, '_>) {
    value_or_path(fields, ("MaxItemsPerBatch", "MaxItemsPerBatchPath"), 1, u32::MAX);
    value_or_path(fields, ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"), 1, BATCH_BYTES_MAX);
    let maxima = ["MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"];
    if !maxima.iter().any(|name| fields.has(name)) {
        fields.report.schema(fields.place, "A batch needs 'MaxItemsPerBatch' or 'MaxInputBytesPerBatch'; add one.");
    }
    common::object_template(fields, "BatchInput", Sees::Input);
}

fn writer(fields: &mut Fields<'_, '_>) {
    fields.word("Resource", &[("arn:aws:states:::s3:putObject", ())]);
    let arguments = arguments(fields);
    object(fields, "WriterConfig", |config| {
        config.word("OutputType", &[("JSON", ()), ("JSONL", ())]);
        config.word("Transformation", &[("NONE", ()), ("COMPACT", ()), ("FLATTEN", ())]);
    });
    if !fields.has("Resource") && !fields.has("WriterConfig") {
        fields.report.schema(fields.place, "A 'ResultWriter' needs a 'Resource' or a 'WriterConfig'; add one.");
    }
    if fields.has("Resource") != fields.has(arguments) {
        fields.report.schema(fields.place, format!("'Resource' and '{arguments}' of a 'ResultWriter' go together."));
    }
}
