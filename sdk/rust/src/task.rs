//! The `task` world: JSON in, JSON or a named error out, for the steps of workflows.

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use weir_sdk_macros::TaskError;

use crate::Context;
use crate::http::pointer;

/// A task. Made by `#[weir_sdk::task]`, as a type called like its function.
pub trait Task {
    /// Reads the input, calls the function, and writes what it returned.
    ///
    /// # Errors
    ///
    /// `InvalidInput`, or what the function fails with.
    fn run(context: &Context, input: &[u8]) -> Result<Vec<u8>, TaskError>;
}

/// What a task's function may return: a `Result`.
///
/// ```compile_fail,E0277
/// #[weir_sdk::task]
/// fn greet(name: String) -> String {
///     name
/// }
/// # fn main() {}
/// ```
#[diagnostic::on_unimplemented(
    message = "a task returns a `Result`, not `{Self}`",
    label = "write `Result<Output, Error>`: the output serializes, the error becomes a `TaskError`"
)]
pub trait Output {
    /// The output as JSON, or the error.
    ///
    /// # Errors
    ///
    /// The function's own; `InvalidOutput` for a value without a JSON form.
    fn output(self) -> Result<Vec<u8>, TaskError>;
}

impl<T: Serialize, E: Into<TaskError>> Output for Result<T, E> {
    fn output(self) -> Result<Vec<u8>, TaskError> {
        output(&self.map_err(Into::into)?)
    }
}

/// A failure that a workflow can catch by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskError {
    /// What `Retry` and `Catch` match. Names that begin with `States.` or `Wasm.` are the host's own.
    pub name: String,
    /// A sentence for people.
    pub cause: String,
}

impl std::fmt::Display for TaskError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.cause)
    }
}

impl std::error::Error for TaskError {}

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
/// A [`struct@TaskError`] called `InvalidInput` that says where, by a JSON pointer, and why reading stopped.
pub fn input<T: DeserializeOwned>(input: &[u8]) -> Result<T, TaskError> {
    pointer::read(input).map_err(|(pointer, detail)| {
        let place = if pointer.is_empty() { "the input" } else { &pointer };
        TaskError::new("InvalidInput", format!("{place}: {detail}"))
    })
}

/// Writes a task's output.
///
/// # Errors
///
/// A [`struct@TaskError`] called `InvalidOutput` when `value` has no JSON form.
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
