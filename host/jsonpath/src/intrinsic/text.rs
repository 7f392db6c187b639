//! Functions of text.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Refusal;
use crate::fault::Fault;
use crate::sight::World;

/// Longest text to encode or decode, in characters.
const BASE64_CHARACTERS_MAX: usize = 10_000;

/// A template of `States.Format`: the texts around its `{}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pieces(Vec<String>);

impl Pieces {
    /// Reads a template, in which a backslash escapes quotes, braces and backslashes.
    pub(super) fn read(raw: &str) -> Result<Self, String> {
        let mut pieces = vec![String::new()];
        let mut characters = raw.chars();
        while let Some(character) = characters.next() {
            let literal = match character {
                '\\' => escaped(characters.next())?,
                '{' if characters.clone().next() == Some('}') => {
                    characters.next();
                    pieces.push(String::new());
                    continue;
                }
                '{' | '}' => return Err("a brace in a template that is not part of '{}' needs a backslash".to_owned()),
                plain => plain,
            };
            if let Some(piece) = pieces.last_mut() {
                piece.push(literal);
            }
        }
        Ok(Self(pieces))
    }

    pub(super) fn gaps(&self) -> usize {
        self.0.len().saturating_sub(1)
    }
}

/// A text of a definition without its backslashes.
pub(super) fn unescape(raw: &str) -> Result<String, String> {
    let mut text = String::with_capacity(raw.len());
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        text.push(if character == '\\' { escaped(characters.next())? } else { character });
    }
    Ok(text)
}

fn escaped(character: Option<char>) -> Result<char, String> {
    character
        .filter(|character| matches!(character, '\'' | '{' | '}' | '\\'))
        .ok_or_else(|| "a backslash in a text must stand before ', {, } or another backslash".to_owned())
}

pub(super) fn format(
    pieces: Option<&Pieces>,
    template: &Value,
    values: &[Cow<'_, Value>],
    world: &World,
) -> Result<Value, Refusal> {
    let pieces = match (pieces, template) {
        (Some(pieces), _) => Cow::Borrowed(pieces),
        (None, Value::String(text)) => {
            let pieces = Pieces::read(text);
            Cow::Owned(pieces.map_err(|_| Refusal::Wrong("a brace or a backslash in the template is not escaped"))?)
        }
        (None, _) => return Err(Refusal::Wrong("the template must be a string")),
    };
    if pieces.gaps() != values.len() {
        return Err(Refusal::Wrong("the template must have a '{}' for each value"));
    }
    let mut text = String::new();
    let mut values = values.iter();
    for piece in &pieces.0 {
        text.push_str(piece);
        match values.next().map(|value| &**value) {
            Some(Value::String(value)) => text.push_str(value),
            Some(value) => text.push_str(&value.to_string()),
            None => {}
        }
        if text.len() > world.limit {
            return Err(Fault::TooLarge.into());
        }
    }
    Ok(Value::String(text))
}

pub(super) fn parse(value: &Value) -> Result<Value, Refusal> {
    let text = string(value)?;
    serde_json::from_str(text).map_err(|_| Refusal::Wrong("the argument must be JSON text"))
}

pub(super) fn print(value: &Value, world: &World) -> Result<Value, Refusal> {
    world.spend(crate::size::measure(value).bytes)?;
    Ok(Value::String(value.to_string()))
}

/// Each character of `separators` separates; nothing between two of them is no part.
pub(super) fn split(value: &Value, separators: &Value) -> Result<Value, Refusal> {
    let (text, separators) = (string(value)?, string(separators)?);
    if separators.is_empty() {
        return Ok(Value::Array(vec![Value::from(text)]));
    }
    let separators: std::collections::BTreeSet<char> = separators.chars().collect();
    let parts = text.split(|character| separators.contains(&character));
    Ok(parts.filter(|part| !part.is_empty()).map(Value::from).collect())
}

pub(super) fn encode(value: &Value) -> Result<Value, Refusal> {
    Ok(Value::String(STANDARD.encode(bounded(value)?)))
}

pub(super) fn decode(value: &Value) -> Result<Value, Refusal> {
    let bytes = STANDARD.decode(bounded(value)?).map_err(|_| Refusal::Wrong("the argument must be Base64 text"))?;
    let text = String::from_utf8(bytes).map_err(|_| Refusal::Wrong("the decoded bytes are no UTF-8 text"))?;
    Ok(Value::String(text))
}

fn bounded(value: &Value) -> Result<&str, Refusal> {
    let text = string(value)?;
    if text.chars().count() > BASE64_CHARACTERS_MAX {
        return Err(Refusal::Wrong("the argument must have at most 10,000 characters"));
    }
    Ok(text)
}

pub(super) fn string(value: &Value) -> Result<&str, Refusal> {
    value.as_str().ok_or(Refusal::Wrong("the argument must be a string"))
}
