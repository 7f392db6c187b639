//! Amounts that are counted: units of an object, fuel, bytes. None wraps, none is negative,
//! and none passes `i64::MAX`, the largest amount that a row can hold.

use std::fmt;

/// An amount was negative, or above `i64::MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount is a whole number from 0 to 9223372036854775807")]
pub struct AmountError;

macro_rules! amounts {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "u64", into = "u64")]
        pub struct $name(u64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);
            /// The largest amount that a row can hold.
            pub const MAX: Self = Self(i64::MAX.unsigned_abs());

            /// The amount `value`; [`Self::MAX`] when it is larger. For constants and for facts that the host measured.
            pub const fn saturating(value: u64) -> Self {
                if value > Self::MAX.0 { Self::MAX } else { Self(value) }
            }

            /// The plain number.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The number as SQLite stores it.
            pub const fn to_sql(self) -> i64 {
                self.0.cast_signed()
            }

            /// Reads what [`Self::to_sql`] wrote.
            ///
            /// # Errors
            ///
            /// [`AmountError`] for a negative number.
            pub const fn from_sql(value: i64) -> Result<Self, AmountError> {
                if value < 0 { Err(AmountError) } else { Ok(Self(value.unsigned_abs())) }
            }

            /// The sum, or `None` past [`Self::MAX`].
            #[must_use]
            pub fn checked_add(self, other: Self) -> Option<Self> {
                self.0.checked_add(other.0).filter(|sum| *sum <= Self::MAX.0).map(Self)
            }

            /// The difference, or `None` when `other` is larger.
            #[must_use]
            pub fn checked_sub(self, other: Self) -> Option<Self> {
                self.0.checked_sub(other.0).map(Self)
            }

            /// The difference; nothing when `other` is larger.
            #[must_use]
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }

            /// The sum; [`Self::MAX`] when it would be larger. For measured facts, never for what is billed.
            #[must_use]
            pub const fn saturating_add(self, other: Self) -> Self {
                Self::saturating(self.0.saturating_add(other.0))
            }
        }

        impl TryFrom<u64> for $name {
            type Error = AmountError;

            fn try_from(value: u64) -> Result<Self, AmountError> {
                if value > Self::MAX.0 { Err(AmountError) } else { Ok(Self(value)) }
            }
        }

        impl From<$name> for u64 {
            fn from(amount: $name) -> Self {
                amount.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )*};
}

amounts! {
    /// How much of one object a call used: one request, three pages. Quotas count it,
    /// plans price it.
    Units,
    /// Work done by a guest, in wasmtime fuel units.
    ///
    /// Not time: the same call spends the same fuel on a slow machine. A limit and a recorded
    /// fact; billed only where a plan lists the object `fuel`, by the million.
    Fuel,
    /// A size or a traffic volume, in bytes.
    ByteCount,
}

impl Fuel {
    /// Fuel as the built-in object `fuel` counts it: units of one million, rounded up.
    pub const fn in_units(self) -> Units {
        Units(self.0.div_ceil(1_000_000))
    }
}

impl ByteCount {
    /// `count` times 1,024 bytes.
    pub const fn kib(count: u64) -> Self {
        Self::saturating(count.saturating_mul(1_024))
    }

    /// `count` times 1,048,576 bytes.
    pub const fn mib(count: u64) -> Self {
        Self::saturating(count.saturating_mul(1_048_576))
    }

    /// The size of something in memory.
    pub fn of(length: usize) -> Self {
        Self::saturating(u64::try_from(length).unwrap_or(u64::MAX))
    }

    /// The number as an index into memory; the largest index when it does not fit.
    pub fn to_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_stop_where_a_row_stops() {
        assert_eq!(Units::try_from(u64::MAX), Err(AmountError));
        assert_eq!(Units::MAX.checked_add(Units::saturating(1)), None);
        assert_eq!(Units::from_sql(-1), Err(AmountError));
        assert_eq!(Units::from_sql(Units::MAX.to_sql()), Ok(Units::MAX));
    }

    #[test]
    fn fuel_is_billed_by_the_started_million() {
        assert_eq!(Fuel::saturating(0).in_units(), Units::ZERO);
        assert_eq!(Fuel::saturating(1).in_units().get(), 1);
        assert_eq!(Fuel::saturating(1_000_001).in_units().get(), 2);
    }
}
