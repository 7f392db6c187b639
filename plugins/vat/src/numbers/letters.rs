//! Countries whose numbers have letters in them, or more than one form.
//!
//! Source: the member states' algorithms, as the European Commission publishes them for VIES; the Netherlands' second
//! form since 2020.

use super::Fault;
use super::digits::{all, exactly, format, luhn, luhn_sum, value, verdict, weighted};

/// Splits off the last character.
fn last(text: &str) -> Result<(&str, char), Fault> {
    let mut chars = text.chars();
    let last = chars.next_back().ok_or(Fault::Format)?;
    Ok((chars.as_str(), last))
}

/// The `place`th character of an alphabet.
fn nth(alphabet: &str, place: u32) -> Option<char> {
    alphabet.chars().nth(usize::try_from(place).ok()?)
}

/// Where a character stands in an alphabet.
fn place(alphabet: &str, character: char) -> Option<u32> {
    u32::try_from(alphabet.chars().position(|known| known == character)?).ok()
}

pub(super) fn cyprus(text: &str) -> Result<(), Fault> {
    let (body, letter) = last(text)?;
    let digits: [u32; 8] = exactly(body)?;
    format(letter.is_ascii_uppercase() && digits[..2] != [1, 2])?;
    let odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let sum: u32 = digits
        .chunks_exact(2)
        .map(|pair| odd.get(usize::try_from(pair[0]).unwrap_or(0)).copied().unwrap_or(0) + pair[1])
        .sum();
    verdict(nth("ABCDEFGHIJKLMNOPQRSTUVWXYZ", sum % 26) == Some(letter))
}

pub(super) fn spain(text: &str) -> Result<(), Fault> {
    const PERSON: &str = "TRWAGMYFPDXBNJZSQVHLCKE";
    let first = text.chars().next().ok_or(Fault::Format)?;
    let (body, check) = last(text)?;
    let person = |digits: [u32; 8]| {
        format(check.is_ascii_uppercase())?;
        verdict(nth(PERSON, u32::try_from(value(&digits) % 23).unwrap_or(0)) == Some(check))
    };
    if first.is_ascii_digit() {
        return person(exactly(body)?);
    }
    if let Some(nationality) = place("XYZ", first) {
        return person(exactly(&format!("{nationality}{}", &body[1..]))?);
    }
    let digits: [u32; 7] = exactly(body.get(first.len_utf8()..).ok_or(Fault::Format)?)?;
    if matches!(first, 'K' | 'L' | 'M') {
        let [a, b, c, d, e, f, g] = digits;
        return person([0, a, b, c, d, e, f, g]);
    }
    format(place("ABCDEFGHJNPQRSUVW", first).is_some())?;
    // Luhn's sum with the check digit still to come, so the doubling begins with the last one.
    let doubled: u32 = luhn_sum(&[&digits[..], &[0]].concat());
    let digit = (10 - doubled % 10) % 10;
    let is_digit = check.to_digit(10) == Some(digit);
    let is_letter = nth("JABCDEFGHI", digit) == Some(check);
    verdict(match first {
        'A' | 'B' | 'E' | 'H' => is_digit,
        'N' | 'P' | 'Q' | 'R' | 'S' | 'W' => is_letter,
        _ => is_digit || is_letter,
    })
}

pub(super) fn france(text: &str) -> Result<(), Fault> {
    const KEY: &str = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let (key, siren) = text.split_at_checked(2).ok_or(Fault::Format)?;
    let digits: [u32; 9] = exactly(siren)?;
    let places: Vec<u32> = key.chars().map(|c| place(KEY, c)).collect::<Option<_>>().ok_or(Fault::Format)?;
    let [first, second] = places[..] else { return Err(Fault::Format) };
    let number = value(&digits);
    // Numbers of Monaco begin with 000 and have no SIREN of their own.
    let siren_holds = digits[..3] == [0, 0, 0] || luhn(&digits);
    let key_holds = if first < 10 && second < 10 {
        (number * 100 + 12) % 97 == u64::from(first * 10 + second)
    } else {
        let check = if first < 10 { first * 24 + second - 10 } else { first * 34 + second - 100 };
        (number + 1 + u64::from(check / 11)) % 11 == u64::from(check % 11)
    };
    verdict(siren_holds && key_holds)
}

pub(super) fn ireland(text: &str) -> Result<(), Fault> {
    const CHECK: &str = "WABCDEFGHIJKLMNOPQRSTUV";
    let chars: Vec<char> = text.chars().collect();
    let second_is_digit = chars.get(1).is_some_and(char::is_ascii_digit);
    let (digits, check, extra): (String, _, _) = match chars[..] {
        // Until 2013: the second place a letter, `+` or `*`.
        [first, second, .., check] if !second_is_digit && chars.len() == 8 => {
            format(second.is_ascii_uppercase() || matches!(second, '+' | '*'))?;
            (['0'].iter().chain(&chars[2..7]).chain(&[first]).collect(), check, 0)
        }
        [.., check] if chars.len() == 8 => (chars[..7].iter().collect(), check, 0),
        // Since 2013: one more letter, A to I, or W, which counts nothing.
        [.., check, extra] if chars.len() == 9 => {
            let extra = place("WABCDEFGHI", extra).ok_or(Fault::Format)?;
            (chars[..7].iter().collect(), check, extra)
        }
        _ => return Err(Fault::Format),
    };
    format(check.is_ascii_uppercase())?;
    let digits: [u32; 7] = exactly(&digits)?;
    verdict(nth(CHECK, (weighted(&digits, &[8, 7, 6, 5, 4, 3, 2]) + 9 * extra) % 23) == Some(check))
}

pub(super) fn netherlands(text: &str) -> Result<(), Fault> {
    let (body, suffix) = text.split_once('B').ok_or(Fault::Format)?;
    let digits: [u32; 9] = exactly(body)?;
    let suffix: [u32; 2] = exactly(suffix)?;
    format(suffix != [0, 0])?;
    let sum = weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2]);
    let of_company = value(&digits) != 0 && sum % 11 == digits[8];
    // Sole traders, since 2020: the whole of it, letters as two digits (A = 10), leaves 1 when divided by 97.
    let whole = format!("2321{body}11{}{}", suffix[0], suffix[1]);
    let of_person = value(&all(&whole)?) % 97 == 1;
    verdict(of_company || of_person)
}

pub(super) fn northern_ireland(text: &str) -> Result<(), Fault> {
    // Government departments and health authorities: no check digit.
    if let Some(number) = text.strip_prefix("GD") {
        return format(value(&exactly::<3>(number)?) < 500);
    }
    if let Some(number) = text.strip_prefix("HA") {
        return format(value(&exactly::<3>(number)?) >= 500);
    }
    let digits = all(text)?;
    format(matches!(digits.len(), 9 | 12))?;
    let rest = (u64::from(weighted(&digits, &[8, 7, 6, 5, 4, 3, 2])) + value(&digits[7..9])) % 97;
    // 42: the second series, whose sums are 55 larger.
    verdict(matches!(rest, 0 | 42))
}
