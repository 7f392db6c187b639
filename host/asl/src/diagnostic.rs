//! What is wrong with a definition, and where.

use std::cell::RefCell;
use std::fmt;

/// What kind of mistake a [`Diagnostic`] is about. The names are those of Step Functions' validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiagnosticCode {
    /// The text is not JSON, or too long.
    InvalidJson,
    /// A field is missing, unknown, duplicate, of a wrong type, or may not stand beside another.
    SchemaValidationFailed,
    /// A transition leads to no state, or no transition leads to a state.
    MissingTransitionTarget,
    /// A set of states has none that ends it.
    MissingEndState,
    /// Two states of the document have one name.
    DuplicateStateName,
    /// Correct Amazon States Language that this version does not run.
    NotSupported,
}

impl DiagnosticCode {
    /// The code as it is written in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJson => "INVALID_JSON_DESCRIPTION",
            Self::SchemaValidationFailed => "SCHEMA_VALIDATION_FAILED",
            Self::MissingTransitionTarget => "MISSING_TRANSITION_TARGET",
            Self::MissingEndState => "MISSING_END_STATE",
            Self::DuplicateStateName => "DUPLICATE_STATE_NAME",
            Self::NotSupported => "NOT_SUPPORTED",
        }
    }
}

/// Whether a definition with this diagnostic can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but does probably not what its author means.
    Warning,
}

/// One finding about a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of mistake.
    pub code: DiagnosticCode,
    /// Whether the definition is refused for it.
    pub severity: Severity,
    /// JSON Pointer (RFC 6901) of the place; empty for the whole document.
    pub pointer: String,
    /// One sentence for the author.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at {}", self.code.as_str(), self.message, self.pointer)
    }
}

/// Collects findings while a definition is read. Shared by reference, so that readers can be nested.
#[derive(Debug, Default)]
pub(crate) struct Report(RefCell<Vec<Diagnostic>>);

impl Report {
    pub(crate) fn error(&self, code: DiagnosticCode, pointer: &str, message: impl Into<String>) {
        self.push(code, Severity::Error, pointer, message.into());
    }

    pub(crate) fn schema(&self, pointer: &str, message: impl Into<String>) {
        self.error(DiagnosticCode::SchemaValidationFailed, pointer, message);
    }

    pub(crate) fn not_supported(&self, pointer: &str, what: &str) {
        self.error(DiagnosticCode::NotSupported, pointer, format!("{what} is not supported yet."));
    }

    pub(crate) fn warning(&self, pointer: &str, message: impl Into<String>) {
        self.push(DiagnosticCode::SchemaValidationFailed, Severity::Warning, pointer, message.into());
    }

    fn push(&self, code: DiagnosticCode, severity: Severity, pointer: &str, message: String) {
        self.0.borrow_mut().push(Diagnostic { code, severity, pointer: pointer.to_owned(), message });
    }

    pub(crate) fn errors(&self) -> usize {
        self.0.borrow().iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    pub(crate) fn into_findings(self) -> Vec<Diagnostic> {
        self.0.into_inner()
    }
}

/// The pointer of the member `token` below `pointer`.
pub(crate) fn below(pointer: &str, token: impl fmt::Display) -> String {
    let token = token.to_string().replace('~', "~0").replace('/', "~1");
    format!("{pointer}/{token}")
}
