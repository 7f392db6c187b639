//! `$formatNumber`: numbers by the pictures of XPath.

mod picture;

pub(crate) use picture::regular;
use picture::{Part, Symbols};

use super::{argument, number, read_picture, text};
use crate::error::{Fault, Result, fail};
use crate::eval::Evaluation;
use crate::value::{Value, rounded, to_fixed};

/// The most digits after the point that JavaScript writes.
const FRACTION_MAX: usize = 100;

/// The most powers of ten that a mantissa is moved by: no number has more.
const SHIFTS_MAX: i32 = 400;

pub(super) fn format_number<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let (Some(value), Some(picture)) = (number(arguments, 0), text(arguments, 1)) else { return Ok(Value::Undefined) };
    read_picture(run, picture)?;
    let symbols = Symbols::new(argument(arguments, 2))?;
    let mut parts = picture::parts(picture, &symbols)?;
    let second = parts.pop();
    let (first, second) = match (parts.pop(), second) {
        (Some(first), Some(second)) => (first, second),
        (None, Some(only)) => {
            let mut negative = only.clone();
            negative.prefix.insert_str(0, &symbols.minus);
            (only, negative)
        }
        _ => return fail("D3085"),
    };
    let part = if value >= 0.0 { first } else { second };
    run.arena.text(&format(value, &part, &symbols)?)
}

fn format(value: f64, part: &Part, symbols: &Symbols) -> Result<String> {
    let adjusted = value * part.factor;
    let (mantissa, exponent) = split(adjusted, part)?;
    if part.fraction_max > FRACTION_MAX {
        return Err(Fault::new("D3205"));
    }
    let digits = to_fixed(rounded(mantissa, part.fraction_max as f64).abs(), part.fraction_max);
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let mut whole: Vec<char> = whole.trim_start_matches('0').chars().collect();
    let mut fraction: Vec<char> = fraction.trim_end_matches('0').chars().collect();
    while whole.len() < part.whole_min {
        whole.insert(0, '0');
    }
    while fraction.len() < part.fraction_min {
        fraction.push('0');
    }
    let mut out = part.prefix.clone();
    let length = whole.len();
    for (place, digit) in whole.iter().enumerate() {
        if place > 0 && part.groups_at(length - place) {
            out.push_str(&symbols.grouping);
        }
        out.push(symbols.digit_of(*digit));
    }
    if !part.has_point {
        // The official implementation takes the last character away, which is the point in most cases.
        if fraction.pop().is_some() {
            out.push_str(&symbols.decimal);
        }
        out.extend(fraction.iter().map(|digit| symbols.digit_of(*digit)));
    } else if !fraction.is_empty() {
        out.push_str(&symbols.decimal);
        for (place, digit) in fraction.iter().enumerate() {
            if part.fraction_groups.contains(&place) {
                out.push_str(&symbols.grouping);
            }
            out.push(symbols.digit_of(*digit));
        }
    }
    if let Some(exponent) = exponent {
        out.push_str(&symbols.exponent);
        if exponent < 0 {
            out.push_str(&symbols.minus);
        }
        let digits = format!("{:0>width$}", exponent.unsigned_abs(), width = part.exponent_min);
        out.extend(digits.chars().map(|digit| symbols.digit_of(digit)));
    }
    out.push_str(&part.suffix);
    Ok(out)
}

/// Mantissa and exponent, if the picture has one.
fn split(number: f64, part: &Part) -> Result<(f64, Option<i32>)> {
    if part.exponent_min == 0 {
        return Ok((number, None));
    }
    let digits = i32::try_from(part.scaling).unwrap_or(i32::MAX);
    let (largest, smallest) = (10_f64.powi(digits), 10_f64.powi(digits.saturating_sub(1)));
    let (mut mantissa, mut exponent) = (number, 0);
    if mantissa != 0.0 {
        while mantissa.abs() < smallest && exponent > -SHIFTS_MAX {
            mantissa *= 10.0;
            exponent -= 1;
        }
        while mantissa.abs() > largest && exponent < SHIFTS_MAX {
            mantissa /= 10.0;
            exponent += 1;
        }
    }
    if exponent.abs() == SHIFTS_MAX { Err(Fault::new("D3205")) } else { Ok((mantissa, Some(exponent))) }
}
