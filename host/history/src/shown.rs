//! Stored events as they are answered.

use serde_json::{Map, Value};
use stepfunctions::seconds;
use types::Timestamp;

/// Makes of a stored event what an SDK reads.
pub fn show(event: &mut Map<String, Value>) {
    let micros = event.get("timestamp").and_then(Value::as_i64).unwrap_or_default();
    event.insert("timestamp".to_owned(), seconds(Timestamp::from_micros(micros)));
}

/// Takes the documents out of an event.
pub fn strip(event: &mut Map<String, Value>) {
    for (_, details) in event.iter_mut().filter(|(key, _)| key.ends_with("EventDetails")) {
        if let Some(details) = details.as_object_mut() {
            for data in ["input", "output", "parameters", "assignedVariables"] {
                details.shift_remove(data);
            }
        }
    }
}
