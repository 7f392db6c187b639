//! Text.

use super::{argument, number, text};
use crate::error::{Fault, Result};
use crate::eval::Evaluation;
use crate::value::{Flags, Value, shown_number, significant, write_json};

/// A value as text, and nothing as none.
///
/// # Errors
///
/// `D3001` for a number that is none, `D1001` for one inside of an array or object.
pub(crate) fn string<'a>(run: &Evaluation<'a>, value: Value<'a>, pretty: bool) -> Result<&'a str> {
    match value {
        Value::Undefined | Value::Function(_) | Value::Tuples(..) => Ok(""),
        Value::Text(text) => Ok(text),
        Value::Number(number) if !number.is_finite() => Err(Fault::new("D3001").value(value)),
        Value::Number(number) if number.fract() == 0.0 => run.arena.str(&shown_number(number)),
        Value::Number(number) => run.arena.str(&shown_number(significant(number))),
        Value::Bool(value) => Ok(if value { "true" } else { "false" }),
        Value::Null => Ok("null"),
        Value::List([inner, ..], flags) if flags.has(Flags::WRAPPER) => string_of(run, *inner, pretty),
        _ => string_of(run, value, pretty),
    }
}

fn string_of<'a>(run: &Evaluation<'a>, value: Value<'a>, pretty: bool) -> Result<&'a str> {
    let written = write_json(value, pretty, run.arena.left())?;
    run.read(&written)?;
    run.arena.str(&written)
}

pub(super) fn to_string<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let value = argument(arguments, 0);
    if value.is_undefined() {
        return Ok(value);
    }
    string(run, value, matches!(argument(arguments, 1), Value::Bool(true))).map(Value::Text)
}

pub(super) fn length<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(text) = text(arguments, 0) else { return Ok(Value::Undefined) };
    run.read(text)?;
    Ok(Value::Number(text.chars().count() as f64))
}

pub(super) fn substring<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(text) = text(arguments, 0) else { return Ok(Value::Undefined) };
    run.read(text)?;
    let length = text.chars().count() as f64;
    let mut start = number(arguments, 1).unwrap_or(0.0);
    if length + start < 0.0 {
        start = 0.0;
    }
    let mut end = length;
    if let Some(wanted) = number(arguments, 2) {
        if wanted <= 0.0 {
            return Ok(Value::Text(""));
        }
        end = if start >= 0.0 { start + wanted } else { length + start + wanted };
    }
    // As slices of arrays in JavaScript: fractions are cut off, and what is negative counts from the end.
    let place = |number: f64| {
        let whole = number.trunc();
        (if whole < 0.0 { whole + length } else { whole }).clamp(0.0, length)
    };
    let (start, end) = (place(start), place(end));
    Ok(Value::Text(between(text, start, end)))
}

/// The characters from one place to another.
fn between(text: &str, start: f64, end: f64) -> &str {
    if start >= end {
        return "";
    }
    let offset = |place: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the length")]
        let place = place as usize;
        text.char_indices().nth(place).map_or(text.len(), |(offset, _)| offset)
    };
    if text.is_ascii() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the length")]
        return text.get(start as usize..end as usize).unwrap_or_default();
    }
    text.get(offset(start)..offset(end)).unwrap_or_default()
}

pub(super) fn substring_before<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    divided(run, arguments, |text, place, _| text.get(..place))
}

pub(super) fn substring_after<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    divided(run, arguments, |text, place, length| text.get(place + length..))
}

fn divided<'a>(
    run: &Evaluation<'a>,
    arguments: &[Value<'a>],
    part: fn(&'a str, usize, usize) -> Option<&'a str>,
) -> Result<Value<'a>> {
    let Some(whole) = text(arguments, 0) else { return Ok(Value::Undefined) };
    run.read(whole)?;
    // What is searched for and is nothing is the word for nothing, in JavaScript.
    let wanted = text(arguments, 1).unwrap_or("undefined");
    let found = whole.find(wanted).and_then(|place| part(whole, place, wanted.len()));
    Ok(Value::Text(found.unwrap_or(whole)))
}

pub(super) fn lowercase<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    changed(run, arguments, str::to_lowercase)
}

pub(super) fn uppercase<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    changed(run, arguments, str::to_uppercase)
}

fn changed<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>], change: fn(&str) -> String) -> Result<Value<'a>> {
    let Some(text) = text(arguments, 0) else { return Ok(Value::Undefined) };
    run.read(text)?;
    run.arena.spend(text.len())?;
    run.arena.text(&change(text))
}

pub(super) fn trim<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(text) = text(arguments, 0) else { return Ok(Value::Undefined) };
    run.read(text)?;
    let blank = |next: char| matches!(next, ' ' | '\t' | '\n' | '\r');
    let trimmed = text.trim_matches(blank);
    let single = |pair: &[u8]| blank(char::from(pair[0])) && (pair[0] != b' ' || blank(char::from(pair[1])));
    if !trimmed.as_bytes().windows(2).any(single) {
        return Ok(Value::Text(trimmed));
    }
    run.arena.spend(trimmed.len())?;
    let words: Vec<&str> = trimmed.split(blank).filter(|word| !word.is_empty()).collect();
    run.arena.text(&words.join(" "))
}

pub(super) fn pad<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(whole) = text(arguments, 0) else { return Ok(Value::Undefined) };
    run.read(whole)?;
    let width = number(arguments, 1).unwrap_or(0.0).trunc();
    let filling = text(arguments, 2).filter(|filling| !filling.is_empty()).unwrap_or(" ");
    let missing = width.abs() - whole.chars().count() as f64;
    if missing.is_nan() || missing <= 0.0 {
        return Ok(Value::Text(whole));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is then too much")]
    let missing = missing as usize;
    run.arena.spend(missing.saturating_mul(filling.chars().map(char::len_utf8).max().unwrap_or(1)))?;
    let padding: String = filling.chars().cycle().take(missing).collect();
    run.arena.text(&if width > 0.0 { format!("{whole}{padding}") } else { format!("{padding}{whole}") })
}

pub(super) fn join<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(items) = argument(arguments, 0).items() else { return Ok(Value::Undefined) };
    let separator = text(arguments, 1).unwrap_or("");
    run.work(items.len())?;
    let mut out = String::new();
    for (place, item) in items.iter().enumerate() {
        let Value::Text(text) = item else { continue };
        run.arena.spend(text.len() + separator.len())?;
        if place > 0 {
            out.push_str(separator);
        }
        out.push_str(text);
    }
    run.arena.text(&out)
}
