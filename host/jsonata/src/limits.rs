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

#[derive(Debug, Clone)]
pub(crate) enum Binding<'b> {
    Value(&'b Json),
    Record(Vec<(&'b str, &'b Json)>),
}

impl<'b> Bindings<'b> {
    /// No variables.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a variable; the name is written without `$`. A later one hides an earlier one of the same name.
    #[must_use]
    pub fn with(mut self, name: &'b str, value: &'b Json) -> Self {
        self.entries.push((name, Binding::Value(value)));
        self
    }

    /// Adds a variable that is an object of values which lie apart, such as `$states`.
    #[must_use]
    pub fn with_record(mut self, name: &'b str, fields: Vec<(&'b str, &'b Json)>) -> Self {
        self.entries.push((name, Binding::Record(fields)));
        self
    }
}
