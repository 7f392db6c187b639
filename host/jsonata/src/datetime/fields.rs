//! What a letter of a picture asks of a moment.

use super::calendar::{DAY_MS, Moment, utc};

const WEEK_MS: f64 = DAY_MS * 7.0;

/// The value of a component; `None` for those that are no numbers.
pub(super) fn field(moment: Moment, component: char) -> Option<f64> {
    let Moment { millis, year, month, day } = moment;
    let today = utc(year, month, day);
    Some(match component {
        'Y' => year,
        'M' => month + 1.0,
        'D' => day,
        'd' => (today - utc(year, 0.0, 1.0)) / DAY_MS + 1.0,
        'F' => moment.weekday(),
        'W' => week(today, (year, 0.0), (year + 1.0, 0.0), (year - 1.0, 0.0), 52.0),
        'w' => week(today, (year, month), next_month(year, month), month_before(year, month), 4.0),
        'X' => {
            if millis < first_week(year, 0.0) {
                year - 1.0
            } else if millis >= first_week(year + 1.0, 0.0) {
                year + 1.0
            } else {
                year
            }
        }
        'x' => {
            let next = next_month(year, month);
            if millis < first_week(year, month) {
                month_before(year, month).1 + 1.0
            } else if millis >= first_week(next.0, next.1) {
                next.1 + 1.0
            } else {
                month + 1.0
            }
        }
        'H' => moment.hours(),
        'h' if moment.hours() % 12.0 == 0.0 => 12.0,
        'h' => moment.hours() % 12.0,
        'm' => moment.minutes(),
        's' => moment.seconds(),
        'f' => moment.fraction(),
        _ => return None,
    })
}

fn next_month(year: f64, month: f64) -> (f64, f64) {
    if month >= 11.0 { (year + 1.0, 0.0) } else { (year, month + 1.0) }
}

fn month_before(year: f64, month: f64) -> (f64, f64) {
    if month <= 0.0 { (year - 1.0, 11.0) } else { (year, month - 1.0) }
}

/// When the first week begins: the one with the first Thursday, on its Monday.
fn first_week(year: f64, month: f64) -> f64 {
    let first = utc(year, month, 1.0);
    let weekday = Moment::new(first).weekday();
    if weekday > 4.0 { first + (8.0 - weekday) * DAY_MS } else { first - (weekday - 1.0) * DAY_MS }
}

/// The number of the week in a year or month, which may belong to the one before or after.
fn week(today: f64, this: (f64, f64), next: (f64, f64), before: (f64, f64), most: f64) -> f64 {
    let weeks = |start: f64| (today - start) / WEEK_MS + 1.0;
    let mut week = weeks(first_week(this.0, this.1));
    if week > most {
        if today >= first_week(next.0, next.1) {
            week = 1.0;
        }
    } else if week < 1.0 {
        week = weeks(first_week(before.0, before.1));
    }
    week.floor()
}
