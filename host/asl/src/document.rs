//! A definition as it was written: members in their order, duplicates kept, and of each value where it stands.

pub(crate) mod fields;
mod json;
mod yaml;

use serde_json::{Number, Value};

use crate::diagnostic::{At, Report};

pub(crate) use fields::Fields;
pub(crate) use json::{Fault, read as read_json};
pub(crate) use yaml::read as read_yaml;

/// One value of a definition.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) shape: Shape,
}

#[derive(Debug)]
pub(crate) enum Shape {
    /// Text, a number, a boolean or null.
    Leaf(Value),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// A key and its value.
#[derive(Debug)]
pub(crate) struct Member {
    /// Where the key stands.
    pub(crate) at: At,
    pub(crate) key: String,
    pub(crate) node: Node,
}

impl Node {
    /// The same as a plain value; of duplicate keys the last wins.
    pub(crate) fn value(&self) -> Value {
        match &self.shape {
            Shape::Leaf(value) => value.clone(),
            Shape::Array(items) => items.iter().map(Self::value).collect(),
            Shape::Object(members) => {
                Value::Object(members.iter().map(|member| (member.key.clone(), member.node.value())).collect())
            }
        }
    }

    pub(crate) const fn is_null(&self) -> bool {
        matches!(self.shape, Shape::Leaf(Value::Null))
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.shape {
            Shape::Leaf(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn has_member(&self, name: &str) -> bool {
        matches!(&self.shape, Shape::Object(members) if members.iter().any(|member| member.key == name))
    }

    pub(crate) const fn number(&self) -> Option<&Number> {
        match &self.shape {
            Shape::Leaf(Value::Number(number)) => Some(number),
            _ => None,
        }
    }

    pub(crate) fn items(&self) -> Option<&[Self]> {
        match &self.shape {
            Shape::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Reports every key that an object at or below this node has twice.
    pub(crate) fn report_duplicates(&self, report: &Report) {
        match &self.shape {
            Shape::Leaf(_) => {}
            Shape::Array(items) => items.iter().for_each(|item| item.report_duplicates(report)),
            Shape::Object(members) => {
                let mut seen = std::collections::HashSet::with_capacity(members.len());
                for Member { at, key, node } in members {
                    if !seen.insert(key.as_str()) {
                        report.schema(*at, format!("The key {} stands twice in one object; keep one.", quoted(key)));
                    }
                    node.report_duplicates(report);
                }
            }
        }
    }

    /// JSON Pointer (RFC 6901) of the member, item or value that stands at `at`.
    pub(crate) fn pointer(&self, at: At) -> String {
        let mut pointer = String::new();
        let mut node = self;
        while node.at != at {
            let (found, inner) = match &node.shape {
                Shape::Leaf(_) => break,
                Shape::Array(items) => {
                    let place = items.partition_point(|item| item.at <= at);
                    let Some(item) = place.checked_sub(1).and_then(|place| items.get(place)) else { break };
                    pointer.push_str(&format!("/{}", place.saturating_sub(1)));
                    (item.at, item)
                }
                Shape::Object(members) => {
                    let place = members.partition_point(|member| member.at <= at);
                    let Some(member) = place.checked_sub(1).and_then(|place| members.get(place)) else { break };
                    pointer.push('/');
                    pointer.push_str(&member.key.replace('~', "~0").replace('/', "~1"));
                    (member.at, &member.node)
                }
            };
            if found == at {
                break;
            }
            node = inner;
        }
        pointer
    }
}

/// Text of a definition inside a sentence: in quotes, and cut where it is very long.
pub(crate) fn quoted(text: &str) -> String {
    const CHARACTERS_MAX: usize = 120;
    format!("'{}'", crate::failure::shortened(text, CHARACTERS_MAX))
}
