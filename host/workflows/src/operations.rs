//! The operations of Step Functions, as its wire protocol asks for them.

use serde_json::{Map, Value};
use types::OrganisationId;

/// Who asks, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// In whose name.
    pub organisation: OrganisationId,
    /// The twelve digits of that organisation.
    pub account: String,
    /// The region that the client has signed for: any.
    pub region: String,
}

/// An error by AWS's name.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationError {
    /// AWS's name of it.
    pub name: &'static str,
    /// What is wrong, for the client.
    pub message: String,
    /// Further members, such as `reason` and `resourceName`.
    pub members: Map<String, Value>,
}

/// State machines and their executions: a cheap handle.
#[derive(Debug, Clone, Default)]
pub struct Workflows;

impl Workflows {
    /// Carries out an operation.
    ///
    /// # Errors
    ///
    /// [`OperationError`] by AWS's name: `UnknownOperationException` for one that is not offered.
    #[expect(clippy::unused_async, reason = "operations wait for the disk")]
    pub async fn call(&self, _: &Caller, operation: &str, _: Value) -> Result<Value, OperationError> {
        let message = format!("The operation {operation} is not offered.");
        Err(OperationError { name: "UnknownOperationException", message, members: Map::new() })
    }
}
