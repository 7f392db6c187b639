//! Which runs of a workflow are kept to be looked at.

use std::num::NonZeroU32;

/// Which runs a release keeps. Those that fail always are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(try_from = "Written", into = "Written")]
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

/// What is written of it: `{"keep": "slow", "slower_than_ms": 500}`.
#[derive(Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    keep: Keep,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slower_than_ms: Option<NonZeroU32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    one_in: Option<NonZeroU32>,
}

#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Keep {
    All,
    Failed,
    Slow,
    Sampled,
}

/// What is written is no such rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "keep is \"all\" or \"failed\" alone, \"slow\" with slower_than_ms, or \"sampled\" with one_in, each a number above zero"
)]
pub struct TracedError;

impl TryFrom<Written> for Traced {
    type Error = TracedError;

    fn try_from(written: Written) -> Result<Self, TracedError> {
        match (written.keep, written.slower_than_ms, written.one_in) {
            (Keep::All, None, None) => Ok(Self::All),
            (Keep::Failed, None, None) => Ok(Self::Failed),
            (Keep::Slow, Some(slower_than_ms), None) => Ok(Self::Slow(slower_than_ms)),
            (Keep::Sampled, None, Some(one_in)) => Ok(Self::Sampled(one_in)),
            _ => Err(TracedError),
        }
    }
}

impl From<Traced> for Written {
    fn from(traced: Traced) -> Self {
        let (keep, slower_than_ms, one_in) = match traced {
            Traced::All => (Keep::All, None, None),
            Traced::Failed => (Keep::Failed, None, None),
            Traced::Slow(slower_than_ms) => (Keep::Slow, Some(slower_than_ms), None),
            Traced::Sampled(one_in) => (Keep::Sampled, None, Some(one_in)),
        };
        Self { keep, slower_than_ms, one_in }
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
            r#"{"keep":"some"}"#,
            r#"{"keep":"all","more":1}"#,
            r"{}",
        ] {
            assert!(serde_json::from_str::<Traced>(text).is_err(), "{text}");
        }
    }
}
