//! The `task` world: JSON in, JSON or a named error out, for the steps of workflows.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A failure that a workflow can catch by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskError {
    /// What `Retry` and `Catch` match. Names that begin with `States.` or `Wasm.` are the host's own.
    pub name: String,
    /// A sentence for people.
    pub cause: String,
}

impl TaskError {
    /// A failure called `name`.
    pub fn new(name: &str, cause: impl Into<String>) -> Self {
        Self { name: name.to_owned(), cause: cause.into() }
    }
}

/// Reads a task's input.
///
/// # Errors
///
/// A [`TaskError`] called `InvalidInput` that says where and why reading stopped.
pub fn input<T: DeserializeOwned>(input: &[u8]) -> Result<T, TaskError> {
    serde_json::from_slice(input).map_err(|error| TaskError::new("InvalidInput", error.to_string()))
}

/// Writes a task's output.
///
/// # Errors
///
/// A [`TaskError`] called `InvalidOutput` when `value` has no JSON form.
pub fn output<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, TaskError> {
    serde_json::to_vec(value).map_err(|error| TaskError::new("InvalidOutput", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_that_is_not_json_fails_by_name() {
        assert_eq!(input::<u32>(b"x").unwrap_err().name, "InvalidInput");
        assert_eq!(input::<u32>(b"7"), Ok(7));
        assert_eq!(output("a").unwrap(), b"\"a\"");
    }
}
