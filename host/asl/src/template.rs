//! Payload templates: JSON in which a key that ends in `.$` is filled in from the data.

use serde_json::{Map, Value};

use crate::data::Budget;
use crate::diagnostic::{Report, below};
use crate::document::Node;
use crate::failure::Failure;
use crate::path::{Found, Path, Root};

/// A compiled template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Template {
    /// Nothing in it is filled in.
    Fixed(Value),
    Part(Path),
    Array(Box<[Template]>),
    Object(Box<[(String, Template)]>),
}

impl Template {
    pub(crate) fn read(node: &Node, pointer: &str, report: &Report) -> Self {
        match node {
            Node::Leaf(value) => Self::Fixed(value.clone()),
            Node::Array(items) => {
                let read = |(index, item)| Self::read(item, &below(pointer, index), report);
                let items: Box<[_]> = items.iter().enumerate().map(read).collect();
                if items.iter().all(Self::is_fixed) { Self::Fixed(node.value()) } else { Self::Array(items) }
            }
            Node::Object(members) => {
                let read = |(key, inner): &(String, Node)| member(key, inner, pointer, report);
                let read: Box<[_]> = members.iter().map(read).collect();
                let mut names: Vec<&str> = read.iter().map(|(name, _)| name.as_str()).collect();
                names.sort_unstable();
                for pair in names.windows(2) {
                    if let [one, other] = pair
                        && one == other
                    {
                        report.schema(&below(pointer, one), format!("'{one}' and '{one}.$' exclude each other."));
                    }
                }
                if read.iter().all(|(_, inner)| inner.is_fixed()) {
                    Self::Fixed(node.value())
                } else {
                    Self::Object(read)
                }
            }
        }
    }

    const fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// Whether a path in it starts at the context object.
    pub(crate) fn reads_context(&self) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Part(path) => path.root() == Root::Context,
            Self::Array(items) => items.iter().any(Self::reads_context),
            Self::Object(members) => members.iter().any(|(_, inner)| inner.reads_context()),
        }
    }

    /// Fills the template in. What is copied is counted off `budget` before it is copied: a template must not be able
    /// to multiply a document beyond what a run may hold.
    pub(crate) fn fill(&self, document: &Value, context: &Value, budget: &mut Budget) -> Result<Value, Failure> {
        match self {
            Self::Fixed(value) => {
                budget.spend(value)?;
                Ok(value.clone())
            }
            Self::Part(path) => match path.find(document, context) {
                Found::Whole => budget.copy(document),
                Found::One(part) => budget.copy(part),
                Found::Many(parts) => parts.into_iter().map(|part| budget.copy(part)).collect(),
                Found::Missing => Err(Failure::runtime(format!("The JSONPath '{path}' was not found in the input."))),
            },
            Self::Array(items) => items.iter().map(|item| item.fill(document, context, budget)).collect(),
            Self::Object(members) => {
                let mut object = Map::new();
                for (name, inner) in members {
                    object.insert(name.clone(), inner.fill(document, context, budget)?);
                }
                Ok(Value::Object(object))
            }
        }
    }
}

fn member(key: &str, inner: &Node, pointer: &str, report: &Report) -> (String, Template) {
    let place = below(pointer, key);
    let Some(name) = key.strip_suffix(".$") else {
        return (key.to_owned(), Template::read(inner, &place, report));
    };
    let filled = match inner.text() {
        None => {
            report.schema(&place, "The value of a key that ends in '.$' must be a string.");
            None
        }
        Some(text) if text.starts_with("States.") => {
            report.not_supported(&place, "An intrinsic function");
            None
        }
        Some(text) => crate::parse::path(text, &place, report),
    };
    (name.to_owned(), filled.map_or(Template::Fixed(Value::Null), Template::Part))
}
