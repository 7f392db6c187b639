//! What is wrong with a definition, and where.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;

use syntax::{At, Node};

use crate::kind::MachineKind;

/// How many findings one definition can have; what follows them is counted, not kept.
const FINDINGS_MAX: usize = 1_000;
/// How long the pointers and messages of all findings together may be, in bytes.
const TEXT_BYTES_MAX: usize = 1_048_576;

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
    /// A variable is read that nothing assigns, or assigned in two nested scopes.
    InvalidVariable,
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
            Self::InvalidVariable => "INVALID_VARIABLE",
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
    /// Where the member or item begins, in bytes from the start of the text.
    pub offset: usize,
    /// The line of that place, from 1.
    pub line: usize,
    /// The byte within the line, from 1.
    pub column: usize,
    /// A sentence for the author: what is wrong, and what must be there instead.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, message, pointer, line, column, .. } = self;
        write!(f, "{}: {message} at {pointer} (line {line}, column {column})", code.as_str())
    }
}

/// Collects findings while a definition is read. Shared by reference, so that readers can be nested.
#[derive(Debug, Default)]
pub(crate) struct Report {
    findings: RefCell<Vec<Finding>>,
    errors: Cell<usize>,
    /// Where variables are read and assigned, to be checked when all of it is known.
    pub(crate) mentions: RefCell<Vec<Mention>>,
    /// The place of the set of states that is being read.
    pub(crate) scope: Cell<usize>,
    /// What kind of machine the states that are being read belong to.
    pub(crate) kind: Cell<MachineKind>,
    /// How many regular expressions were compiled.
    pub(crate) regexes: Cell<usize>,
    /// How many formulas were tried because they look at nothing.
    pub(crate) tries: Cell<usize>,
}

/// One place where a variable stands.
#[derive(Debug)]
pub(crate) struct Mention {
    pub(crate) at: At,
    pub(crate) name: Arc<str>,
    pub(crate) scope: usize,
    pub(crate) kind: MentionKind,
}

/// What is done with it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MentionKind {
    Read,
    Assigned,
}

#[derive(Debug)]
struct Finding {
    at: At,
    code: DiagnosticCode,
    severity: Severity,
    message: String,
}

impl Report {
    pub(crate) fn error(&self, code: DiagnosticCode, at: At, message: impl Into<String>) {
        self.errors.set(self.errors.get() + 1);
        self.push(code, Severity::Error, at, message.into());
    }

    pub(crate) fn schema(&self, at: At, message: impl Into<String>) {
        self.error(DiagnosticCode::SchemaValidationFailed, at, message);
    }

    pub(crate) fn warning(&self, code: DiagnosticCode, at: At, message: impl Into<String>) {
        self.push(code, Severity::Warning, at, message.into());
    }

    /// A warning about a field.
    pub(crate) fn doubt(&self, at: At, message: impl Into<String>) {
        self.warning(DiagnosticCode::SchemaValidationFailed, at, message);
    }

    fn push(&self, code: DiagnosticCode, severity: Severity, at: At, message: String) {
        let mut findings = self.findings.borrow_mut();
        // Whoever is refused gets at least one reason.
        if findings.len() < FINDINGS_MAX || (severity == Severity::Error && self.errors() == 1) {
            findings.push(Finding { at, code, severity, message });
        }
    }

    /// Notes that the variable stands here.
    pub(crate) fn mention(&self, at: At, name: &Arc<str>, kind: MentionKind) {
        let (name, scope) = (Arc::clone(name), self.scope.get());
        self.mentions.borrow_mut().push(Mention { at, name, scope, kind });
    }

    pub(crate) fn errors(&self) -> usize {
        self.errors.get()
    }

    /// The findings in the order of the text; `root` is what was read of it.
    pub(crate) fn into_findings(self, text: &str, root: Option<&Node>) -> Vec<Diagnostic> {
        let mut findings = self.findings.into_inner();
        findings.sort_by_key(|finding| finding.at);
        let (mut line, mut line_at, mut read) = (1, 0, 0);
        let (mut bytes, mut refused) = (0_usize, false);
        let mut diagnostics = Vec::with_capacity(findings.len());
        for Finding { at, code, severity, message } in findings {
            let offset = at.offset;
            while let Some(length) = newline(text, read, offset) {
                read += length + 1;
                (line, line_at) = (line + 1, read);
            }
            read = offset;
            let pointer = root.map_or_else(String::new, |root| root.pointer(at));
            bytes = bytes.saturating_add(pointer.len()).saturating_add(message.len());
            let is_first_error = severity == Severity::Error && !refused;
            if bytes > TEXT_BYTES_MAX && !is_first_error {
                continue;
            }
            refused |= severity == Severity::Error;
            let column = offset - line_at + 1;
            diagnostics.push(Diagnostic { code, severity, pointer, offset, line, column, message });
        }
        diagnostics
    }
}

/// How far it is from `from` to the next end of a line before `to`.
fn newline(text: &str, from: usize, to: usize) -> Option<usize> {
    text.as_bytes().get(from..to)?.iter().position(|byte| *byte == b'\n')
}
