//! Timestamps as the language writes them: RFC 3339 with an upper-case `T`, and `Z` or a numeric offset.

use std::time::Duration;

use types::Timestamp;

/// Reads such a timestamp; `None` for anything else, other forms of ISO 8601 among them.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    if well_formed(text.as_bytes()) { Timestamp::parse(text).ok() } else { None }
}

/// Writes a timestamp so that [`parse`] reads it: in UTC, but for moments before the year 0 there.
pub(crate) fn print(at: Timestamp) -> String {
    /// The greatest zone that is read.
    const GREATEST: (&str, Duration) = ("+25:59", Duration::from_mins(25 * 60 + 59));
    let text = at.to_string();
    if text.starts_with('-') { at.after(GREATEST.1).to_string().replace('Z', GREATEST.0) } else { text }
}

fn well_formed(text: &[u8]) -> bool {
    const DATE_AND_TIME: &[u8; 19] = b"dddd-dd-ddTdd:dd:dd";
    let Some((head, tail)) = text.split_at_checked(DATE_AND_TIME.len()) else { return false };
    fits(head, DATE_AND_TIME) && zone(fraction(tail))
}

/// What follows the fraction of a second; a lone dot is left standing, so that no zone fits.
fn fraction(text: &[u8]) -> &[u8] {
    let Some(digits) = text.strip_prefix(b".") else { return text };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 { text } else { digits.get(length..).unwrap_or_default() }
}

fn zone(text: &[u8]) -> bool {
    text == b"Z" || fits(text, b"+dd:dd") || fits(text, b"-dd:dd")
}

fn fits(text: &[u8], shape: &[u8]) -> bool {
    let same = |(byte, want): (&u8, &u8)| if *want == b'd' { byte.is_ascii_digit() } else { byte == want };
    text.len() == shape.len() && text.iter().zip(shape).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_in_two_offsets_is_one_timestamp() {
        let utc = parse("2016-03-14T01:59:00Z").unwrap();
        assert_eq!(parse("2016-03-14T03:59:00+02:00"), Some(utc));
        assert_eq!(parse("2016-03-14T01:59:00.000Z"), Some(utc));
    }

    #[test]
    fn what_is_printed_is_the_same_timestamp() {
        for text in [
            "2016-03-14T01:59:00.120Z",
            "0000-01-01T00:00:00+23:00",
            "0000-01-01T00:00:00+25:59",
            "1969-12-31T00:00:00Z",
        ] {
            let at = parse(text).unwrap();
            assert_eq!(parse(&print(at)), Some(at), "{text} is printed as {}", print(at));
        }
    }

    #[test]
    fn a_timestamp_needs_its_upper_case_t_its_seconds_and_its_zone() {
        for text in [
            "2016-03-14T01:59:00",
            "2016-03-14t01:59:00Z",
            "2016-03-14 01:59:00Z",
            "2016-03-14T01:59Z",
            "2016-03-14T01:59:00z",
            "2016-03-14T01:59:00.Z",
            "2016-13-14T01:59:00Z",
            "2016-03-14T01:59:00Z[UTC]",
            "２016-03-14T01:59:00Z",
            "",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
