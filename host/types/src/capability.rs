//! What a component may be allowed beyond computing its answer.

/// Granted by a release to its component, by name. None is granted by itself.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Capability {
    /// `wasi:config`: reads the release's settings.
    Config,
    /// `wasi:logging`: writes lines into the provider's log.
    Logging,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Config, Self::Logging];

    /// The word by which a release grants it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Logging => "logging",
        }
    }

    /// What a component must be granted that imports `interface`, such as `wasi:config/store@0.2.0-rc.1`. `None`: it
    /// needs no grant.
    pub fn of_import(interface: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| {
            let package = interface.strip_prefix("wasi:").and_then(|name| name.strip_prefix(capability.as_str()));
            package.is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

impl std::fmt::Display for Capability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
