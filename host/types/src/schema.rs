//! How our words look in documents, for those that do not derive it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::{AccessKeyId, Currency, Digest, Fuel, ObjectName, Outcome, RoleName, SecretName, Units};

macro_rules! inline {
    ($($name:ident => $schema:tt,)*) => {$(
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

impl JsonSchema for Outcome {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Outcome")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": Self::ALL.map(Self::as_str) })
    }
}

inline! {
    AccessKeyId => { "type": "string", "pattern": "^WEIR[A-Z2-7]{16}$" },
    Currency => { "type": "string", "pattern": "^[A-Z]{3}$" },
    Digest => { "type": "string", "pattern": "^[0-9a-f]{64}$" },
    Fuel => { "type": "integer", "minimum": 0, "maximum": i64::MAX },
    ObjectName => { "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9 _-]{0,39}$" },
    RoleName => { "type": "string", "pattern": RoleName::PATTERN },
    SecretName => { "type": "string", "pattern": "^[a-z][a-z0-9_-]{0,62}$" },
    Units => { "type": "integer", "minimum": 0, "maximum": i64::MAX },
}
