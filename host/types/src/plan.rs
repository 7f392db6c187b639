//! What a plan promises: objects, quotas and rates. The catalog keeps it, the ledger enforces it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::{Money, Per, Units};

/// A text is not an object's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an object's name: a letter, then at most 39 letters, digits, spaces, `_` or `-`")]
pub struct NameError(pub String);

/// The name of a billed thing: `requests`, `fuel`, or the provider's own, such as `pages`.
///
/// `[A-Za-z][A-Za-z0-9 _-]{0,39}`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectName(Arc<str>);

impl ObjectName {
    /// The object that every call counts one of, unless its route says otherwise.
    pub const REQUESTS: &'static str = "requests";
    /// The guest's work, in millions of fuel. Counts only where a plan lists it.
    pub const FUEL: &'static str = "fuel";

    /// The object `requests`.
    pub fn requests() -> Self {
        Self(Arc::from(Self::REQUESTS))
    }

    /// The object `fuel`.
    pub fn fuel() -> Self {
        Self(Arc::from(Self::FUEL))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as messages and headers show it: `Requests` for the default object, else as it is.
    pub fn title(&self) -> &str {
        match &*self.0 {
            Self::REQUESTS => "Requests",
            Self::FUEL => "Fuel",
            other => other,
        }
    }

    /// Whether the host itself counts it.
    pub fn is_built_in(&self) -> bool {
        matches!(&*self.0, Self::REQUESTS | Self::FUEL)
    }
}

impl FromStr for ObjectName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut bytes = text.bytes();
        let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic());
        let rest = bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-'));
        if first && rest && text.len() <= 40 {
            Ok(Self(Arc::from(text)))
        } else {
            Err(NameError(text.chars().take(64).collect()))
        }
    }
}

impl TryFrom<String> for ObjectName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<ObjectName> for String {
    fn from(name: ObjectName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What happens at the end of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LimitKind {
    /// The next call is refused.
    Hard,
    /// The next call is served and its units are overage.
    Soft,
}

impl LimitKind {
    /// The word as it stands in rows and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
        }
    }
}

/// How much of one object a plan includes in each period.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Quota {
    /// What is counted.
    pub object: ObjectName,
    /// How much of it is included.
    pub amount: Units,
    /// How often it begins anew.
    pub per: Per,
    /// What happens at its end.
    pub limit: LimitKind,
    /// What each further unit costs, for a soft quota.
    pub overage: Option<Money>,
}

/// The span of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RateWindow {
    /// One second.
    Second,
    /// Sixty seconds.
    Minute,
    /// 3,600 seconds.
    Hour,
}

impl RateWindow {
    /// How long it is.
    pub const fn length(self) -> Duration {
        match self {
            Self::Second => Duration::from_secs(1),
            Self::Minute => Duration::from_mins(1),
            Self::Hour => Duration::from_hours(1),
        }
    }

    /// The word as it stands in rows, files and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
        }
    }
}

/// How fast a subscription may call: a token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Rate {
    /// Tokens that arrive in each window. At least 1.
    pub count: u32,
    /// The window.
    pub window: RateWindow,
    /// How many tokens the bucket holds. At least 1; `count` unless the plan says otherwise.
    pub burst: u32,
}

/// All that a plan says of admission and price.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Terms {
    /// One per object; an object without one is counted and never refused.
    pub quotas: Vec<Quota>,
    /// None: as fast as the host allows.
    pub rate: Option<Rate>,
    /// Whether an answer with a 4xx status is free.
    #[serde(default)]
    pub only_2xx_billed: bool,
}
