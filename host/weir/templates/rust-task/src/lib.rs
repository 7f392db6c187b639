//! Books seats: a step of a workflow.

use serde::{Deserialize, Serialize};
use weir_sdk::Context;
use weir_sdk::task::TaskError;

/// Seats of one booking, at most.
const SEATS_MAX: u32 = 10;

/// Why there is no booking. `Retry` and `Catch` of a workflow match these names.
#[derive(Debug, thiserror::Error, TaskError)]
pub enum Refused {
    /// No seat is left.
    #[error("{show} is sold out")]
    #[task_error("Booking.SoldOut")]
    SoldOut {
        /// The show.
        show: String,
    },
    /// More seats than one booking may have, or none.
    #[error("a booking has 1 to {SEATS_MAX} seats, not {seats}")]
    #[task_error("Booking.TooMany")]
    TooMany {
        /// How many were asked for.
        seats: u32,
    },
}

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The show's name.
    pub show: String,
    /// How many seats.
    pub seats: u32,
}

/// What was booked.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct Booking {
    /// Its number: the same for every attempt of one step, so that a repeated one books nothing twice.
    pub booking: String,
    /// How many seats.
    pub seats: u32,
}

/// Books.
#[weir_sdk::task]
pub fn book(context: &Context, wish: Wish) -> Result<Booking, Refused> {
    match wish {
        Wish { seats, .. } if !(1..=SEATS_MAX).contains(&seats) => Err(Refused::TooMany { seats }),
        Wish { show, .. } if show == "Godot" => Err(Refused::SoldOut { show }),
        Wish { seats, .. } => Ok(Booking { booking: format!("B-{}", context.invocation_id), seats }),
    }
}

#[cfg(test)]
mod tests {
    use weir_sdk::task::Task as _;

    use super::*;

    fn run(input: &str) -> Result<Vec<u8>, TaskError> {
        let context = Context { invocation_id: "i1".to_owned(), ..Context::default() };
        book::run(&context, input.as_bytes())
    }

    #[test]
    fn a_booking_is_numbered_by_its_invocation() {
        assert_eq!(run(r#"{"show":"Hamlet","seats":2}"#).unwrap(), br#"{"booking":"B-i1","seats":2}"#);
    }

    #[test]
    fn a_failure_has_the_name_that_workflows_match() {
        for (input, name) in [
            (r#"{"show":"Godot","seats":2}"#, "Booking.SoldOut"),
            (r#"{"show":"Hamlet","seats":11}"#, "Booking.TooMany"),
            (r#"{"show":"Hamlet"}"#, "InvalidInput"),
        ] {
            assert_eq!(run(input).unwrap_err().name, name, "{input}");
        }
    }
}
