//! Values on the way through an evaluation.
//!
//! A value is as large as a slice and a tag and is copied like one. What an evaluation makes lies in its arena and is
//! freed with it at once; what the document holds is borrowed from the document.

mod json;
mod number;
mod object;
mod text;

use serde_json::{Map, Value as Json};

pub(crate) use json::{number_to_json, to_json};
pub(crate) use number::{rounded, shown_number, significant, to_fixed, to_radix};
pub(crate) use object::{Object, array_index, index};
pub(crate) use text::{compare_text, write_json};

use crate::error::{Fault, Result};
use crate::eval::{Function, Tuple};

/// How deep values may be nested where they are walked.
pub(crate) const NESTING_MAX: usize = 500;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Text(&'a str),
    /// An array that was made here.
    List(&'a [Value<'a>], Flags),
    /// An array of the document.
    Rows(&'a [Json]),
    /// An object that was made here.
    Object(&'a Object<'a>),
    /// An object of the document.
    Record(&'a Map<String, Json>),
    Function(&'a Function<'a>),
    /// Items with the variables they carry along, on their way through a path.
    Tuples(&'a [Tuple<'a>], Stream),
}

/// A field of an object of the document. What hashing the name takes is not to lie on the stack of every level.
#[inline(never)]
pub(crate) fn member<'a>(record: &'a Map<String, Json>, name: &str) -> Option<Value<'a>> {
    record.get(name).map(Value::from)
}

/// What kind of array it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flags(u8);

impl Flags {
    /// A plain array.
    pub(crate) const PLAIN: Self = Self(0);
    /// A result of a query: one item stands for itself, none for nothing.
    pub(crate) const SEQUENCE: Self = Self(1);
    /// A sequence that stays one when it has one item.
    pub(crate) const KEPT: Self = Self(3);
    /// One item of a sequence, though it is an array.
    pub(crate) const CONSTRUCTED: Self = Self(4);
    /// A sequence around the document, which is an array.
    pub(crate) const WRAPPER: Self = Self(9);

    pub(crate) fn has(self, flag: Self) -> bool {
        self.0 & flag.0 == flag.0
    }

    pub(crate) fn with(self, flag: Self) -> Self {
        Self(self.0 | flag.0)
    }
}

/// Whether tuples are still seen as such: sorting makes plain objects of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Flowing,
    Sorted,
}

/// The items of an array.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Items<'a> {
    Made(&'a [Value<'a>]),
    Rows(&'a [Json]),
    One(Value<'a>),
}

impl<'a> Items<'a> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Made(items) => items.len(),
            Self::Rows(rows) => rows.len(),
            Self::One(_) => 1,
        }
    }

    pub(crate) fn get(self, index: usize) -> Value<'a> {
        match self {
            Self::Made(items) => items.get(index).copied().unwrap_or(Value::Undefined),
            Self::Rows(rows) => rows.get(index).map_or(Value::Undefined, Value::from),
            Self::One(value) if index == 0 => value,
            Self::One(_) => Value::Undefined,
        }
    }

    pub(crate) fn iter(self) -> impl DoubleEndedIterator<Item = Value<'a>> + ExactSizeIterator {
        (0..self.len()).map(move |index| self.get(index))
    }
}

impl<'a> From<&'a Json> for Value<'a> {
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => Self::Text(text),
            Json::Array(rows) => Self::Rows(rows),
            Json::Object(record) => Self::Record(record),
        }
    }
}

impl<'a> Value<'a> {
    pub(crate) fn is_undefined(self) -> bool {
        matches!(self, Self::Undefined)
    }

    /// The items, if it is an array.
    pub(crate) fn items(self) -> Option<Items<'a>> {
        match self {
            Self::List(items, _) => Some(Items::Made(items)),
            Self::Rows(rows) => Some(Items::Rows(rows)),
            _ => None,
        }
    }

    /// The items, or itself as the only one.
    pub(crate) fn as_items(self) -> Items<'a> {
        self.items().unwrap_or(Items::One(self))
    }

    pub(crate) fn is_sequence(self) -> bool {
        matches!(self, Self::List(_, flags) if flags.has(Flags::SEQUENCE))
    }

    pub(crate) fn is_array(self) -> bool {
        matches!(self, Self::List(..) | Self::Rows(_))
    }

    /// How many fields it has, if it is an object.
    pub(crate) fn fields(self) -> Option<usize> {
        match self {
            Self::Object(object) => Some(object.entries().len()),
            Self::Record(record) => Some(record.len()),
            _ => None,
        }
    }

    /// A field, if it is an object that has it.
    pub(crate) fn field(self, name: &str) -> Option<Self> {
        match self {
            Self::Object(object) => object.get(name),
            Self::Record(record) => member(record, name),
            _ => None,
        }
    }

    /// Calls for each field, if it is an object.
    pub(crate) fn each_field(self, each: &mut dyn FnMut(&'a str, Self) -> Result<()>) -> Result<()> {
        match self {
            Self::Object(object) => object.entries().iter().try_for_each(|(name, value)| each(name, *value)),
            Self::Record(record) => record.iter().try_for_each(|(name, value)| each(name, Self::from(value))),
            _ => Ok(()),
        }
    }

    /// The letter that signatures know its type by.
    pub(crate) fn symbol(self) -> u8 {
        match self {
            Self::Undefined => b'm',
            Self::Null => b'l',
            Self::Bool(_) => b'b',
            Self::Number(_) => b'n',
            Self::Text(_) => b's',
            Self::List(..) | Self::Rows(_) | Self::Tuples(..) => b'a',
            Self::Object(_) | Self::Record(_) => b'o',
            Self::Function(_) => b'f',
        }
    }

    /// The number, if it is one that counts: not NaN.
    pub(crate) fn numeric(self) -> Result<Option<f64>> {
        match self {
            Self::Number(number) if number.is_infinite() => Err(Fault::new("D1001").value(self)),
            Self::Number(number) if !number.is_nan() => Ok(Some(number)),
            _ => Ok(None),
        }
    }
}

pub(crate) fn too_deep() -> Box<Fault> {
    Fault::new("L1007").word(NESTING_MAX.to_string())
}
