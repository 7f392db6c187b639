//! What an evaluation may take, and what it is given from outside.

use serde_json::Value as Json;

/// What one evaluation may use at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nodes evaluated, items looked at, pieces of text searched. A step is some 50 ns.
    pub steps: u64,
    /// Levels of evaluation inside of each other; a call of a function takes about five. At most [`Limits::DEPTH_MAX`]
    /// counts, which one megabyte of stack holds.
    pub depth: u32,
    /// Bytes of all values made on the way, kept or not.
    pub memory_bytes: usize,
    /// Bytes of the result, as compact JSON.
    pub result_bytes: usize,
}

impl Limits {
    /// The deepest that can be asked for.
    pub const DEPTH_MAX: u32 = 500;
}

impl Default for Limits {
    /// A quarter of a second of one core, about what AWS grants in memory, and results past any payload of a state.
    fn default() -> Self {
        Self { steps: 5_000_000, depth: Self::DEPTH_MAX, memory_bytes: 32 << 20, result_bytes: 8 << 20 }
    }
}

/// What the world is, for an expression: the same environment gives the same result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Environment {
    /// What `$now()` and `$millis()` answer, in milliseconds since 1970-01-01T00:00:00Z.
    pub now: i64,
    /// Where `$random()`, `$shuffle()` and `$uuid()` begin.
    pub seed: u64,
}

/// Variables that an expression may read, all borrowed.
#[derive(Debug, Clone, Default)]
pub struct Bindings<'b> {
    pub(crate) entries: Vec<(&'b str, Binding<'b>)>,
}

/// What a variable is.
#[derive(Debug, Clone)]
pub enum Binding<'b> {
    /// JSON as it lies.
    Value(&'b Json),
    /// An object of values that lie apart.
    Record(Vec<(&'b str, Self)>),
}

impl<'b> From<&'b Json> for Binding<'b> {
    fn from(value: &'b Json) -> Self {
        Self::Value(value)
    }
}

impl<'b> Binding<'b> {
    /// The same as an object, empty where it is none.
    #[must_use]
    pub fn into_record(self) -> Vec<(&'b str, Self)> {
        match self {
            Self::Record(fields) => fields,
            Self::Value(value) => value
                .as_object()
                .map(|fields| fields.iter().map(|(name, value)| (name.as_str(), Self::Value(value))).collect())
                .unwrap_or_default(),
        }
    }
}

/// What an evaluation has used, whether it succeeded or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// As [`Limits::steps`] counts them.
    pub steps: u64,
    /// As [`Limits::memory_bytes`] counts them.
    pub memory_bytes: usize,
}

impl<'b> Bindings<'b> {
    /// No variables.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a variable; the name is written without `$`. A later one hides an earlier one of the same name.
    #[must_use]
    pub fn with(mut self, name: &'b str, value: impl Into<Binding<'b>>) -> Self {
        self.entries.push((name, value.into()));
        self
    }
}
