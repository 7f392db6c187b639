//! What the operator decides.

use std::collections::BTreeMap;

use types::SecretValue;

/// How services are reached, and by whom.
#[derive(Debug)]
pub struct Settings {
    /// Where they are.
    pub endpoints: Endpoints,
    /// The region that requests are signed for.
    pub region: String,
    /// The credential: its id.
    pub access_key_id: String,
    /// The credential: its secret.
    pub secret: SecretValue,
    /// The token of a temporary credential.
    pub session_token: Option<SecretValue>,
    /// The organisations whose state machines may use it, by name or id. Empty: none.
    pub organisations: Vec<String>,
}

/// The URLs of services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// That of every service that has none of its own.
    pub all: Option<String>,
    /// By the service's name in capitals with `_`, such as `DYNAMODB`.
    pub by_service: BTreeMap<String, String>,
}

impl Endpoints {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_none() && self.by_service.is_empty()
    }

    /// That of a service, by its name in capitals.
    pub(crate) fn of(&self, service: &str) -> Option<&str> {
        self.by_service.get(service).or(self.all.as_ref()).map(|url| url.trim_end_matches('/'))
    }
}
