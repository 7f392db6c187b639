//! Countries whose numbers are digits with one sum over them.
//!
//! Source: the member states' algorithms, as the European Commission publishes them for VIES.

use super::Fault;
use super::digits::{all, doubled, exactly, format, iso_7064_mod_11_10, luhn, value, verdict, weighted};

pub(super) fn austria(text: &str) -> Result<(), Fault> {
    let digits: [u32; 8] = exactly(text.strip_prefix('U').ok_or(Fault::Format)?)?;
    let [a, b, c, d, e, f, g, check] = digits;
    let sum = a + doubled(b) + c + doubled(d) + e + doubled(f) + g;
    verdict((10 - (sum + 4) % 10) % 10 == check)
}

pub(super) fn belgium(text: &str) -> Result<(), Fault> {
    let digits: [u32; 10] = exactly(text)?;
    format(digits[0] <= 1)?;
    let (body, check) = digits.split_at(8);
    verdict(97 - value(body) % 97 == value(check))
}

pub(super) fn germany(text: &str) -> Result<(), Fault> {
    let digits: [u32; 9] = exactly(text)?;
    format(digits[0] != 0)?;
    verdict(iso_7064_mod_11_10(&digits))
}

pub(super) fn denmark(text: &str) -> Result<(), Fault> {
    let digits: [u32; 8] = exactly(text)?;
    format(digits[0] != 0)?;
    verdict(weighted(&digits, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11))
}

pub(super) fn estonia(text: &str) -> Result<(), Fault> {
    let digits: [u32; 9] = exactly(text)?;
    verdict(weighted(&digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10))
}

pub(super) fn finland(text: &str) -> Result<(), Fault> {
    let digits: [u32; 8] = exactly(text)?;
    verdict(weighted(&digits, &[7, 9, 10, 5, 8, 4, 2, 1]).is_multiple_of(11))
}

pub(super) fn greece(text: &str) -> Result<(), Fault> {
    let digits: [u32; 9] = exactly(text)?;
    verdict(weighted(&digits, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == digits[8])
}

pub(super) fn croatia(text: &str) -> Result<(), Fault> {
    verdict(iso_7064_mod_11_10(&exactly::<11>(text)?))
}

pub(super) fn hungary(text: &str) -> Result<(), Fault> {
    let digits: [u32; 8] = exactly(text)?;
    verdict(weighted(&digits, &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10))
}

pub(super) fn italy(text: &str) -> Result<(), Fault> {
    let digits: [u32; 11] = exactly(text)?;
    format(value(&digits[..7]) != 0)?;
    // The office that gave the number: a province, or one of the four that are none.
    format(matches!(value(&digits[7..10]), 1..=100 | 120 | 121 | 888 | 999))?;
    verdict(luhn(&digits))
}

pub(super) fn lithuania(text: &str) -> Result<(), Fault> {
    let digits = all(text)?;
    format(matches!(digits.len(), 9 | 12))?;
    let (check, body) = digits.split_last().ok_or(Fault::Format)?;
    format(body.last() == Some(&1))?;
    let sum = |start: usize| -> u32 {
        let weights = (start..).map(|place| 1 + u32::try_from(place % 9).unwrap_or(0));
        body.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
    };
    let first = sum(0) % 11;
    verdict(if first == 10 { sum(2) % 11 % 10 } else { first } == *check)
}

pub(super) fn luxembourg(text: &str) -> Result<(), Fault> {
    let digits: [u32; 8] = exactly(text)?;
    verdict(value(&digits[..6]) % 89 == value(&digits[6..]))
}

pub(super) fn malta(text: &str) -> Result<(), Fault> {
    let digits: [u32; 8] = exactly(text)?;
    format(digits[0] != 0)?;
    verdict(weighted(&digits, &[3, 4, 6, 7, 8, 9, 10, 1]).is_multiple_of(37))
}

pub(super) fn poland(text: &str) -> Result<(), Fault> {
    let digits: [u32; 10] = exactly(text)?;
    verdict(weighted(&digits, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == digits[9])
}

pub(super) fn portugal(text: &str) -> Result<(), Fault> {
    let digits: [u32; 9] = exactly(text)?;
    format(digits[0] != 0)?;
    verdict((11 - weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 % 10 == digits[8])
}

pub(super) fn romania(text: &str) -> Result<(), Fault> {
    let digits = all(text)?;
    format((2..=10).contains(&digits.len()) && digits[0] != 0)?;
    let (check, body) = digits.split_last().ok_or(Fault::Format)?;
    // The weights belong to the right end.
    let weights = [7, 5, 3, 2, 1, 7, 5, 3, 2];
    verdict(weighted(body, &weights[9 - body.len()..]) * 10 % 11 % 10 == *check)
}

pub(super) fn sweden(text: &str) -> Result<(), Fault> {
    let digits: [u32; 12] = exactly(text)?;
    format(digits[10..] == [0, 1])?;
    verdict(luhn(&digits[..10]))
}

pub(super) fn slovenia(text: &str) -> Result<(), Fault> {
    let digits: [u32; 8] = exactly(text)?;
    format(digits[0] != 0)?;
    let check = 11 - weighted(&digits, &[8, 7, 6, 5, 4, 3, 2]) % 11;
    // 11 is never given out.
    verdict(check != 11 && check % 10 == digits[7])
}

pub(super) fn slovakia(text: &str) -> Result<(), Fault> {
    let digits: [u32; 10] = exactly(text)?;
    format(digits[0] != 0 && matches!(digits[2], 2..=4 | 7..=9))?;
    verdict(value(&digits).is_multiple_of(11))
}
