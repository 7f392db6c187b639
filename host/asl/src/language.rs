//! Query languages: in which language the formulas of a state are written.

/// `QueryLanguage`, of the machine and of single states.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum QueryLanguage {
    /// Paths, payload templates and intrinsic functions.
    #[default]
    JsonPath,
    /// Expressions in `{% … %}`.
    Jsonata,
}

impl QueryLanguage {
    /// How a definition calls them.
    pub(crate) const WORDS: [(&str, Self); 2] = [("JSONPath", Self::JsonPath), ("JSONata", Self::Jsonata)];

    /// The word in the definition.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::JsonPath => "JSONPath",
            Self::Jsonata => "JSONata",
        }
    }
}
