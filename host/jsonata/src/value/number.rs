//! Numbers as JavaScript writes them.

use std::fmt::Write as _;

/// The shortest text that reads back as the number.
pub(crate) fn shown_number(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    let magnitude = number.abs();
    if magnitude < 1e15 && magnitude.fract() == 0.0 {
        return format!("{number:.0}");
    }
    let mut out = String::with_capacity(24);
    if number < 0.0 {
        out.push('-');
    }
    let (digits, exponent) = parts(&format!("{magnitude:e}"));
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let point = exponent + 1;
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if count <= point && point <= 21 {
        out.push_str(&digits);
        out.push_str(&zeros(point - count));
    } else if 0 < point && point <= 21 {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        out.push_str(whole);
        out.push('.');
        out.push_str(fraction);
    } else if -6 < point && point <= 0 {
        out.push_str("0.");
        out.push_str(&zeros(-point));
        out.push_str(&digits);
    } else {
        let (first, rest) = digits.split_at(1);
        out.push_str(first);
        if !rest.is_empty() {
            out.push('.');
            out.push_str(rest);
        }
        out.push('e');
        out.push(if exponent < 0 { '-' } else { '+' });
        out.push_str(&exponent.unsigned_abs().to_string());
    }
    out
}

/// The digits and the exponent of `d.ddde±x`.
fn parts(text: &str) -> (String, i32) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

/// Rounds to 15 significant digits, which hides what binary fractions leave behind.
pub(crate) fn significant(number: f64) -> f64 {
    // Exactly in the middle JavaScript goes away from zero, and Rust to the even digit.
    let (digits, exponent) = parts(&format!("{:.40e}", number.abs()));
    let (head, tail) = digits.split_at(15.min(digits.len()));
    let middle = tail.starts_with('5') && tail.bytes().skip(1).all(|digit| digit == b'0');
    let text = match head.parse::<u64>() {
        Ok(head) if middle => format!("{}e{}", head + 1, exponent - 14),
        _ => return format!("{number:.14e}").parse().unwrap_or(number),
    };
    text.parse::<f64>().unwrap_or(number).copysign(number)
}

/// Rounds half to even at a decimal place, as `$round` does.
pub(crate) fn rounded(number: f64, places: f64) -> f64 {
    let shifted = if places == 0.0 { number } else { shift(number, places) };
    let below = shifted.floor();
    let mut result = if shifted - below >= 0.5 { below + 1.0 } else { below };
    if (result - shifted).abs() == 0.5 && (result % 2.0).abs() == 1.0 {
        result -= 1.0;
    }
    if places != 0.0 {
        result = shift(result, -places);
    }
    // JSON has no negative zero.
    if result == 0.0 { 0.0 } else { result }
}

/// Moves the decimal point, in text: a product would bring errors of its own.
fn shift(number: f64, places: f64) -> f64 {
    let text = shown_number(number);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: f64 = exponent.trim_start_matches('+').parse().unwrap_or(0.0);
    let mut moved = String::from(mantissa);
    if write!(moved, "e{}", shown_number(exponent + places)).is_err() {
        return f64::NAN;
    }
    // JavaScript reads no fraction in an exponent.
    if (exponent + places).fract() == 0.0 { moved.replace("e+", "e").parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// A number with so many decimal places, at most 100.
pub(crate) fn to_fixed(number: f64, places: usize) -> String {
    if number.abs() >= 1e21 || !number.is_finite() {
        return shown_number(number);
    }
    format!("{number:.places$}")
}

/// A whole number in another base, as JavaScript writes it past 2^53 too.
pub(crate) fn to_radix(number: f64, radix: u32) -> String {
    if radix == 10 || !number.is_finite() {
        return shown_number(number);
    }
    let base = f64::from(radix);
    let mut rest = number.abs();
    let mut digits = Vec::new();
    // Past 2^53 the last digits are not known, and are zeros.
    while rest >= 9_007_199_254_740_992.0 * 2.0 {
        rest /= base;
        digits.push('0');
    }
    loop {
        let digit = rest % base;
        // Whole, and below 36.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and below 36")]
        digits.push(char::from_digit(digit as u32, radix).unwrap_or('0'));
        rest = ((rest - digit) / base).floor();
        if rest <= 0.0 {
            break;
        }
    }
    if number < 0.0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}
