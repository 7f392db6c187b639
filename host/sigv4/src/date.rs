//! Moments as signatures have them: `20150830T123600Z`.

use types::Timestamp;

/// The moment in the compact form, to the second.
pub(crate) fn compact(at: Timestamp) -> String {
    let whole_seconds = at.as_micros().div_euclid(1_000_000).saturating_mul(1_000_000);
    let mut text = Timestamp::from_micros(whole_seconds).to_string();
    text.retain(|character| !matches!(character, '-' | ':'));
    text
}

/// Reads the compact form, and nothing else.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let digits =
        |range: std::ops::Range<usize>| text.get(range).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    if text.len() != 16 || text.get(8..9) != Some("T") || text.get(15..) != Some("Z") {
        return None;
    }
    let (year, month, day) = (digits(0..4)?, digits(4..6)?, digits(6..8)?);
    let (hour, minute, second) = (digits(9..11)?, digits(11..13)?, digits(13..15)?);
    Timestamp::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_to_the_second_and_read_back() {
        let at = Timestamp::parse("2015-08-30T12:36:00.999999Z").unwrap();
        assert_eq!(compact(at), "20150830T123600Z");
        assert_eq!(parse("20150830T123600Z"), Timestamp::parse("2015-08-30T12:36:00Z").ok());
    }

    #[test]
    fn what_is_no_moment_in_the_compact_form_is_not_read() {
        for text in
            ["", "2015-08-30T12:36:00Z", "20150830T123600", "20151330T123600Z", "20150830T1236ä0", "2015083€T12360Z"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
