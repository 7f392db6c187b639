//! Trees that are made and not read, and how they are written.

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::node::{At, Member, Node, Shape};

impl Member {
    /// A member that stands in no text.
    pub const fn made(key: String, node: Node) -> Self {
        Self { at: At::START, key, node }
    }
}

impl From<Vec<Member>> for Node {
    fn from(members: Vec<Member>) -> Self {
        Self { at: At::START, shape: Shape::Object(members) }
    }
}

impl FromIterator<(String, Node)> for Node {
    fn from_iter<I: IntoIterator<Item = (String, Node)>>(members: I) -> Self {
        members.into_iter().map(|(key, node)| Member::made(key, node)).collect::<Vec<_>>().into()
    }
}

impl FromIterator<Self> for Node {
    fn from_iter<I: IntoIterator<Item = Self>>(items: I) -> Self {
        Self { at: At::START, shape: Shape::Array(items.into_iter().collect()) }
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        match value {
            Value::Array(items) => items.into_iter().map(Self::from).collect(),
            Value::Object(members) => members.into_iter().map(|(key, value)| (key, Self::from(value))).collect(),
            leaf => Self { at: At::START, shape: Shape::Leaf(leaf) },
        }
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Value::from(text).into()
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Value::from(text).into()
    }
}

impl From<bool> for Node {
    fn from(truth: bool) -> Self {
        Value::from(truth).into()
    }
}

impl From<u64> for Node {
    fn from(number: u64) -> Self {
        Value::from(number).into()
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.shape {
            Shape::Leaf(value) => value.serialize(serializer),
            Shape::Array(items) => {
                let mut array = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| array.serialize_element(item))?;
                array.end()
            }
            Shape::Object(members) => {
                let mut object = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|member| object.serialize_entry(&member.key, &member.node))?;
                object.end()
            }
        }
    }
}
