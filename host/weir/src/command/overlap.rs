//! `--overlap`: for how long an old secret opens what its successor opens too.

use std::time::Duration;

use api::At;
use types::Clock;

/// How long both count.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Overlap {
    /// How long the old one goes on, such as 90s, 30m, 24h or 7d
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = parse)]
    overlap: Duration,
}

impl Overlap {
    /// What the control plane is asked: an end by the clock of this machine.
    pub(crate) fn rotate(self) -> api::Rotate {
        api::Rotate { retire_at: Some(At(Clock::system().now().after(self.overlap))) }
    }
}

/// A whole number and its unit. At most a year: who wants more wants no end.
fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || "write a whole number and s, m, h or d, such as 24h; from 1s to 365d".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "s" => Some(number),
        "m" => number.checked_mul(60),
        "h" => number.checked_mul(3_600),
        "d" => number.checked_mul(86_400),
        _ => None,
    };
    seconds.filter(|seconds| (1..=31_536_000).contains(seconds)).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_whole_number_and_its_unit() {
        for (text, seconds) in [("90s", 90), ("30m", 1_800), ("24h", 86_400), ("365d", 31_536_000)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "s", "24", "0s", "-1h", "1.5h", "1w", "366d", "99999999999999999999d", "9µ", "+"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
