//! Reads a struct from texts by name: the parameters of a path and of a query.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::Failure;
use super::pointer::escaped;

/// Reads `T`; errors point to `place` and the name.
pub(crate) fn read<T: DeserializeOwned>(
    place: &str,
    pairs: impl Iterator<Item = (String, String)>,
) -> Result<T, Failure> {
    let mut fields: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in pairs {
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => fields.push((name, vec![value])),
        }
    }
    let read = T::deserialize(Fields { rest: &fields, name: "", values: &[] });
    read.map_err(|Fault { name, detail }| match name {
        Some(name) => Failure::invalid(format!("{place}/{}", escaped(&name)), detail),
        None => Failure::invalid(place, detail),
    })
}

/// What is wrong, and with which field.
#[derive(Debug)]
struct Fault {
    name: Option<String>,
    detail: String,
}

impl Fault {
    fn at(name: &str, detail: impl Into<String>) -> Self {
        Self { name: Some(name.to_owned()), detail: detail.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { name: None, detail: message.to_string() }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::at(field, "is missing")
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::at(field, format!("is unknown; there are: {}", expected.join(", ")))
    }
}

/// All fields, as a map.
struct Fields<'a> {
    rest: &'a [(String, Vec<String>)],
    /// The name that was read last.
    name: &'a str,
    /// What it stands for.
    values: &'a [String],
}

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_map(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some(((name, values), rest)) = self.rest.split_first() else { return Ok(None) };
        let key = seed.deserialize(name.as_str().into_deserializer())?;
        (self.rest, self.name, self.values) = (rest, name, values);
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        seed.deserialize(Values(self.values)).map_err(|fault| Fault::at(self.name, fault.detail))
    }
}

/// What one name stands for.
struct Values<'a>(&'a [String]);

impl Values<'_> {
    fn text(&self) -> Result<&str, Fault> {
        match self.0 {
            [one] => Ok(one),
            _ => Err(de::Error::custom("is given more than once")),
        }
    }

    fn number<T: std::str::FromStr>(&self, what: &str) -> Result<T, Fault> {
        let text = self.text()?;
        text.parse().map_err(|_| de::Error::custom(format_args!("{text:?} is not {what}")))
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $what:literal,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit(self.number($what)?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Values<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.text()?)
    }

    numbers! {
        deserialize_bool visit_bool "true or false",
        deserialize_i8 visit_i8 "a whole number from -128 to 127",
        deserialize_i16 visit_i16 "a whole number of 16 bits",
        deserialize_i32 visit_i32 "a whole number of 32 bits",
        deserialize_i64 visit_i64 "a whole number of 64 bits",
        deserialize_u8 visit_u8 "a whole number from 0 to 255",
        deserialize_u16 visit_u16 "a whole number from 0 to 65535",
        deserialize_u32 visit_u32 "a whole number of 32 bits, from 0",
        deserialize_u64 visit_u64 "a whole number of 64 bits, from 0",
        deserialize_f32 visit_f32 "a number",
        deserialize_f64 visit_f64 "a number",
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let values = self.0.iter().map(|value| Values(std::slice::from_ref(value)));
        visitor.visit_seq(de::value::SeqDeserializer::new(values))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let word: StrDeserializer<'_, Fault> = self.text()?.into_deserializer();
        word.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Fault> for Values<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
