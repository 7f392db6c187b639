//! Payload templates: JSON that is filled in from the data. In JSONPath a key that ends in `.$` says where; in JSONata a
//! string in `{% … %}` does.

use std::borrow::Cow;

use serde_json::{Map, Value};
use syntax::{At, Node, Shape, quoted};

use crate::data::Budget;
use crate::diagnostic::Report;
use crate::failure::Failure;
use crate::formula::{Formula, Look};
use crate::world::Scene;

/// A compiled template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Template {
    /// Nothing in it is filled in.
    Fixed(Value),
    Filled(Formula),
    Array(Box<[Template]>),
    Object(Box<[(String, Template)]>),
}

impl Template {
    /// Reads a template in JSONPath.
    pub(crate) fn read(node: &Node, report: &Report) -> Self {
        match &node.shape {
            Shape::Leaf(value) => {
                if node.text().is_some_and(|text| text.starts_with("{%") && text.ends_with("%}")) {
                    let message =
                        "In a JSONPath state this is a text, and no expression; set 'QueryLanguage' to JSONata.";
                    report.doubt(node.at, message);
                }
                Self::Fixed(value.clone())
            }
            Shape::Array(items) => {
                let items: Box<[_]> = items.iter().map(|item| Self::read(item, report)).collect();
                if items.iter().all(Self::is_fixed) { Self::Fixed(node.value()) } else { Self::Array(items) }
            }
            Shape::Object(members) => {
                let mut read = Vec::with_capacity(members.len());
                let mut keys = std::collections::HashMap::with_capacity(members.len());
                for member in members {
                    let (name, inner) = filled(&member.key, &member.node, member.at, report);
                    // The same key twice has been reported.
                    if keys.insert(name.clone(), &member.key).is_some_and(|key| *key != member.key) {
                        let name = quoted(&name);
                        report
                            .schema(member.at, format!("The name {name} stands here with and without '.$'; keep one."));
                    }
                    read.push((name, inner));
                }
                if read.iter().all(|(_, inner)| inner.is_fixed()) {
                    Self::Fixed(node.value())
                } else {
                    Self::Object(read.into())
                }
            }
        }
    }

    pub(crate) const fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// Calls `visit` with each path or expression in it.
    pub(crate) fn visit(&self, visit: &mut dyn FnMut(Look<'_>)) {
        match self {
            Self::Fixed(_) => {}
            Self::Filled(formula) => formula.visit(visit),
            Self::Array(items) => items.iter().for_each(|item| item.visit(visit)),
            Self::Object(members) => members.iter().for_each(|(_, inner)| inner.visit(visit)),
        }
    }

    /// Fills the template in. What is copied is counted off `budget` before it is copied: a template must not be able
    /// to multiply a document beyond what a run may hold. `field` is the name that the failure of a path tells.
    pub(crate) fn fill(&self, scene: Scene<'_>, budget: &mut Budget, field: &str) -> Result<Value, Failure> {
        match self {
            Self::Fixed(value) => budget.copy(value, scene.world),
            Self::Filled(formula) => {
                let field = match formula {
                    Formula::Jsonpath(_) => Cow::Owned(format!("{field}.$")),
                    Formula::Jsonata(_) => Cow::Borrowed(field),
                };
                match formula.evaluate(scene, &field)? {
                    Cow::Borrowed(value) => budget.copy(value, scene.world),
                    Cow::Owned(value) => budget.keep(value),
                }
            }
            Self::Array(items) => items.iter().map(|item| item.fill(scene, budget, field)).collect(),
            Self::Object(members) => {
                let mut object = Map::new();
                for (name, inner) in members {
                    object.insert(name.clone(), inner.fill(scene, budget, name)?);
                }
                Ok(Value::Object(object))
            }
        }
    }
}

/// A member with its name as it is filled in.
pub(crate) fn filled(key: &str, node: &Node, at: At, report: &Report) -> (String, Template) {
    let Some(name) = key.strip_suffix(".$") else {
        return (key.to_owned(), Template::read(node, report));
    };
    let formula = match node.text() {
        None => {
            report
                .schema(at, "The value of a key that ends in '.$' must be a string: a path or an intrinsic function.");
            None
        }
        Some(text) => crate::parse::formula(text, at, report).map(Formula::Jsonpath),
    };
    (name.to_owned(), formula.map_or(Template::Fixed(Value::Null), Template::Filled))
}
