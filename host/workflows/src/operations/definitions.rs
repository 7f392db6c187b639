//! Definitions by themselves: checked, and tried out state by state, on threads that may take their time.

use std::sync::Arc;

use asl::{MachineKind, StateMachine};
use stepfunctions::{OperationError, TestState, Validate};

use super::Answered;
use crate::standard::House;

/// A definition that may be stored.
pub(super) async fn parse(text: String, kind: MachineKind) -> Result<StateMachine, OperationError> {
    let parsed = tokio::task::spawn_blocking(move || stepfunctions::definition(&text, kind)).await;
    parsed.map_err(|_| OperationError::new("InternalFailure", "The definition could not be checked."))?
}

pub(super) async fn validate(asked: Validate) -> Answered {
    let told = tokio::task::spawn_blocking(move || stepfunctions::validate(&asked)).await;
    told.map_err(|_| OperationError::new("InternalFailure", "The definition could not be checked."))?
}

/// Tries out one state. What its work comes to is said by a mock.
pub(super) async fn test_state(house: &Arc<House>, asked: TestState) -> Answered {
    let (now, seed) = (house.clock.now(), crate::start::random());
    let tried = tokio::task::spawn_blocking(move || asked.run(now, seed)).await;
    let lost = |_| OperationError::new("InternalFailure", "The state could not be tried out.");
    let answer = tried.map_err(lost)??;
    serde_json::to_value(answer).map_err(|error| OperationError::new("InternalFailure", error.to_string()))
}
