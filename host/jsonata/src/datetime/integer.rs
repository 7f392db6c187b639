//! Pictures of whole numbers.

use super::words;
use crate::error::{Fault, Result, fail};
use crate::value::{Value, shown_number};

/// Where the zeros of the digits of the world's scripts are.
const ZEROS: [u32; 37] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
    0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    Title,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    Decimal,
    Letters,
    Roman,
    Words,
    /// A sequence that is not known, by its first word.
    Unknown(String),
}

/// How a whole number is written.
#[derive(Debug, Clone)]
pub(crate) struct Integer {
    pub(super) form: Form,
    pub(super) case: Case,
    pub(super) ordinal: bool,
    zero: u32,
    pub(super) mandatory: usize,
    pub(super) optional: usize,
    /// Separators and how many digits are after each, from the right.
    pub(super) separators: Vec<(usize, char)>,
    /// The distance between them, if it is always the same.
    pub(super) regular: usize,
    /// How many digits are read, if another number follows at once.
    pub(super) width: Option<usize>,
}

impl Integer {
    /// Reads a picture.
    ///
    /// # Errors
    ///
    /// `D3131` when its digits are of different scripts.
    pub(crate) fn parse(picture: &str) -> Result<Self> {
        let (format, modifier) = picture.rsplit_once(';').unwrap_or((picture, ""));
        let (form, case) = match format {
            "A" => (Form::Letters, Case::Upper),
            "a" => (Form::Letters, Case::Lower),
            "I" => (Form::Roman, Case::Upper),
            "i" => (Form::Roman, Case::Lower),
            "W" => (Form::Words, Case::Upper),
            "Ww" => (Form::Words, Case::Title),
            "w" => (Form::Words, Case::Lower),
            _ => (Form::Decimal, Case::Lower),
        };
        let mut integer = Self {
            form,
            case,
            ordinal: modifier.starts_with('o'),
            zero: 0x30,
            mandatory: 0,
            optional: 0,
            separators: Vec::new(),
            regular: 0,
            width: None,
        };
        if integer.form == Form::Decimal {
            integer.decimal(format)?;
        }
        Ok(integer)
    }

    fn decimal(&mut self, picture: &str) -> Result<()> {
        let mut zero = None;
        for next in picture.chars().rev() {
            let code = u32::from(next);
            if let Some(group) = ZEROS.into_iter().find(|zero| (*zero..=zero + 9).contains(&code)) {
                self.mandatory += 1;
                if *zero.get_or_insert(group) != group {
                    return fail("D3131");
                }
            } else if next == '#' {
                self.optional += 1;
            } else {
                self.separators.push((self.mandatory + self.optional, next));
            }
        }
        let Some(zero) = zero else {
            self.form = Form::Unknown(picture.to_owned());
            return Ok(());
        };
        self.zero = zero;
        let first = self.separators.first().map(|(_, separator)| *separator);
        if self.separators.iter().all(|(_, separator)| Some(*separator) == first) {
            let places: Vec<usize> = self.separators.iter().map(|(place, _)| *place).collect();
            self.regular = crate::functions::regular(&places);
        }
        Ok(())
    }

    /// Writes a whole number.
    ///
    /// # Errors
    ///
    /// `D3130` when the picture is a sequence that is not known.
    pub(crate) fn format(&self, number: f64) -> Result<String> {
        let magnitude = number.abs();
        let text = match &self.form {
            Form::Letters => words::to_letters(magnitude, if self.case == Case::Upper { 'A' } else { 'a' }),
            Form::Roman => self.cased(words::to_roman(magnitude)?),
            Form::Words => self.cased(words::to_words(magnitude, self.ordinal)),
            Form::Decimal => self.digits(magnitude),
            Form::Unknown(token) => return Err(Fault::new("D3130").value(Value::Text(token))),
        };
        Ok(if number < 0.0 { format!("-{text}") } else { text })
    }

    fn cased(&self, text: String) -> String {
        match (self.case, &self.form) {
            (Case::Upper, _) => text.to_uppercase(),
            (Case::Lower, Form::Words) => text.to_lowercase(),
            _ => text,
        }
    }

    fn digits(&self, number: f64) -> String {
        let plain = shown_number(number);
        let padded = format!("{plain:0>width$}", width = self.mandatory);
        let shift = |digit: char| char::from_u32((u32::from(digit) + self.zero).wrapping_sub(0x30)).unwrap_or(digit);
        let shifted: Vec<char> =
            padded.chars().map(|digit| if self.zero == 0x30 { digit } else { shift(digit) }).collect();
        let mut out = String::new();
        for (place, digit) in shifted.iter().enumerate() {
            let right = shifted.len() - place;
            match self.separators.iter().find(|(place, _)| *place == right) {
                _ if self.regular > 0 && place > 0 && right.is_multiple_of(self.regular) => {
                    out.extend(self.separators.first().map(|(_, separator)| *separator));
                }
                Some(_) if self.regular == 0 => {
                    let here = self.separators.iter().rev().filter(|(place, _)| *place == right);
                    out.extend(here.map(|(_, separator)| *separator));
                }
                _ => {}
            }
            out.push(*digit);
        }
        out.extend(self.separators.iter().filter(|(place, _)| *place == 0 && self.regular == 0).map(|(_, next)| *next));
        if self.ordinal {
            let mut last = out.chars().rev();
            let suffix = match (last.next(), last.next()) {
                (_, Some('1')) => "th",
                (Some('1'), _) => "st",
                (Some('2'), _) => "nd",
                (Some('3'), _) => "rd",
                _ => "th",
            };
            out.push_str(suffix);
        }
        out
    }

    /// Reads a number that was written so. As in the official implementation what does not fit is not refused; it may
    /// give NaN.
    ///
    /// # Errors
    ///
    /// `D3130` when the picture is a sequence that is not known.
    pub(crate) fn read(&self, text: &str) -> Result<f64> {
        Ok(match &self.form {
            Form::Letters => words::from_letters(text, if self.case == Case::Upper { 'A' } else { 'a' }),
            Form::Roman if self.case == Case::Upper => words::from_roman(text),
            Form::Roman => words::from_roman(&text.to_uppercase()),
            Form::Words => words::from_words(text),
            Form::Decimal => self.read_digits(text),
            Form::Unknown(token) => return Err(Fault::new("D3130").value(Value::Text(token))),
        })
    }

    fn read_digits(&self, text: &str) -> f64 {
        let count = text.chars().count();
        let text: String = text.chars().take(if self.ordinal { count.saturating_sub(2) } else { count }).collect();
        let is_separator = |next: char| {
            if self.regular > 0 { next == ',' } else { self.separators.iter().any(|(_, separator)| *separator == next) }
        };
        let shift =
            |next: char| char::from_u32(u32::from(next).wrapping_sub(self.zero).wrapping_add(0x30)).unwrap_or(next);
        let digits: String = text.chars().filter(|next| !is_separator(*next)).map(shift).collect();
        leading_number(&digits)
    }
}

/// The whole number that a text begins with, as JavaScript's `parseInt` reads it.
pub(super) fn leading_number(text: &str) -> f64 {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|next: char| !next.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end).and_then(|digits| digits.parse::<f64>().ok()).map_or(f64::NAN, |number| sign * number)
}
