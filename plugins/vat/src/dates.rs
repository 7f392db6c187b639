//! Days of the calendar, as the rate tables and some VAT numbers need them.

use std::fmt;

use serde::{Serialize, Serializer};
use weir_sdk::http::Failure;

/// A day. Ordered as the calendar is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// A day of a table. Checked by [`Date::is_real`] in tests, not here.
    pub(crate) const fn of(year: u16, month: u8, day: u8) -> Self {
        Self { year, month, day }
    }

    /// Whether the calendar has such a day.
    pub(crate) fn is_real(self) -> bool {
        let leap = self.year.is_multiple_of(4) && !self.year.is_multiple_of(100) || self.year.is_multiple_of(400);
        let days = match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            _ => 0,
        };
        (1..=days).contains(&self.day)
    }

    /// Reads `2024-02-29`.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let read = || {
            let mut parts = text.split('-');
            let mut next = |width: usize| {
                parts.next().filter(|part| part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit()))
            };
            let date = Self::of(next(4)?.parse().ok()?, next(2)?.parse().ok()?, next(2)?.parse().ok()?);
            (parts.next().is_none() && date.is_real()).then_some(date)
        };
        read().ok_or_else(|| {
            let shown: String = text.chars().take(16).collect();
            Failure::rejected("invalid-date", format!("{shown:?} is not a day; write it as 2025-07-01"))
        })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for real in ["2024-02-29", "2000-02-29", "2025-12-31"] {
            assert_eq!(Date::parse(real).unwrap().to_string(), real);
        }
        for wrong in ["2023-02-29", "1900-02-29", "2025-13-01", "2025-1-01", "2025-01-01-01", "01.02.2025", ""] {
            assert_eq!(Date::parse(wrong).unwrap_err().code(), "invalid-date", "{wrong}");
        }
    }
}
