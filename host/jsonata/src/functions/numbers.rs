//! Numbers.

use super::{argument, number as given, text};
use crate::error::{Fault, Result};
use crate::eval::Evaluation;
use crate::value::{Value, rounded, to_radix};

fn fold<'a>(
    run: &Evaluation<'a>,
    arguments: &[Value<'a>],
    add: fn(f64, f64) -> f64,
    first: f64,
) -> Result<Option<(f64, usize)>> {
    let Some(items) = argument(arguments, 0).items() else { return Ok(None) };
    run.work(items.len())?;
    let mut total = first;
    for item in items.iter() {
        if let Value::Number(number) = item {
            total = add(total, number);
        }
    }
    Ok(Some((total, items.len())))
}

pub(super) fn sum<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    Ok(fold(run, arguments, |a, b| a + b, 0.0)?.map_or(Value::Undefined, |(total, _)| Value::Number(total)))
}

pub(super) fn max<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    of_some(fold(run, arguments, f64::max, f64::NEG_INFINITY)?)
}

pub(super) fn min<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    of_some(fold(run, arguments, f64::min, f64::INFINITY)?)
}

pub(super) fn average<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let total = fold(run, arguments, |a, b| a + b, 0.0)?;
    of_some(total.map(|(total, count)| (total / count as f64, count)))
}

/// Of nothing there is no least and no average.
fn of_some<'a>(found: Option<(f64, usize)>) -> Result<Value<'a>> {
    Ok(found.filter(|(_, count)| *count > 0).map_or(Value::Undefined, |(number, _)| Value::Number(number)))
}

fn one<'a>(arguments: &[Value<'a>], apply: fn(f64) -> f64) -> Result<Value<'a>> {
    Ok(given(arguments, 0).map_or(Value::Undefined, |number| Value::Number(apply(number))))
}

pub(super) fn floor<'a>(_: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    one(arguments, f64::floor)
}

pub(super) fn ceil<'a>(_: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    one(arguments, f64::ceil)
}

pub(super) fn abs<'a>(_: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    one(arguments, f64::abs)
}

pub(super) fn round<'a>(_: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let places = given(arguments, 1).unwrap_or(0.0);
    Ok(given(arguments, 0).map_or(Value::Undefined, |number| Value::Number(rounded(number, places))))
}

pub(super) fn sqrt<'a>(_: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    match given(arguments, 0) {
        Some(number) if number < 0.0 => Err(Fault::new("D3060").index(1).value(argument(arguments, 0))),
        Some(number) => Ok(Value::Number(number.sqrt())),
        None => Ok(Value::Undefined),
    }
}

pub(super) fn power<'a>(_: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(base) = given(arguments, 0) else { return Ok(Value::Undefined) };
    let exponent = given(arguments, 1).unwrap_or(f64::NAN);
    // One to whatever is not known is not known, in JavaScript.
    let result = if exponent.is_nan() { f64::NAN } else { base.powf(exponent) };
    if result.is_finite() {
        return Ok(Value::Number(result));
    }
    Err(Fault::new("D3061").index(1).value(argument(arguments, 0)).value2(argument(arguments, 1)))
}

pub(super) fn format_base<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(number) = given(arguments, 0) else { return Ok(Value::Undefined) };
    let radix = rounded(given(arguments, 1).unwrap_or(10.0), 0.0);
    if !(2.0..=36.0).contains(&radix) {
        return Err(Fault::new("D3100").value(Value::Number(radix)));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 2 to 36")]
    run.arena.text(&to_radix(rounded(number, 0.0), radix as u32))
}

pub(super) fn number<'a>(_: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let value = argument(arguments, 0);
    let read = match value {
        Value::Undefined | Value::Number(_) => return Ok(value),
        Value::Bool(value) => return Ok(Value::Number(f64::from(u8::from(value)))),
        _ => text(arguments, 0).and_then(|text| decimal(text).or_else(|| radix(text))),
    };
    read.map(Value::Number).ok_or_else(|| Fault::new("D3030").index(1).value(value))
}

/// `-12.5e3`, if it is finite.
fn decimal(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = match mantissa.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(mantissa),
    };
    let number: f64 = (whole && exponent.is_none_or(digits)).then(|| text.parse().ok()).flatten()?;
    number.is_finite().then_some(number)
}

/// `0x1f`, `0o17` or `0b11`.
fn radix(text: &str) -> Option<f64> {
    let (radix, digits) = match text.get(..2)? {
        "0x" | "0X" => (16, text.get(2..)?),
        "0o" | "0O" => (8, text.get(2..)?),
        "0b" | "0B" => (2, text.get(2..)?),
        _ => return None,
    };
    let mut number = (!digits.is_empty()).then_some(0.0)?;
    for digit in digits.chars() {
        number = number * f64::from(radix) + f64::from(digit.to_digit(radix)?);
    }
    Some(number)
}
