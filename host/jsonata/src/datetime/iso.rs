//! ISO 8601, without a picture.

use super::calendar::{DAY_MS, days};

/// Reads `2026-01-02T03:04:05.678Z` and shorter forms. `None` if it is none; NaN if it has the form but is no date.
pub(crate) fn parse_iso(text: &str) -> Option<f64> {
    let mut rest = Rest(text);
    let year = rest.digits(4)?;
    let month = rest.dashed(b'1');
    let day = rest.dashed(b'3');
    // A day where the month is missing has the form, but is no date.
    let month = if day.is_some() { month.unwrap_or(f64::NAN) } else { month.unwrap_or(1.0) };
    let day = day.unwrap_or(1.0);
    let mut time = 0.0;
    let timed = rest.take("T");
    if timed {
        let hours = rest.two(b'2')?;
        rest.take(":").then_some(())?;
        let minutes = rest.two(b'5')?;
        rest.take(":").then_some(())?;
        let seconds = rest.two(b'5')?;
        time = if hours > 24.0 || (hours == 24.0 && minutes + seconds > 0.0) {
            f64::NAN
        } else {
            hours * 3_600_000.0 + minutes * 60_000.0 + seconds * 1_000.0
        };
    }
    let mut fraction = None;
    if rest.take(".") {
        let length = rest.0.bytes().take_while(u8::is_ascii_digit).count();
        let digits = rest.0.get(..length).filter(|digits| !digits.is_empty())?;
        let thousandths: String = digits.chars().chain("000".chars()).take(3).collect();
        fraction = thousandths.parse::<f64>().ok();
        rest.0 = rest.0.get(length..)?;
    }
    let zoned = !rest.0.is_empty();
    let zone = if zoned { rest.zone()? } else { 0.0 };
    if !rest.0.is_empty() {
        return None;
    }
    // Without a time of day there can be neither a fraction nor a zone.
    let shaped = timed || (fraction.is_none() && !zoned);
    let valid = shaped && (1.0..=12.0).contains(&month) && (1.0..=31.0).contains(&day);
    let millis = days(year, month - 1.0, day) * DAY_MS + time + fraction.unwrap_or(0.0);
    Some(if valid { millis - zone * 60_000.0 } else { f64::NAN })
}

struct Rest<'t>(&'t str);

impl Rest<'_> {
    fn take(&mut self, text: &str) -> bool {
        let after = self.0.strip_prefix(text);
        self.0 = after.unwrap_or(self.0);
        after.is_some()
    }

    fn digits(&mut self, count: usize) -> Option<f64> {
        let digits = self.0.get(..count).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        self.0 = self.0.get(count..)?;
        digits.parse().ok()
    }

    /// Two digits, of which the first is at most so large.
    fn two(&mut self, tens_max: u8) -> Option<f64> {
        (*self.0.as_bytes().first()? <= tens_max).then(|| self.digits(2)).flatten()
    }

    /// Two digits after a dash, unless they are the beginning of a zone. JavaScript takes the 31st of any month.
    fn dashed(&mut self, tens_max: u8) -> Option<f64> {
        let [b'-', tens, ones, after @ ..] = self.0.as_bytes() else { return None };
        let is_zone = after.first().is_some_and(|next| *next == b':' || next.is_ascii_digit());
        if is_zone || !(b'0'..=tens_max).contains(tens) || !ones.is_ascii_digit() {
            return None;
        }
        self.take("-");
        self.digits(2)
    }

    /// Minutes east of Greenwich.
    fn zone(&mut self) -> Option<f64> {
        if self.take("Z") {
            return Some(0.0);
        }
        let sign = match self.0.as_bytes().first()? {
            b'+' => 1.0,
            b'-' => -1.0,
            _ => return None,
        };
        self.0 = self.0.get(1..)?;
        let hours = self.two(b'2')?;
        self.take(":");
        let minutes = self.two(b'5')?;
        Some(sign * (hours * 60.0 + minutes))
    }
}
