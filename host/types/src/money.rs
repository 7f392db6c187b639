//! Money: whole millionths of a currency's unit.

use std::fmt;
use std::str::FromStr;

/// Why a text is not a currency or not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not three capital letters.
    #[error("{0:?} is not an ISO 4217 code of three capital letters, such as USD")]
    Currency(String),
    /// Not a decimal number, or with more than six digits after the point.
    #[error("{0:?} is not an amount with at most six digits after the point, such as 0.003")]
    Amount(String),
}

/// A currency by its ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The US dollar.
    pub const USD: Self = Self(*b"USD");
    /// The euro.
    pub const EUR: Self = Self(*b"EUR");

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| MoneyError::Currency(text.to_owned()))?;
        if code.iter().all(u8::is_ascii_uppercase) {
            Ok(Self(code))
        } else {
            Err(MoneyError::Currency(text.to_owned()))
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> serde::Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Money, in millionths of its currency's unit: 1 000 000 is one dollar or one euro.
///
/// Signed, because a refund is a negative charge. Not `Ord`: currencies have no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Money {
    /// Millionths of the currency's unit.
    pub micros: i64,
    /// What they are millionths of.
    pub currency: Currency,
}

impl Money {
    /// Reads a decimal amount such as `20` or `0.003`.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Amount`] when it is not one, or finer than a millionth.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, MoneyError> {
        let refuse = || MoneyError::Amount(amount.chars().take(64).collect());
        let (negative, digits) = amount.strip_prefix('-').map_or((false, amount), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(fraction) || fraction.len() > 6 {
            return Err(refuse());
        }
        let whole: i64 = whole.parse().map_err(|_| refuse())?;
        let fraction: i64 = format!("{fraction:0<6}").parse().map_err(|_| refuse())?;
        let micros = whole.checked_mul(1_000_000).and_then(|sum| sum.checked_add(fraction)).ok_or_else(refuse)?;
        Ok(Self { micros: if negative { micros.saturating_neg() } else { micros }, currency })
    }

    /// Adds, or answers `None` on overflow and across currencies. There is no `+`.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let micros = self.micros.checked_add(other.micros)?;
        (self.currency == other.currency).then_some(Self { micros, ..self })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.micros < 0 { "-" } else { "" };
        let micros = self.micros.unsigned_abs();
        let (whole, fraction) = (micros / 1_000_000, format!("{:06}", micros % 1_000_000));
        let fraction = fraction.trim_end_matches('0');
        write!(f, "{sign}{whole}.{fraction:0<2} {}", self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_reads_to_the_millionth_and_no_finer() {
        assert_eq!(Money::parse("0.003", Currency::USD).map(|money| money.micros), Ok(3_000));
        assert_eq!(Money::parse("20", Currency::USD).map(|money| money.micros), Ok(20_000_000));
        assert!(Money::parse("0.0000001", Currency::USD).is_err());
        assert!(Money::parse("1e3", Currency::USD).is_err());
    }

    #[test]
    fn money_prints_with_two_digits_at_least() {
        assert_eq!(Money { micros: 20_000_000, currency: Currency::USD }.to_string(), "20.00 USD");
        assert_eq!(Money { micros: -3_000, currency: Currency::EUR }.to_string(), "-0.003 EUR");
    }

    #[test]
    fn currencies_do_not_add() {
        let dollar = Money { micros: 1, currency: Currency::USD };
        let euro = Money { micros: 1, currency: Currency::EUR };
        assert_eq!(dollar.checked_add(euro), None);
    }
}
