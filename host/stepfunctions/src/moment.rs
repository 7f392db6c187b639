//! Moments in answers.

use serde_json::Value;
use types::Timestamp;

/// A moment as SDKs read it: seconds since the epoch, with milliseconds.
pub fn seconds(at: Timestamp) -> Value {
    // Milliseconds of any moment that a clock shows have no more than 53 bits.
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let millis = at.as_micros().div_euclid(1_000) as f64;
    Value::from(millis / 1_000.0)
}
