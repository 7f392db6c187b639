//! When what was not accepted is sent again.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use types::DispatchId;

/// How long after each refusal the next try comes. With the first try they are ten (the reference of Standard Webhooks).
const AFTER: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];
/// What a receiver can ask for with `Retry-After` at most.
const ASKED_MAX: Duration = Duration::from_hours(24);
/// Parts of a thousand by which a wait is longer or shorter, so that what failed together does not come back together.
const SPREAD: u64 = 100;

/// How long to wait after the `tries`th try, or `None` when it was the last. `asked`: what the receiver has asked for.
pub(crate) fn wait(dispatch: DispatchId, tries: u32, asked: Option<Duration>) -> Option<Duration> {
    let planned = *AFTER.get(usize::try_from(tries).ok()?.checked_sub(1)?)?;
    let digest = Sha256::digest(format!("{dispatch}/{tries}"));
    let drawn = digest.iter().take(4).fold(0_u64, |drawn, byte| (drawn << 8) | u64::from(*byte));
    let thousandths = 1_000 - SPREAD + drawn % (2 * SPREAD + 1);
    let spread = Duration::from_millis(u64::try_from(planned.as_millis()).unwrap_or(u64::MAX) / 1_000 * thousandths);
    Some(asked.map_or(spread, |asked| spread.max(asked.min(ASKED_MAX))))
}

#[cfg(test)]
mod tests {
    use types::Timestamp;

    use super::*;

    #[test]
    fn there_are_ten_tries_over_three_days_and_none_comes_early_by_more_than_a_tenth() {
        let dispatch = DispatchId::generate(Timestamp::from_micros(1));
        let mut whole = Duration::ZERO;
        for (tries, planned) in (1..).zip(AFTER) {
            let wait = wait(dispatch, tries, None).unwrap();
            assert!(wait >= planned * 9 / 10 && wait <= planned * 11 / 10, "{tries}: {wait:?}");
            whole += wait;
        }
        assert!(whole > Duration::from_hours(65) && whole < Duration::from_hours(85), "{whole:?}");
        assert_eq!(wait(dispatch, 10, None), None);
    }

    #[test]
    fn two_that_failed_together_do_not_come_back_together() {
        let waits: std::collections::BTreeSet<_> =
            (0..20).filter_map(|_| wait(DispatchId::generate(Timestamp::from_micros(1)), 2, None)).collect();
        assert!(waits.len() > 10, "{waits:?}");
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_and_not_for_ever() {
        let dispatch = DispatchId::generate(Timestamp::from_micros(1));
        assert_eq!(wait(dispatch, 1, Some(Duration::from_mins(10))), Some(Duration::from_mins(10)));
        assert_eq!(wait(dispatch, 1, Some(Duration::from_hours(900))), Some(ASKED_MAX));
        assert!(wait(dispatch, 2, Some(Duration::from_secs(1))).unwrap() > Duration::from_mins(4));
    }
}
