//! Countries where a person's own number serves as a VAT number, with a day of birth in it.
//!
//! Source: the member states' algorithms, as the European Commission publishes them for VIES.

use super::Fault;
use super::digits::{all, exactly, format, value, verdict, weighted};
use crate::dates::Date;

/// Whether there is such a day.
fn is_day(year: u64, month: u64, day: u64) -> bool {
    let date = (u16::try_from(year), u8::try_from(month), u8::try_from(day));
    matches!(date, (Ok(year), Ok(month), Ok(day)) if Date::of(year, month, day).is_real())
}

pub(super) fn bulgaria(text: &str) -> Result<(), Fault> {
    let digits = all(text)?;
    match digits.len() {
        9 => {
            let first = weighted(&digits, &[1, 2, 3, 4, 5, 6, 7, 8]) % 11;
            let second = || weighted(&digits, &[3, 4, 5, 6, 7, 8, 9, 10]) % 11 % 10;
            verdict(if first == 10 { second() } else { first } == digits[8])
        }
        10 => verdict(bulgarian(&digits) || foreigner(&digits) || other(&digits)),
        _ => Err(Fault::Format),
    }
}

/// A citizen: the month tells the century.
fn bulgarian(digits: &[u32]) -> bool {
    let (year, month, day) = (value(&digits[..2]), value(&digits[2..4]), value(&digits[4..6]));
    let born = match month {
        1..=12 => is_day(1900 + year, month, day),
        21..=32 => is_day(1800 + year, month - 20, day),
        41..=52 => is_day(2000 + year, month - 40, day),
        _ => false,
    };
    born && weighted(digits, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == digits[9]
}

fn foreigner(digits: &[u32]) -> bool {
    weighted(digits, &[21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10 == digits[9]
}

fn other(digits: &[u32]) -> bool {
    let check = 11 - weighted(digits, &[4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    check != 10 && check % 11 == digits[9]
}

pub(super) fn czechia(text: &str) -> Result<(), Fault> {
    let digits = all(text)?;
    match digits.len() {
        8 => {
            format(digits[0] != 9)?;
            let check = (11 - weighted(&digits, &[8, 7, 6, 5, 4, 3, 2]) % 11) % 11;
            verdict(if check == 0 { 1 } else { check % 10 } == digits[7])
        }
        // Given to persons without a number of birth.
        9 if digits[0] == 6 => {
            let sum = weighted(&digits[1..], &[8, 7, 6, 5, 4, 3, 2]) % 11;
            // 8 - ((10 - sum) mod 11), mod 11, kept above zero.
            verdict((8 + 11 - (21 - sum) % 11) % 11 % 10 == digits[8])
        }
        9 | 10 => {
            format(czech_birth(&digits))?;
            verdict(digits.len() == 9 || value(&digits[..9]) % 11 % 10 == u64::from(digits[9]))
        }
        _ => Err(Fault::Format),
    }
}

/// Whether a number of birth begins with a day. Women's months are 50 higher; 20 are added when the day's numbers
/// are used up.
fn czech_birth(digits: &[u32]) -> bool {
    let (year, month, day) = (value(&digits[..2]), value(&digits[2..4]) % 50, value(&digits[4..6]));
    let year = match (digits.len(), year) {
        // Nine digits were given until 1953, the eldest to people born in the century before.
        (9, 80..) => 1800 + year,
        (9, 54..) => return false,
        (9, _) | (_, 54..) => 1900 + year,
        _ => 2000 + year,
    };
    is_day(year, if month > 20 { month - 20 } else { month }, day)
}

pub(super) fn latvia(text: &str) -> Result<(), Fault> {
    let digits: [u32; 11] = exactly(text)?;
    if digits[0] > 3 {
        return verdict(weighted(&digits, &[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3);
    }
    // Since 2017 numbers begin with 32 and carry no day.
    if digits[..2] != [3, 2] {
        let century = value(&digits[6..7]);
        format(century <= 2)?;
        let (day, month, year) = (value(&digits[..2]), value(&digits[2..4]), value(&digits[4..6]));
        format(is_day(1800 + 100 * century + year, month, day))?;
    }
    verdict((1 + weighted(&digits, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11 % 10 == digits[10])
}
