//! Why a formula has no value.

/// What went wrong, in words for the author of the definition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A path leads nowhere.
    #[error("The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{input}'")]
    NotFound {
        /// As it is written.
        path: String,
        /// The field that it stands in.
        field: String,
        /// The beginning of the document.
        input: String,
    },
    /// An intrinsic function refused its arguments.
    #[error("The function '{call}' had the following error: {why}")]
    Intrinsic {
        /// As it is written.
        call: String,
        /// What must be otherwise.
        why: &'static str,
    },
    /// A value is larger or deeper than a document may be.
    #[error("The data is larger than an execution may hold.")]
    TooLarge,
    /// The allowance is used up.
    #[error("The states between two events copy or search too much data.")]
    TooMuch,
}
