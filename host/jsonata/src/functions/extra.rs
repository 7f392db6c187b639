//! What Step Functions adds to the language.

use std::fmt::Write as _;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{argument, number, text};
use crate::error::{Fault, Result, fail};
use crate::eval::Evaluation;
use crate::random::Random;
use crate::value::{Flags, Value};

/// The longest range.
const RANGE_MAX: f64 = 1_000.0;

/// A number from 0 to below 1: the next one, or always the same for a seed.
pub(super) fn random<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let fraction = match number(arguments, 0) {
        Some(seed) => Random::new(seed.floor().to_bits()).fraction(),
        None => run.random.fraction(),
    };
    Ok(Value::Number(fraction))
}

/// A UUID of version 4.
pub(super) fn uuid<'a>(run: &Evaluation<'a>, _: &[Value<'a>]) -> Result<Value<'a>> {
    let bits = (u128::from(run.random.next()) << 64) | u128::from(run.random.next());
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    run.arena.text(&format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)))
}

/// An array in pieces of so many items.
pub(super) fn partition<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(items) = argument(arguments, 0).items() else { return Ok(Value::Undefined) };
    let Some(size) = number(arguments, 1) else { return Ok(Value::Undefined) };
    let size = size.floor();
    if size.is_nan() || size < 1.0 {
        return fail("D3201");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 1; saturates")]
    let size = size as usize;
    run.work(items.len())?;
    let all: Vec<Value<'a>> = items.iter().collect();
    let mut out = Vec::new();
    for piece in all.chunks(size) {
        let piece = run.arena.list(piece, Flags::PLAIN)?;
        run.push(&mut out, piece)?;
    }
    Ok(run.arena.counted_list(&out, Flags::PLAIN))
}

/// Numbers from the first to the last, by steps.
pub(super) fn range<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let numbers = (number(arguments, 0), number(arguments, 1), number(arguments, 2));
    let (Some(first), Some(last), Some(step)) = numbers else { return Ok(Value::Undefined) };
    let (first, last, step) = (first.floor(), last.floor(), step.floor());
    let count = ((last - first) / step).floor() + 1.0;
    if step == 0.0 || !count.is_finite() || count > RANGE_MAX {
        return fail("D3202");
    }
    let mut out = Vec::new();
    let mut place = 0.0;
    while place < count {
        run.push(&mut out, Value::Number(first + place * step))?;
        place += 1.0;
    }
    Ok(run.arena.counted_list(&out, Flags::PLAIN))
}

/// A digest of a text's UTF-8, in hexadecimal digits.
pub(super) fn hash<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let (Some(data), Some(algorithm)) = (text(arguments, 0), text(arguments, 1)) else { return Ok(Value::Undefined) };
    run.work(data.len() / 8)?;
    let digest = match algorithm {
        "MD5" => Md5::digest(data).to_vec(),
        "SHA-1" => Sha1::digest(data).to_vec(),
        "SHA-256" => Sha256::digest(data).to_vec(),
        "SHA-384" => Sha384::digest(data).to_vec(),
        "SHA-512" => Sha512::digest(data).to_vec(),
        _ => return Err(Fault::new("D3203").value(Value::Text(algorithm))),
    };
    let mut hex = String::with_capacity(digest.len() * 2);
    for byte in digest {
        // Writing to a string does not fail.
        write!(hex, "{byte:02x}").unwrap_or_default();
    }
    run.arena.text(&hex)
}

/// JSON text as a value.
pub(super) fn parse<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(text) = text(arguments, 0) else { return Ok(Value::Undefined) };
    run.work(text.len() / 4)?;
    // What is parsed may be some times as large as its text.
    run.arena.spend(text.len().saturating_mul(8))?;
    match serde_json::from_str(text) {
        Ok(json) => adopt(run, &json),
        Err(reason) => Err(Fault::new("D3204").word(reason.to_string())),
    }
}

/// Copies parsed JSON into the evaluation. The parser bounds how deep it is.
fn adopt<'a>(run: &Evaluation<'a>, json: &serde_json::Value) -> Result<Value<'a>> {
    Ok(match Value::from(json) {
        Value::Text(text) => run.arena.text(text)?,
        Value::Rows(rows) => {
            let items: Result<Vec<_>> = rows.iter().map(|row| adopt(run, row)).collect();
            run.arena.list(&items?, Flags::PLAIN)?
        }
        Value::Record(record) => {
            let entries = record.iter().map(|(key, value)| Ok((run.arena.str(key)?, adopt(run, value)?)));
            run.arena.object(entries.collect::<Result<_>>()?)?
        }
        Value::Null => Value::Null,
        Value::Bool(value) => Value::Bool(value),
        Value::Number(number) => Value::Number(number),
        // JSON is nothing else.
        _ => Value::Undefined,
    })
}
