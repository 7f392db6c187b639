//! Days and milliseconds, in the Gregorian calendar without end, as JavaScript counts them.

pub(super) const DAY_MS: f64 = 86_400_000.0;

/// The last moment of JavaScript, in either direction.
const MILLIS_MAX: f64 = 8.64e15;

/// A moment as its parts; all are NaN for what is no moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) millis: f64,
    pub(super) year: f64,
    /// From 0.
    pub(super) month: f64,
    pub(super) day: f64,
}

impl Moment {
    pub(super) fn new(millis: f64) -> Self {
        if !millis.is_finite() || millis.abs() > MILLIS_MAX {
            return Self { millis: f64::NAN, year: f64::NAN, month: f64::NAN, day: f64::NAN };
        }
        let millis = millis.trunc();
        // Days since 0000-03-01, so that a leap day is the last of its year.
        let days = (millis / DAY_MS).floor() + 719_468.0;
        let era = (days / 146_097.0).floor();
        let of_era = days - era * 146_097.0;
        let leaps = (of_era / 1_460.0).floor() - (of_era / 36_524.0).floor() + (of_era / 146_096.0).floor();
        let year_of_era = ((of_era - leaps) / 365.0).floor();
        let of_year = of_era - (365.0 * year_of_era + (year_of_era / 4.0).floor() - (year_of_era / 100.0).floor());
        let shifted = ((5.0 * of_year + 2.0) / 153.0).floor();
        let day = of_year - ((153.0 * shifted + 2.0) / 5.0).floor() + 1.0;
        let month = if shifted < 10.0 { shifted + 2.0 } else { shifted - 10.0 };
        let year = year_of_era + era * 400.0 + if month < 2.0 { 1.0 } else { 0.0 };
        Self { millis, year, month, day }
    }

    /// Milliseconds of the day.
    fn of_day(self) -> f64 {
        self.millis.rem_euclid(DAY_MS)
    }

    pub(super) fn hours(self) -> f64 {
        (self.of_day() / 3_600_000.0).floor()
    }

    pub(super) fn minutes(self) -> f64 {
        (self.of_day() / 60_000.0).floor() % 60.0
    }

    pub(super) fn seconds(self) -> f64 {
        (self.of_day() / 1_000.0).floor() % 60.0
    }

    pub(super) fn fraction(self) -> f64 {
        self.of_day() % 1_000.0
    }

    /// Monday is 1, Sunday 7.
    pub(super) fn weekday(self) -> f64 {
        ((self.millis / DAY_MS).floor() + 3.0).rem_euclid(7.0) + 1.0
    }
}

/// The moment of a date; months and days may be out of their range, and years of two digits are of the last century.
pub(super) fn utc(year: f64, month: f64, day: f64) -> f64 {
    let year = year.trunc();
    let year = if (0.0..=99.0).contains(&year) { year + 1_900.0 } else { year };
    days(year, month.trunc(), day.trunc()) * DAY_MS
}

/// Days from 1970-01-01 to a date, with the year as it is.
pub(super) fn days(year: f64, month: f64, day: f64) -> f64 {
    let year = year + (month / 12.0).floor();
    let month = month.rem_euclid(12.0);
    let shifted_year = if month < 2.0 { year - 1.0 } else { year };
    let shifted_month = if month < 2.0 { month + 10.0 } else { month - 2.0 };
    let era = (shifted_year / 400.0).floor();
    let of_era = shifted_year - era * 400.0;
    let of_year = ((153.0 * shifted_month + 2.0) / 5.0).floor() + day - 1.0;
    let of_era = of_era * 365.0 + (of_era / 4.0).floor() - (of_era / 100.0).floor() + of_year;
    era * 146_097.0 + of_era - 719_468.0
}
