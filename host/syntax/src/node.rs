//! The tree of values.

use serde_json::{Number, Value};

/// How deep a text may be nested. Everything that walks its tree recurses.
pub(crate) const DEPTH_MAX: usize = 127;

/// A place in a text. In YAML an object begins where its first key does: the level tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// In bytes from the start of the text.
    pub offset: usize,
    /// How many arrays and objects are around it.
    pub level: u8,
}

impl At {
    /// The text as a whole.
    pub const START: Self = Self { offset: 0, level: 0 };
}

/// Why a text cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it cannot.
    pub at: At,
    /// A sentence for whoever has written it.
    pub message: String,
}

/// One value.
#[derive(Debug)]
pub struct Node {
    /// Where it begins.
    pub at: At,
    /// What it is.
    pub shape: Shape,
}

/// What a value is.
#[derive(Debug)]
pub enum Shape {
    /// Text, a number, a boolean or null.
    Leaf(Value),
    /// Its items.
    Array(Vec<Node>),
    /// Its members in their order; a key may stand twice.
    Object(Vec<Member>),
}

/// A key and its value.
#[derive(Debug)]
pub struct Member {
    /// Where the key stands.
    pub at: At,
    /// The key, without its escapes.
    pub key: String,
    /// The value.
    pub node: Node,
}

impl Node {
    /// The same as a plain value; of duplicate keys the last wins.
    pub fn value(&self) -> Value {
        match &self.shape {
            Shape::Leaf(value) => value.clone(),
            Shape::Array(items) => items.iter().map(Self::value).collect(),
            Shape::Object(members) => {
                Value::Object(members.iter().map(|member| (member.key.clone(), member.node.value())).collect())
            }
        }
    }

    /// Whether it is null.
    pub const fn is_null(&self) -> bool {
        matches!(self.shape, Shape::Leaf(Value::Null))
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.shape {
            Shape::Leaf(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether it is an object with this key.
    pub fn has_member(&self, name: &str) -> bool {
        matches!(&self.shape, Shape::Object(members) if members.iter().any(|member| member.key == name))
    }

    /// The number, if it is one.
    pub const fn number(&self) -> Option<&Number> {
        match &self.shape {
            Shape::Leaf(Value::Number(number)) => Some(number),
            _ => None,
        }
    }

    /// The items, if it is an array.
    pub fn items(&self) -> Option<&[Self]> {
        match &self.shape {
            Shape::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Calls `found` with each member of an object at or below this node whose key stood before in the same object.
    pub fn duplicates(&self, found: &mut dyn FnMut(&Member)) {
        match &self.shape {
            Shape::Leaf(_) => {}
            Shape::Array(items) => items.iter().for_each(|item| item.duplicates(found)),
            Shape::Object(members) => {
                let mut seen = std::collections::HashSet::with_capacity(members.len());
                for member in members {
                    if !seen.insert(member.key.as_str()) {
                        found(member);
                    }
                    member.node.duplicates(found);
                }
            }
        }
    }

    /// JSON Pointer (RFC 6901) of the member, item or value that stands at `at`.
    pub fn pointer(&self, at: At) -> String {
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
