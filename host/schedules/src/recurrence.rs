//! When a schedule is due: `rate(…)`, `cron(…)` and `at(…)`, as EventBridge Scheduler has them.
//!
//! Source: the documentation of Amazon EventBridge Scheduler, "Schedule types".

use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff_zones::tz::TimeZone;
use jiff_zones::{Timestamp as Instant, civil};
use types::Timestamp;

/// A rule that says when.
#[derive(Debug, Clone)]
pub(crate) struct Recurrence {
    rule: Rule,
    zone: TimeZone,
}

#[derive(Debug, Clone)]
enum Rule {
    /// Again and again after so long, counted from where it began.
    Rate(Duration),
    /// Whenever the clock on the wall shows this.
    Cron(Box<Cron>),
    /// Once.
    At(civil::DateTime),
}

impl Recurrence {
    /// Reads an expression. `zone` is a name of the IANA database, such as `Europe/Berlin`; `rate` does not look at it.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and what to write, for people.
    pub(crate) fn read(expression: &str, zone: &str) -> Result<Self, String> {
        let zone = TimeZone::get(zone).map_err(|_| {
            format!("{zone:?} is no time zone: write a name of the IANA database, such as Europe/Berlin or UTC")
        })?;
        let inner =
            |word: &str| expression.trim().strip_prefix(word)?.strip_prefix('(')?.strip_suffix(')').map(str::trim);
        let rule = match (inner("rate"), inner("cron"), inner("at")) {
            (Some(rate), ..) => Rule::Rate(read_rate(rate)?),
            (_, Some(cron), _) => Rule::Cron(Box::new(read_cron(cron)?)),
            (.., Some(at)) => Rule::At(at.parse().map_err(|_| {
                format!("at({at}) is no moment: write it as at(2027-01-31T08:30:00), in the schedule's time zone")
            })?),
            _ => {
                return Err(format!(
                    "{expression:?} is none of rate(5 minutes), cron(0 8 ? * MON-FRI *), at(2027-01-31T08:30:00)"
                ));
            }
        };
        Ok(Self { rule, zone })
    }

    /// The first moment after `now` at which it is due, for one that began at `began`. `None`: never again.
    pub(crate) fn next(&self, began: Timestamp, now: Timestamp) -> Option<Timestamp> {
        match &self.rule {
            Rule::Rate(every) => {
                let passed = now.since(began).as_micros() / every.as_micros() + 1;
                let turns = u32::try_from(passed).ok()?;
                Some(began.after(every.checked_mul(turns)?))
            }
            Rule::Cron(cron) => {
                let now = Instant::from_microsecond(now.as_micros()).ok()?.to_zoned(self.zone.clone());
                let next = cron.find_next_occurrence(&now, false).ok()?;
                Some(Timestamp::from_micros(next.timestamp().as_microsecond()))
            }
            Rule::At(at) => {
                let at = at.to_zoned(self.zone.clone()).ok()?.timestamp().as_microsecond();
                (at > now.as_micros()).then(|| Timestamp::from_micros(at))
            }
        }
    }
}

/// `5 minutes`, `1 hour`, `7 days`.
fn read_rate(text: &str) -> Result<Duration, String> {
    let wrong = || format!("rate({text}) is no rate: write rate(5 minutes), rate(1 hour) or rate(7 days)");
    let (count, unit) = text.split_once(char::is_whitespace).ok_or_else(wrong)?;
    let count: u32 = count.parse().ok().filter(|count| (1..=100_000).contains(count)).ok_or_else(wrong)?;
    let minutes = match unit.trim().trim_end_matches('s') {
        "minute" => 1,
        "hour" => 60,
        "day" => 24 * 60,
        _ => return Err(wrong()),
    };
    Ok(Duration::from_mins(u64::from(count) * minutes))
}

/// Minute, hour, day of the month, month, day of the week (1 is Sunday), year.
fn read_cron(text: &str) -> Result<Cron, String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [_, _, day, _, weekday, _] = fields.as_slice() else {
        return Err(format!(
            "cron({text}) has {} fields and not six: minute, hour, day of the month, month, day of the week, year",
            fields.len()
        ));
    };
    if (*day == "?") == (*weekday == "?") {
        return Err(format!(
            "cron({text}) needs a `?` for the day of the month or the day of the week, and not for both"
        ));
    }
    let parser = CronParser::builder()
        .seconds(Seconds::Required)
        .year(Year::Required)
        .alternative_weekdays(true)
        .sloppy_ranges(true)
        .build();
    // The pattern begins with the second, which is the first of its minute.
    parser.parse(&format!("0 {text}")).map_err(|error| format!("cron({text}) cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn next(expression: &str, zone: &str, now: &str) -> Option<String> {
        let rule = Recurrence::read(expression, zone).unwrap();
        rule.next(at("2026-01-01T00:00:00Z"), at(now)).map(|next| next.to_string())
    }

    fn is_next(expression: &str, zone: &str, now: &str, expected: &str) {
        assert_eq!(
            next(expression, zone, now).as_deref().map(at),
            Some(at(expected)),
            "{expression} in {zone} after {now}"
        );
    }

    #[test]
    fn a_rate_counts_from_where_it_began() {
        is_next("rate(5 minutes)", "UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z");
        is_next("rate(5 minutes)", "UTC", "2026-01-01T00:07:10Z", "2026-01-01T00:10:00Z");
        is_next("rate(1 hour)", "Europe/Berlin", "2026-03-01T10:59:59Z", "2026-03-01T11:00:00Z");
        is_next("rate(7 days)", "UTC", "2026-01-08T00:00:00Z", "2026-01-15T00:00:00Z");
    }

    #[test]
    fn a_cron_expression_is_that_of_eventbridge() {
        is_next("cron(0 8 ? * MON-FRI *)", "UTC", "2026-05-01T09:00:00Z", "2026-05-04T08:00:00Z");
        // 1 is Sunday.
        is_next("cron(0 8 ? * 1 *)", "UTC", "2026-05-01T09:00:00Z", "2026-05-03T08:00:00Z");
        is_next("cron(15 10 L * ? *)", "UTC", "2026-02-01T00:00:00Z", "2026-02-28T10:15:00Z");
        is_next("cron(0 0 ? * 6#2 *)", "UTC", "2026-05-01T00:00:00Z", "2026-05-08T00:00:00Z");
        is_next("cron(0/20 8 1 * ? 2027)", "UTC", "2026-05-01T00:00:00Z", "2027-01-01T08:00:00Z");
        assert_eq!(next("cron(0 8 1 1 ? 2025)", "UTC", "2026-05-01T00:00:00Z"), None);
    }

    #[test]
    fn the_clock_on_the_wall_is_that_of_the_zone_through_its_changes() {
        is_next("cron(30 8 * * ? *)", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T06:30:00Z");
        is_next("cron(30 8 * * ? *)", "Europe/Berlin", "2026-03-27T12:00:00Z", "2026-03-28T07:30:00Z");
        is_next("at(2027-07-01T09:00:00)", "America/New_York", "2026-01-01T00:00:00Z", "2027-07-01T13:00:00Z");
        assert_eq!(next("at(2025-07-01T09:00:00)", "UTC", "2026-01-01T00:00:00Z"), None);
    }

    #[test]
    fn what_cannot_be_read_says_what_to_write() {
        for (expression, zone, told) in [
            ("every day", "UTC", "none of rate"),
            ("rate(0 minutes)", "UTC", "no rate"),
            ("rate(5 seconds)", "UTC", "no rate"),
            ("cron(0 8 * * *)", "UTC", "not six"),
            ("cron(0 8 1 * MON *)", "UTC", "needs a `?`"),
            ("cron(99 8 1 * ? *)", "UTC", "cannot be read"),
            ("at(tomorrow)", "UTC", "no moment"),
            ("rate(1 hour)", "Mars/Olympus", "no time zone"),
        ] {
            let refused = Recurrence::read(expression, zone).unwrap_err();
            assert!(refused.contains(told), "{expression}: {refused}");
        }
    }
}
