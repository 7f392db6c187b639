//! A definition as it was written: members in their order, duplicates kept, and a reader of an object's fields that
//! knows which of them nobody asked for.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use crate::diagnostic::{Report, below};

/// One JSON value of a definition.
#[derive(Debug)]
pub(crate) enum Node {
    /// Text, a number, a boolean or null.
    Leaf(Value),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Reads JSON text. Its depth is limited by the JSON reader, at 128.
    pub(crate) fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The same as a plain value; of duplicate keys the last wins.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Leaf(value) => value.clone(),
            Self::Array(items) => items.iter().map(Self::value).collect(),
            Self::Object(members) => {
                Value::Object(members.iter().map(|(key, node)| (key.clone(), node.value())).collect())
            }
        }
    }

    pub(crate) const fn is_null(&self) -> bool {
        matches!(self, Self::Leaf(Value::Null))
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Leaf(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Reports every key that an object at or below this node has twice.
    pub(crate) fn report_duplicates(&self, pointer: &str, report: &Report) {
        match self {
            Self::Leaf(_) => {}
            Self::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.report_duplicates(&below(pointer, index), report);
                }
            }
            Self::Object(members) => {
                let mut seen = std::collections::HashSet::with_capacity(members.len());
                for (key, node) in members {
                    let place = below(pointer, key);
                    if !seen.insert(key.as_str()) {
                        report.schema(&place, format!("The key '{key}' stands twice in one object."));
                    }
                    node.report_duplicates(&place, report);
                }
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Leaf(Value::Null))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Leaf(Value::Bool(value)))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
                Ok(Node::Leaf(Value::Number(value.into())))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
                Ok(Node::Leaf(Value::Number(value.into())))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
                Ok(Node::Leaf(Number::from_f64(value).map_or(Value::Null, Value::Number)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Node, E> {
                Ok(Node::Leaf(Value::String(value.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
                let mut array = Vec::new();
                while let Some(item) = items.next_element()? {
                    array.push(item);
                }
                Ok(Node::Array(array))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
                let mut object = Vec::new();
                while let Some(member) = members.next_entry()? {
                    object.push(member);
                }
                Ok(Node::Object(object))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// Reads the fields of one object, and remembers which were asked for.
pub(crate) struct Fields<'d, 'r> {
    members: &'d [(String, Node)],
    asked: Vec<&'static str>,
    pub(crate) pointer: String,
    pub(crate) report: &'r Report,
}

impl<'d, 'r> Fields<'d, 'r> {
    /// Opens the object `node`; reports anything else.
    pub(crate) fn open(node: &'d Node, pointer: String, report: &'r Report) -> Option<Self> {
        if let Node::Object(members) = node {
            return Some(Self { members, asked: Vec::new(), pointer, report });
        }
        report.schema(&pointer, "This must be an object.");
        None
    }

    /// The pointer of the field `name`.
    pub(crate) fn at(&self, name: &str) -> String {
        below(&self.pointer, name)
    }

    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'d Node> {
        self.asked.push(name);
        self.members.iter().rev().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(key, _)| key == name)
    }

    /// The field, reported when it is missing.
    pub(crate) fn require(&mut self, name: &'static str) -> Option<&'d Node> {
        let found = self.take(name);
        if found.is_none() {
            self.report.schema(&self.pointer, format!("The field '{name}' is missing."));
        }
        found
    }

    /// A text field; reported when it is something else.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<&'d str> {
        let node = self.take(name)?;
        if node.text().is_none() {
            self.report.schema(&self.at(name), format!("'{name}' must be a string."));
        }
        node.text()
    }

    /// A whole number from `low` to `high`; reported when it is something else.
    pub(crate) fn whole(&mut self, name: &'static str, low: u32, high: u32) -> Option<u32> {
        let node = self.take(name)?;
        let number = match node {
            Node::Leaf(Value::Number(number)) => whole_number(number).filter(|number| (low..=high).contains(number)),
            _ => None,
        };
        if number.is_none() {
            self.report.schema(&self.at(name), format!("'{name}' must be a whole number from {low} to {high}."));
        }
        number
    }

    /// Reports that at most one of two fields may be there; true when both are.
    pub(crate) fn exclusive(&self, one: &str, other: &str) {
        if self.has(one) && self.has(other) {
            self.report.schema(&self.at(other), format!("'{one}' and '{other}' exclude each other."));
        }
    }

    /// Reports each field that nobody asked for. `owner` ends the sentence, for example `a Pass state`.
    pub(crate) fn finish(self, owner: &str) {
        for (key, _) in self.members {
            if !self.asked.contains(&key.as_str()) {
                self.report.schema(&self.at(key), format!("The field '{key}' is not a field of {owner}."));
            }
        }
    }
}

/// The number as a `u32`, when it is whole: `5` and `5.0` are the same.
pub(crate) fn whole_number(number: &Number) -> Option<u32> {
    if let Some(whole) = number.as_u64() {
        return u32::try_from(whole).ok();
    }
    let float = number.as_f64()?;
    if float.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&float) {
        return None;
    }
    // A whole float within range prints as its digits.
    format!("{float:.0}").parse().ok()
}
