//! Amounts of money as exact decimals, and net to gross and back.

use std::fmt;

use serde::{Serialize, Serializer};
use weir_sdk::http::Failure;

/// Digits that an amount may have in all: enough for any invoice, and far from the end of 128 bits.
const DIGITS_MAX: usize = 24;
/// Digits behind the point, at most.
pub(crate) const DECIMALS_MAX: u32 = 6;

/// A decimal number: `units` of ten to the power of minus `decimals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Amount {
    units: i128,
    decimals: u32,
}

/// A rate in hundredths of a percent: 2,550 is 25.5 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Percent(pub(crate) u16);

/// How a half is rounded. Both are away from zero otherwise to the nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Rounding {
    /// A half goes away from zero.
    #[default]
    HalfUp,
    /// A half goes to the even neighbour.
    HalfEven,
}

/// An amount without tax, the tax, and both together: always exactly the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) net: Amount,
    pub(crate) vat: Amount,
    pub(crate) gross: Amount,
}

impl Amount {
    /// Reads `-1234.50`: a sign if negative, digits, and at most [`DECIMALS_MAX`] behind a point.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let read = || {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
            let decimal = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if !decimal(whole) || !decimal(part) || digits.len() > DIGITS_MAX {
                return None;
            }
            let decimals = u32::try_from(part.len()).ok().filter(|decimals| *decimals <= DECIMALS_MAX)?;
            let units: i128 = format!("{whole}{part}").parse().ok()?;
            Some(Self { units: if text.starts_with('-') { -units } else { units }, decimals })
        };
        read().ok_or_else(|| {
            let shown: String = text.chars().take(32).collect();
            Failure::rejected(
                "invalid-amount",
                format!("{shown:?} is not an amount; write it as 1234.50, with at most {DECIMALS_MAX} decimals"),
            )
        })
    }

    /// The same amount with `decimals` digits behind the point.
    fn rounded(self, decimals: u32, rounding: Rounding) -> Self {
        let units = if decimals >= self.decimals {
            self.units * 10_i128.pow(decimals - self.decimals)
        } else {
            divided(self.units, 10_i128.pow(self.decimals - decimals), rounding)
        };
        Self { units, decimals }
    }

    /// Takes this amount as one without tax.
    pub(crate) fn as_net(self, rate: Percent, decimals: u32, rounding: Rounding) -> Split {
        let net = self.rounded(decimals, rounding);
        let vat = Self { units: divided(net.units * i128::from(rate.0), 10_000, rounding), decimals };
        Split { net, vat, gross: Self { units: net.units + vat.units, decimals } }
    }

    /// Takes this amount as one that contains the tax.
    pub(crate) fn as_gross(self, rate: Percent, decimals: u32, rounding: Rounding) -> Split {
        let gross = self.rounded(decimals, rounding);
        let rate = i128::from(rate.0);
        let vat = Self { units: divided(gross.units * rate, 10_000 + rate, rounding), decimals };
        Split { net: Self { units: gross.units - vat.units, decimals }, vat, gross }
    }

    /// The sum of two amounts with the same number of decimals.
    pub(crate) fn plus(self, other: Self) -> Self {
        debug_assert_eq!(self.decimals, other.decimals, "amounts of one answer share their decimals");
        Self { units: self.units + other.units, decimals: self.decimals }
    }

    /// Nothing, with `decimals` digits behind the point.
    pub(crate) const fn zero(decimals: u32) -> Self {
        Self { units: 0, decimals }
    }
}

/// `dividend / divisor`, rounded; `divisor` is positive.
fn divided(dividend: i128, divisor: i128, rounding: Rounding) -> i128 {
    let (quotient, rest) = (dividend / divisor, (dividend % divisor).abs());
    let away = match (rest * 2).cmp(&divisor) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => rounding == Rounding::HalfUp || quotient % 2 != 0,
    };
    if away { quotient + dividend.signum() } else { quotient }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let scale = 10_u128.pow(self.decimals);
        let units = self.units.unsigned_abs();
        write!(f, "{sign}{}", units / scale)?;
        if self.decimals > 0 {
            let width = usize::try_from(self.decimals).unwrap_or(0);
            write!(f, ".{:0width$}", units % scale)?;
        }
        Ok(())
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 100, self.0 % 100);
        match part {
            0 => write!(f, "{whole}"),
            _ if part.is_multiple_of(10) => write!(f, "{whole}.{}", part / 10),
            _ => write!(f, "{whole}.{part:02}"),
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(split: Split) -> [String; 3] {
        [split.net, split.vat, split.gross].map(|amount| amount.to_string())
    }

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    #[test]
    fn net_and_gross_are_exact_to_the_cent() {
        assert_eq!(shown(amount("99.99").as_net(Percent(1_900), 2, Rounding::HalfUp)), ["99.99", "19.00", "118.99"]);
        assert_eq!(shown(amount("119").as_gross(Percent(1_900), 2, Rounding::HalfUp)), ["100.00", "19.00", "119.00"]);
        assert_eq!(shown(amount("100").as_gross(Percent(2_550), 2, Rounding::HalfUp)), ["79.68", "20.32", "100.00"]);
        assert_eq!(shown(amount("-0.05").as_net(Percent(1_000), 2, Rounding::HalfUp)), ["-0.05", "-0.01", "-0.06"]);
        assert_eq!(shown(amount("1234").as_net(Percent(2_700), 0, Rounding::HalfUp)), ["1234", "333", "1567"]);
    }

    #[test]
    fn a_half_goes_where_it_is_told() {
        assert_eq!(shown(amount("0.50").as_net(Percent(500), 2, Rounding::HalfUp))[1], "0.03");
        assert_eq!(shown(amount("0.50").as_net(Percent(500), 2, Rounding::HalfEven))[1], "0.02");
        assert_eq!(shown(amount("0.70").as_net(Percent(500), 2, Rounding::HalfEven))[1], "0.04");
    }

    #[test]
    fn the_parts_always_make_the_whole() {
        for cents in 0..2_000 {
            let amount = Amount { units: cents, decimals: 2 };
            for rate in [Percent(210), Percent(550), Percent(1_900), Percent(2_550), Percent(2_700)] {
                let split = amount.as_gross(rate, 2, Rounding::HalfUp);
                assert_eq!(split.net.plus(split.vat), split.gross);
                assert_eq!(split.gross, amount);
            }
        }
    }

    #[test]
    fn what_is_not_an_amount_is_refused() {
        for wrong in ["", "-", "1,50", "1e3", ".5", "1.", "1.1234567", "1234567890123456789012345", "NaN"] {
            assert_eq!(Amount::parse(wrong).unwrap_err().code(), "invalid-amount", "{wrong}");
        }
    }

    #[test]
    fn the_largest_amount_does_not_overflow() {
        let largest = amount(&"9".repeat(DIGITS_MAX));
        let split = largest.as_net(Percent(10_000), DECIMALS_MAX, Rounding::HalfUp);
        assert_eq!(split.net.plus(split.vat), split.gross);
    }

    #[test]
    fn percents_show_no_more_than_they_have() {
        assert_eq!([2_550, 1_900, 210, 1_025].map(|rate| Percent(rate).to_string()), ["25.5", "19", "2.1", "10.25"]);
    }
}
