//! The sums that check digits are made of.

use super::Fault;

/// The digits of `text`, if it has exactly `N` and nothing else.
pub(super) fn exactly<const N: usize>(text: &str) -> Result<[u32; N], Fault> {
    all(text)?.try_into().map_err(|_| Fault::Format)
}

/// The digits of `text`, if it has nothing else.
pub(super) fn all(text: &str) -> Result<Vec<u32>, Fault> {
    text.chars().map(|c| c.to_digit(10)).collect::<Option<_>>().ok_or(Fault::Format)
}

/// The number that the digits write.
pub(super) fn value(digits: &[u32]) -> u64 {
    digits.iter().fold(0, |value, digit| value * 10 + u64::from(*digit))
}

/// Each digit times its weight, summed, as far as both go.
pub(super) fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Whether Luhn's formula holds, the check digit last.
pub(super) fn luhn(digits: &[u32]) -> bool {
    luhn_sum(digits).is_multiple_of(10)
}

/// Luhn's sum: from the right, each second digit doubled, and its own digits summed.
pub(super) fn luhn_sum(digits: &[u32]) -> u32 {
    digits.iter().rev().enumerate().map(|(place, digit)| if place % 2 == 1 { doubled(*digit) } else { *digit }).sum()
}

/// Twice the digit, its own digits summed.
pub(super) fn doubled(digit: u32) -> u32 {
    let twice = digit * 2;
    twice / 10 + twice % 10
}

/// Whether the pure system of ISO/IEC 7064, MOD 11,10 holds.
pub(super) fn iso_7064_mod_11_10(digits: &[u32]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10, |product, digit| {
        let sum = (product + digit) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == *check
}

/// `Ok` when the check digits hold.
#[expect(clippy::fn_params_excessive_bools, reason = "the result of a comparison is all there is to say")]
pub(super) const fn verdict(holds: bool) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::CheckDigits) }
}

/// `Ok` when the format is the country's.
#[expect(clippy::fn_params_excessive_bools, reason = "the result of a comparison is all there is to say")]
pub(super) const fn format(holds: bool) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::Format) }
}
