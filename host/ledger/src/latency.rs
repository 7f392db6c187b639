//! Latency in buckets that merge exactly: sixteen to each doubling.

use std::time::Duration;

/// How far the value that a bucket stands for lies from any value in it, at most: in percent, rounded up.
///
/// A bucket is a sixteenth of its power of two wide and stands for its middle, so the error is a thirty-second of the
/// value. Below 32 µs a bucket holds one value and there is none.
pub const BUCKET_ERROR_PERCENT: u32 = 4;

/// Values below this have a bucket each.
const EXACT: u64 = 16;

/// The bucket that holds `passed`, by whole microseconds.
pub fn bucket_of(passed: Duration) -> u32 {
    let micros = u64::try_from(passed.as_micros()).unwrap_or(u64::MAX);
    if micros < EXACT {
        return u32::try_from(micros).unwrap_or(0);
    }
    let shift = micros.ilog2().saturating_sub(4);
    let step = u32::try_from(micros.checked_shr(shift).unwrap_or(0) & 15).unwrap_or(0);
    shift.saturating_add(1).saturating_mul(16).saturating_add(step)
}

/// The middle of a bucket, in microseconds: what the views report.
pub fn bucket_value(bucket: u32) -> u64 {
    if u64::from(bucket) < EXACT {
        return u64::from(bucket);
    }
    let (octave, step) = (bucket >> 4, bucket & 15);
    let shift = octave.saturating_sub(1);
    let low = u64::from(step).saturating_add(EXACT).checked_shl(shift).unwrap_or(u64::MAX);
    let width = 1_u64.checked_shl(shift).unwrap_or(u64::MAX);
    low.saturating_add(width >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_values_are_exact() {
        for micros in 0..32 {
            assert_eq!(bucket_value(bucket_of(Duration::from_micros(micros))), micros);
        }
    }

    proptest::proptest! {
        #[test]
        fn a_bucket_is_within_its_stated_error_and_buckets_keep_the_order(micros in 0_u64..4_000_000_000_000) {
            let bucket = bucket_of(Duration::from_micros(micros));
            let value = bucket_value(bucket);
            let off = value.abs_diff(micros);
            proptest::prop_assert!(off * 100 <= micros * u64::from(BUCKET_ERROR_PERCENT), "{} for {}", value, micros);
            proptest::prop_assert!(bucket_of(Duration::from_micros(micros + 1)) >= bucket);
        }
    }
}
