//! Numbers as English words, Roman numerals and letters.

use crate::error::{Fault, Result};

const SMALL: [(&str, &str); 20] = [
    ("Zero", "Zeroth"),
    ("One", "First"),
    ("Two", "Second"),
    ("Three", "Third"),
    ("Four", "Fourth"),
    ("Five", "Fifth"),
    ("Six", "Sixth"),
    ("Seven", "Seventh"),
    ("Eight", "Eighth"),
    ("Nine", "Ninth"),
    ("Ten", "Tenth"),
    ("Eleven", "Eleventh"),
    ("Twelve", "Twelfth"),
    ("Thirteen", "Thirteenth"),
    ("Fourteen", "Fourteenth"),
    ("Fifteen", "Fifteenth"),
    ("Sixteen", "Sixteenth"),
    ("Seventeen", "Seventeenth"),
    ("Eighteen", "Eighteenth"),
    ("Nineteen", "Nineteenth"),
];
const TENS: [&str; 9] = ["Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety", "Hundred"];
const LARGE: [(&str, f64); 4] = [("Thousand", 1e3), ("Million", 1e6), ("Billion", 1e9), ("Trillion", 1e12)];
const ROMAN: [(f64, &str); 13] = [
    (1_000.0, "m"),
    (900.0, "cm"),
    (500.0, "d"),
    (400.0, "cd"),
    (100.0, "c"),
    (90.0, "xc"),
    (50.0, "l"),
    (40.0, "xl"),
    (10.0, "x"),
    (9.0, "ix"),
    (5.0, "v"),
    (4.0, "iv"),
    (1.0, "i"),
];

/// The largest number that is written with letters or Roman numerals: text is as long as what it stands for.
const ROMAN_MAX: f64 = 1e6;

fn at<T: Copy>(table: &[T], number: f64) -> Option<T> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and not negative")]
    table.get(number as usize).copied()
}

/// A number in words; past the largest word that is repeated.
pub(super) fn to_words(number: f64, ordinal: bool) -> String {
    let mut out = String::new();
    add_words(&mut out, number, false, ordinal);
    out
}

fn add_words(out: &mut String, number: f64, after: bool, ordinal: bool) {
    if number < 100.0 {
        out.push_str(if after { " and " } else { "" });
        add_tens(out, number, ordinal);
        return;
    }
    out.push_str(if after { ", " } else { "" });
    let (unit, size) = if number < 1e3 {
        ("Hundred", 100.0)
    } else {
        *LARGE.iter().rev().find(|(_, size)| number >= *size).unwrap_or(&LARGE[0])
    };
    let count = (number / size).floor();
    add_words(out, count, false, false);
    out.push(' ');
    out.push_str(unit);
    let rest = number - count * size;
    if rest > 0.0 {
        add_words(out, rest, true, ordinal);
    } else if ordinal {
        out.push_str("th");
    }
}

fn add_tens(out: &mut String, number: f64, ordinal: bool) {
    let small = |number: f64| at(&SMALL, number).map_or("", |words| if ordinal { words.1 } else { words.0 });
    if number <= 19.0 {
        out.push_str(small(number));
        return;
    }
    let tens = at(&TENS, (number / 10.0).floor() - 2.0).unwrap_or("");
    let rest = number % 10.0;
    if rest > 0.0 {
        out.push_str(tens);
        out.push('-');
        out.push_str(small(rest));
    } else if ordinal {
        out.push_str(tens.trim_end_matches('y'));
        out.push_str("ieth");
    } else {
        out.push_str(tens);
    }
}

/// The value of one word, in lower case.
fn word(word: &str) -> Option<f64> {
    let is = |name: &str| name.eq_ignore_ascii_case(word);
    if let Some(place) = SMALL.iter().position(|(name, ordinal)| is(name) || is(ordinal)) {
        return Some(place as f64);
    }
    let tens = TENS.iter().position(|name| is(name) || is(&format!("{}ieth", name.trim_end_matches('y'))));
    if let Some(place) = tens {
        return Some((place as f64 + 2.0) * 10.0);
    }
    if is("hundredth") {
        return Some(100.0);
    }
    LARGE.iter().find(|(name, _)| is(name) || is(&format!("{name}th"))).map(|(_, size)| *size)
}

/// The number that words say; NaN if one is unknown.
pub(super) fn from_words(text: &str) -> f64 {
    let text = text.to_lowercase();
    let mut segments = vec![0.0];
    for part in text
        .replace(", ", " ")
        .replace(" and ", " ")
        .split(|next: char| next.is_whitespace() || next == '-' || next == '\\')
    {
        let value = word(part).unwrap_or(f64::NAN);
        let last = segments.pop().unwrap_or(0.0);
        if value < 100.0 {
            if last >= 1_000.0 {
                segments.push(last);
                segments.push(value);
            } else {
                segments.push(last + value);
            }
        } else {
            segments.push(last * value);
        }
    }
    segments.iter().sum()
}

/// Roman numerals in lower case.
pub(super) fn to_roman(mut number: f64) -> Result<String> {
    if number > ROMAN_MAX {
        return Err(Fault::new("D3205"));
    }
    let mut out = String::new();
    while let Some((value, numeral)) = ROMAN.iter().find(|(value, _)| number >= *value) {
        out.push_str(numeral);
        number -= value;
    }
    Ok(out)
}

/// The value of Roman numerals in upper case; NaN if one is none.
pub(super) fn from_roman(text: &str) -> f64 {
    let mut total = 0.0;
    let mut largest = 1.0;
    for numeral in text.chars().rev() {
        let value = match numeral {
            'M' => 1_000.0,
            'D' => 500.0,
            'C' => 100.0,
            'L' => 50.0,
            'X' => 10.0,
            'V' => 5.0,
            'I' => 1.0,
            _ => f64::NAN,
        };
        if value < largest {
            total -= value;
        } else {
            largest = value;
            total += value;
        }
    }
    total
}

/// `a` to `z`, then `aa`.
pub(super) fn to_letters(mut number: f64, first: char) -> String {
    let mut letters = Vec::new();
    while number > 0.0 && number.is_finite() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 26")]
        let letter = ((number - 1.0) % 26.0) as u32;
        letters.push(char::from_u32(letter + u32::from(first)).unwrap_or(first));
        number = ((number - 1.0) / 26.0).floor();
    }
    letters.iter().rev().collect()
}

pub(super) fn from_letters(text: &str, first: char) -> f64 {
    let value = |letter: u16| f64::from(letter) - f64::from(u32::from(first)) + 1.0;
    let units: Vec<u16> = text.encode_utf16().collect();
    units.iter().fold(0.0, |total, letter| total * 26.0 + value(*letter))
}

/// Every word that is known, in the order in which a pattern tries them.
pub(super) fn all() -> Vec<String> {
    let mut all: Vec<String> = SMALL.iter().map(|(name, _)| name.to_lowercase()).collect();
    all.extend(SMALL.iter().map(|(_, ordinal)| ordinal.to_lowercase()));
    for name in TENS {
        all.push(name.to_lowercase());
        all.push(format!("{}ieth", name.trim_end_matches('y').to_lowercase()));
    }
    all.push("hundredth".to_owned());
    for (name, _) in LARGE {
        all.push(name.to_lowercase());
        all.push(format!("{}th", name.to_lowercase()));
    }
    all
}
