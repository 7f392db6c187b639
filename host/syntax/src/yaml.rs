//! Reads YAML text, as far as it says what JSON could: one document, keys that are texts, no aliases and no tags.

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span};
use serde_json::{Number, Value};

use crate::node::{At, DEPTH_MAX, Fault, Member, Node, Shape};

/// Reads one document of YAML, and nothing after it.
///
/// # Errors
///
/// The first thing that is not YAML, that JSON has no word for, or that is nested too deep.
pub fn read(text: &str) -> Result<Node, Fault> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    (options.flow_nesting_limit, options.block_nesting_limit) = (DEPTH_MAX, DEPTH_MAX);
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| malformed(&error))?;
        builder.take(event, span)?;
    }
    builder.root.ok_or_else(|| fault(At::START, "it is empty"))
}

fn malformed(error: &ScanError) -> Fault {
    let at = At { offset: error.marker().byte_offset().unwrap_or(0), level: 0 };
    fault(at, error.info().trim_end_matches('.'))
}

fn fault(at: At, why: &str) -> Fault {
    Fault { at, message: format!("The definition is not YAML that stands for JSON: {why}.") }
}

/// The nodes that are begun, from the outside in.
#[derive(Default)]
struct Builder {
    root: Option<Node>,
    open: Vec<(Node, Option<(At, String)>)>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let level = u8::try_from(self.open.len()).unwrap_or(u8::MAX);
        let at = At { offset: span.start.byte_offset().unwrap_or(0), level };
        match event {
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, _, Some(_))
            | Event::MappingStart(_, _, Some(_)) => Err(fault(at, "a tag ('!') may not stand here")),
            Event::Alias(_) | Event::UnresolvedAlias(_) => Err(fault(at, "an alias ('*') may not stand here")),
            Event::DocumentStart(..) if self.root.is_some() => Err(fault(at, "there is a second document")),
            Event::Scalar(text, style, ..) => match self.open.last_mut() {
                Some((Node { shape: Shape::Object(_), .. }, key @ None)) => {
                    *key = Some((at, text.into_owned()));
                    Ok(())
                }
                _ => self.put(Node { at, shape: Shape::Leaf(scalar(&text, style)) }),
            },
            Event::SequenceStart(..) => self.begin(at, Shape::Array(Vec::new())),
            Event::MappingStart(..) => self.begin(at, Shape::Object(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some((node, _)) => self.put(node),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn begin(&mut self, at: At, shape: Shape) -> Result<(), Fault> {
        if matches!(self.open.last(), Some((Node { shape: Shape::Object(_), .. }, None))) {
            return Err(fault(at, "a key must be a text"));
        }
        if self.open.len() > DEPTH_MAX {
            return Err(fault(at, "it is nested too deep; 127 levels are the most"));
        }
        self.open.push((Node { at, shape }, None));
        Ok(())
    }

    /// Puts a finished node into the one around it.
    fn put(&mut self, node: Node) -> Result<(), Fault> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some((Node { shape: Shape::Array(items), .. }, _)) => items.push(node),
            Some((Node { shape: Shape::Object(members), .. }, key)) => match key.take() {
                Some((at, key)) => members.push(Member { at, key, node }),
                None => return Err(fault(node.at, "a key must be a text")),
            },
            Some(_) => {}
        }
        Ok(())
    }
}

/// What is not quoted may be null, true, false or a number, each written as in JSON; `~` and nothing are null too.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => serde_json::from_str::<Number>(text).map_or_else(|_| Value::String(text.to_owned()), Value::Number),
    }
}
