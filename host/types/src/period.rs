//! Quota periods: half-open spans of time that are computed, never stored as "the current one".

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::Timestamp;

/// How often a quota begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// A UTC calendar day.
    Day,
    /// Seven times 24 hours from the subscription's anchor.
    Week,
    /// From one anniversary of the anchor to the next: the billing period.
    Month,
    /// Never: one period from the anchor on.
    None,
}

impl Per {
    /// The word as it stands in rows, files and messages, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::None => "none",
        }
    }

    /// The adjective of messages, as client code of other marketplaces matches on it.
    pub const fn adjective(self) -> &'static str {
        match self {
            Self::Day => "DAILY",
            Self::Week => "WEEKLY",
            Self::Month => "MONTHLY",
            Self::None => "TOTAL",
        }
    }
}

/// One period of a quota: from `start` up to, but not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    /// The first moment that belongs to it.
    pub start: Timestamp,
    /// The first moment that does not.
    pub end: Timestamp,
}

const DAY: Duration = Duration::from_hours(24);
const WEEK: Duration = Duration::from_hours(7 * 24);

impl Period {
    /// The period that holds `now`, for a subscription whose periods are counted from `anchor`.
    ///
    /// Months keep the anchor's day and time and clamp to the month's length; boundary n comes from the anchor,
    /// never from boundary n−1. A moment before the anchor belongs to the first period.
    pub fn at(per: Per, anchor: Timestamp, now: Timestamp) -> Self {
        match per {
            Per::Day => Self::grid(DAY, Timestamp::from_micros(0), now),
            Per::Week => Self::grid(WEEK, anchor, now.max(anchor)),
            Per::Month => Self::month(anchor, now.max(anchor)),
            Per::None => Self { start: anchor, end: Timestamp::from_micros(i64::MAX) },
        }
    }

    /// Whether `moment` lies in it.
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.start <= moment && moment < self.end
    }

    /// How long it is.
    pub fn length(&self) -> Duration {
        self.end.since(self.start)
    }

    fn grid(step: Duration, origin: Timestamp, now: Timestamp) -> Self {
        let step_us = i64::try_from(step.as_micros()).unwrap_or(i64::MAX);
        let offset = now.as_micros().saturating_sub(origin.as_micros());
        let start = now.as_micros().saturating_sub(offset.rem_euclid(step_us));
        Self { start: Timestamp::from_micros(start), end: Timestamp::from_micros(start.saturating_add(step_us)) }
    }

    fn month(anchor: Timestamp, now: Timestamp) -> Self {
        let (from, to) = (civil(anchor), civil(now));
        let months =
            (i32::from(to.year()) - i32::from(from.year())) * 12 + (i32::from(to.month()) - i32::from(from.month()));
        // `months` boundaries after the anchor lies in the month of `now`: before it, or after it.
        let boundary = anniversary(anchor, months);
        if boundary <= now {
            Self { start: boundary, end: anniversary(anchor, months + 1) }
        } else {
            Self { start: anniversary(anchor, months - 1), end: boundary }
        }
    }
}

fn civil(at: Timestamp) -> Date {
    jiff::Timestamp::from_microsecond(at.as_micros()).map_or(Date::ZERO, |at| TimeZone::UTC.to_datetime(at).date())
}

/// The anchor, `months` months later: same time of day, same day or the month's last.
fn anniversary(anchor: Timestamp, months: i32) -> Timestamp {
    let day = civil(anchor);
    let moved = day.saturating_add(jiff::Span::new().months(months));
    let days = i64::from((moved - day).get_days());
    let passed = days.saturating_mul(i64::try_from(DAY.as_micros()).unwrap_or(i64::MAX));
    Timestamp::from_micros(anchor.as_micros().saturating_add(passed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn month(anchor: &str, now: &str) -> (String, String) {
        let period = Period::at(Per::Month, at(anchor), at(now));
        (period.start.to_string(), period.end.to_string())
    }

    #[test]
    fn a_month_keeps_the_anchors_day_and_clamps_to_the_months_length() {
        let anchor = "2026-01-31T00:00:00Z";
        assert_eq!(
            month(anchor, "2026-02-10T00:00:00Z"),
            ("2026-01-31T00:00:00Z".into(), "2026-02-28T00:00:00Z".into())
        );
        assert_eq!(
            month(anchor, "2026-02-28T00:00:00Z"),
            ("2026-02-28T00:00:00Z".into(), "2026-03-31T00:00:00Z".into())
        );
        assert_eq!(
            month(anchor, "2026-04-29T23:59:59Z"),
            ("2026-03-31T00:00:00Z".into(), "2026-04-30T00:00:00Z".into())
        );
        assert_eq!(month("2028-01-31T00:00:00Z", "2028-02-01T00:00:00Z").1, "2028-02-29T00:00:00Z");
    }

    #[test]
    fn a_day_is_the_utc_calendar_day_whatever_the_anchor() {
        let period = Period::at(Per::Day, at("2026-01-31T15:00:00Z"), at("2026-11-22T10:00:00Z"));
        assert_eq!(period.start, at("2026-11-22T00:00:00Z"));
        assert_eq!(period.end, at("2026-11-23T00:00:00Z"));
    }

    #[test]
    fn a_week_is_seven_days_from_the_anchor() {
        let period = Period::at(Per::Week, at("2026-11-02T15:00:00Z"), at("2026-11-22T10:00:00Z"));
        assert_eq!(period.start, at("2026-11-16T15:00:00Z"));
        assert_eq!(period.length(), WEEK);
    }

    proptest::proptest! {
        #[test]
        fn every_moment_lies_in_its_period_and_periods_meet(
            anchor in 0_i64..4_000_000_000_000_000, later in 0_i64..400_000_000_000_000,
        ) {
            let (anchor, now) = (Timestamp::from_micros(anchor), Timestamp::from_micros(anchor + later));
            for per in [Per::Day, Per::Week, Per::Month, Per::None] {
                let period = Period::at(per, anchor, now);
                proptest::prop_assert!(period.contains(now), "{per:?} {period:?} {now:?}");
                if per != Per::None {
                    let next = Period::at(per, anchor, period.end);
                    proptest::prop_assert_eq!(next.start, period.end, "{:?}", per);
                }
            }
        }
    }
}
