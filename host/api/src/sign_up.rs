//! Signing up with a mail address.

/// `POST /v1/sign-up`. Takes no token.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// Where the link goes.
    #[schemars(length(min = 3, max = 254))]
    pub address: String,
}

/// A mail is on its way, or was a moment ago.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct SignUpSent {
    /// How long its link counts, in seconds.
    pub valid_for_s: u64,
}
