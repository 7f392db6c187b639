//! Which runs of a workflow are kept to be looked at.

use std::num::NonZeroU32;

/// Which runs a release keeps. Those that fail always are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(from = "Written", into = "Written")]
pub enum Traced {
    /// All of them.
    All,
    /// Those that fail.
    #[default]
    Failed,
    /// Those that take so many milliseconds, or longer.
    Slow(NonZeroU32),
    /// One in so many, by chance.
    Sampled(NonZeroU32),
}

/// What is written of it: `{"keep": "slow", "slower_than_ms": 500}`. Each rule has the number that belongs to it, and no other.
#[derive(Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "keep", rename_all = "lowercase", deny_unknown_fields)]
#[schemars(rename = "Traced")]
enum Written {
    /// All runs.
    // With braces: a variant without members would take any.
    All {},
    /// Those that fail.
    Failed {},
    /// Those that take so long, or longer; and those that fail.
    Slow {
        /// Milliseconds.
        slower_than_ms: NonZeroU32,
    },
    /// Some, by chance; and those that fail.
    Sampled {
        /// One in so many.
        one_in: NonZeroU32,
    },
}

impl From<Written> for Traced {
    fn from(written: Written) -> Self {
        match written {
            Written::All {} => Self::All,
            Written::Failed {} => Self::Failed,
            Written::Slow { slower_than_ms } => Self::Slow(slower_than_ms),
            Written::Sampled { one_in } => Self::Sampled(one_in),
        }
    }
}

impl From<Traced> for Written {
    fn from(traced: Traced) -> Self {
        match traced {
            Traced::All => Self::All {},
            Traced::Failed => Self::Failed {},
            Traced::Slow(slower_than_ms) => Self::Slow { slower_than_ms },
            Traced::Sampled(one_in) => Self::Sampled { one_in },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_written_as_it_is_read() {
        for text in [
            r#"{"keep":"all"}"#,
            r#"{"keep":"failed"}"#,
            r#"{"keep":"slow","slower_than_ms":500}"#,
            r#"{"keep":"sampled","one_in":100}"#,
        ] {
            let read: Traced = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
    }

    #[test]
    fn a_rule_has_the_number_that_belongs_to_it_and_no_other() {
        for text in [
            r#"{"keep":"slow"}"#,
            r#"{"keep":"slow","slower_than_ms":0}"#,
            r#"{"keep":"sampled","slower_than_ms":5}"#,
            r#"{"keep":"failed","one_in":5}"#,
            r#"{"keep":"slow","slower_than_ms":5,"one_in":5}"#,
            r#"{"keep":"slow","slower_than_ms":5,"one_in":null}"#,
            r#"{"keep":"some"}"#,
            r#"{"keep":"all","more":1}"#,
            r"{}",
        ] {
            assert!(serde_json::from_str::<Traced>(text).is_err(), "{text}");
        }
    }
}
