//! An id is a ULID behind its own type. It prints with a prefix that says what it names
//! (`key_01JD3W…`) and refuses to parse under any other. Ids are public; secrets are not
//! ids and live in [`crate::SecretKey`], where nothing prints.

use crate::Timestamp;

/// Why a text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id that begins with `{prefix}_` and goes on with 26 characters")]
pub struct IdError {
    /// The prefix that this kind of id has.
    pub prefix: &'static str,
    /// What was read, cut to 64 characters.
    pub text: String,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(ulid::Ulid);

        impl $name {
            /// What every printed id of this kind begins with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Draws a new id: the moment in its upper 48 bits, 80 random bits below.
            pub fn generate(now: Timestamp) -> Self {
                Self(ulid::Ulid::from_parts(now.as_millis(), random_bits()))
            }

            /// The id as a number: sorts as the text does. For compact keys in memory.
            pub const fn as_u128(self) -> u128 {
                self.0.0
            }

            /// The id that [`Self::as_u128`] gave.
            pub const fn from_u128(value: u128) -> Self {
                Self(ulid::Ulid(value))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!($prefix, "_"))?;
                let mut buffer = [0; ulid::ULID_LEN];
                f.write_str(self.0.array_to_str(&mut buffer))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse(Self::PREFIX, text).map(Self)
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($name))
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "pattern": concat!("^", $prefix, "_[0-7][0-9A-HJKMNP-TV-Z]{25}$"),
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// One organisation: owns APIs or apps, pays or is paid.
    OrganisationId = "org",
    /// One API: a product with a slug.
    ApiId = "api",
    /// One immutable release of an API. Its number within the API is beside it.
    ReleaseId = "rel",
    /// One route of an API: a method and a path template, kept over releases.
    RouteId = "rte",
    /// One version of one plan of an API.
    PlanId = "plan",
    /// One app: a consumer's credential holder.
    AppId = "app",
    /// One key of an app. Rolling makes a new one beside it.
    KeyId = "key",
    /// One app on one plan of one API: what every counter belongs to.
    SubscriptionId = "sub",
    /// One call. Its caller reads it in `X-Request-Id`.
    CallId = "call",
    /// One run of one state machine.
    ExecutionId = "exe",
    /// One bearer token of the control plane.
    TokenId = "tok",
    /// One secret of an organisation.
    SecretId = "sec",
    /// One role of an organisation's state machines.
    RoleId = "rol",
    /// One invitation to sign up.
    InvitationId = "inv",
    /// One endpoint that webhooks go to.
    EndpointId = "whk",
    /// One message that the host sends: the same for all whom it goes to.
    MessageId = "msg",
    /// One message on its way to one of them.
    DispatchId = "dlv",
    /// One question that an execution asks people.
    ApprovalId = "apr",
    /// One way in to such a question.
    ApprovalLinkId = "apl",
    /// One row of an outbox. Never used again, not even after a restore.
    OutboxId = "out",
}

fn parse(prefix: &'static str, text: &str) -> Result<ulid::Ulid, IdError> {
    let refuse = || IdError { prefix, text: text.chars().take(64).collect() };
    let rest = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or_else(refuse)?;
    let id = ulid::Ulid::from_string(rest).map_err(|_| refuse())?;
    // One id, one text: lower case and the digits that Crockford reads leniently are refused.
    let mut buffer = [0; ulid::ULID_LEN];
    if id.array_to_str(&mut buffer) == rest { Ok(id) } else { Err(refuse()) }
}

fn random_bits() -> u128 {
    let mut bytes = [0; 16];
    crate::secret::fill_random(&mut bytes[..10]);
    u128::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_prints_and_no_other_kind() {
        let key = KeyId::generate(Timestamp::from_micros(1_763_800_000_000_000));
        let text = key.to_string();
        assert_eq!(text.parse::<KeyId>(), Ok(key));
        assert!(text.parse::<AppId>().is_err());
        assert!(text.to_lowercase().parse::<KeyId>().is_err());
    }

    #[test]
    fn ids_sort_by_the_moment_they_were_drawn() {
        let early = CallId::generate(Timestamp::from_micros(1_000_000));
        let late = CallId::generate(Timestamp::from_micros(2_000_000));
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
    }
}
