//! Reports units of the API's own objects, for the bill.
//!
//! In a component this is `weir:plugin/meter`. In native code it is a recorder, which [`record`] opens.

#[cfg(not(target_family = "wasm"))]
mod recorder;

#[cfg(not(target_family = "wasm"))]
pub use recorder::record;

/// Why a report was refused. Nothing is counted on refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeterError {
    /// The API declares no such object, or it is one of the host's own.
    UnknownObject {
        /// The name that was given.
        object: String,
    },
    /// The call may report less than was asked.
    LimitReached {
        /// The object.
        object: String,
        /// How much of it may still be reported in this call.
        left: u64,
    },
    /// More than 16 objects in one call.
    TooManyObjects,
}

impl std::fmt::Display for MeterError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownObject { object } => write!(f, "the API declares no object {object:?}"),
            Self::LimitReached { object, left } => write!(f, "only {left} units of {object:?} are left in this call"),
            Self::TooManyObjects => f.write_str("a call reports at most 16 objects"),
        }
    }
}

impl std::error::Error for MeterError {}

/// Reports `quantity` units of `object`, on top of what this call has reported.
///
/// Whether they are billed follows from how the call ends: one that traps or answers 5xx bills nothing.
///
/// # Errors
///
/// [`MeterError`]; nothing is counted then.
pub fn add(object: &str, quantity: u64) -> Result<(), MeterError> {
    #[cfg(target_family = "wasm")]
    return crate::wire::meter_add(object, quantity);
    #[cfg(not(target_family = "wasm"))]
    return recorder::add(object, quantity);
}

/// How much of `object` this call may still report.
///
/// # Errors
///
/// [`MeterError::UnknownObject`].
pub fn remaining(object: &str) -> Result<u64, MeterError> {
    #[cfg(target_family = "wasm")]
    return crate::wire::meter_remaining(object);
    #[cfg(not(target_family = "wasm"))]
    return recorder::remaining(object);
}
