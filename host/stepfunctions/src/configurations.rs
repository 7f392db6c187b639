//! Configurations of a machine.

use serde::Deserialize;
use serde_json::{Value, json};

/// What AWS keeps beside a definition, and Weir hands back as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are AWS's")]
pub struct Configurations {
    logging_configuration: Option<Value>,
    tracing_configuration: Option<Value>,
    encryption_configuration: Option<Value>,
}

impl Configurations {
    /// As it is stored: the members that are told apart, with AWS's defaults.
    pub fn text(&self) -> String {
        json!({
            "loggingConfiguration": self.logging_configuration.clone().unwrap_or_else(|| json!({ "level": "OFF", "includeExecutionData": false })),
            "tracingConfiguration": self.tracing_configuration.clone().unwrap_or_else(|| json!({ "enabled": false })),
            "encryptionConfiguration": self.encryption_configuration.clone().unwrap_or_else(|| json!({ "type": "AWS_OWNED_KEY" })),
        })
        .to_string()
    }

    /// Whether none is told.
    pub fn is_empty(&self) -> bool {
        self.logging_configuration.is_none()
            && self.tracing_configuration.is_none()
            && self.encryption_configuration.is_none()
    }

    /// `settings` with what is told here in its place.
    #[must_use]
    pub fn over(&self, settings: &str) -> String {
        let mut all: Value = serde_json::from_str(settings).unwrap_or_else(|_| json!({}));
        for (name, value) in [
            ("loggingConfiguration", &self.logging_configuration),
            ("tracingConfiguration", &self.tracing_configuration),
            ("encryptionConfiguration", &self.encryption_configuration),
        ] {
            if let Some(value) = value {
                all[name] = value.clone();
            }
        }
        all.to_string()
    }
}
