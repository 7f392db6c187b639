//! The first letters of members: capitals for whoever asks, small letters on the wire for some services.

use serde_json::Value;

/// Members that are maps in one of those services, as whoever asks has them: their keys are no members, and stay as they
/// are. Where a member of such a name is a list, as `Tags` is for some services, it is a list of structures.
const MAPS: [&str; 19] = [
    "Annotations",
    "AssignedVariables",
    "Attributes",
    "Dimensions",
    "DockerLabels",
    "DriverOpts",
    "ExtractedValues",
    "KeyAttributes",
    "Labels",
    "Limits",
    "LogRecord",
    "NodeSelector",
    "Options",
    "Parameters",
    "Requests",
    "StatusCounts",
    "StatusSummary",
    "Tags",
    "VariableReferences",
];

/// The same with members that begin with small letters.
pub(crate) fn small(value: Value) -> Value {
    begun_with(value, |letter| letter.to_ascii_lowercase())
}

/// The same with members that begin with capitals.
pub(crate) fn capital(value: Value) -> Value {
    begun_with(value, |letter| letter.to_ascii_uppercase())
}

fn begun_with(value: Value, first: fn(char) -> char) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| begun_with(item, first)).collect(),
        Value::Object(members) => {
            let renamed = members.into_iter().map(|(name, value)| {
                let value = if value.is_object() && is_map(&name) { value } else { begun_with(value, first) };
                (begin(&name, first), value)
            });
            Value::Object(renamed.collect())
        }
        value => value,
    }
}

fn is_map(name: &str) -> bool {
    let name = begin(name, |letter| letter.to_ascii_uppercase());
    MAPS.contains(&&*name)
}

fn begin(name: &str, first: impl Fn(char) -> char) -> String {
    let mut letters = name.chars();
    letters.next().map(first).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_change_their_first_letter_and_keys_of_maps_do_not() {
        let asked = json!({
            "JobName": "j", "Tags": { "Team": "A" }, "Parameters": { "In": "x" },
            "ContainerOverrides": { "Environment": [{ "Name": "N", "Value": "V" }] },
            "Containers": [{ "DockerLabels": { "Owner": "x" }, "LogConfiguration": { "Options": { "Key": "v" } } }],
        });
        let sent = json!({
            "jobName": "j", "tags": { "Team": "A" }, "parameters": { "In": "x" },
            "containerOverrides": { "environment": [{ "name": "N", "value": "V" }] },
            "containers": [{ "dockerLabels": { "Owner": "x" }, "logConfiguration": { "options": { "Key": "v" } } }],
        });
        assert_eq!(small(asked.clone()), sent);
        assert_eq!(small(sent.clone()), sent, "what is written as on the wire goes through");
        assert_eq!(capital(sent), asked);
    }

    #[test]
    fn a_list_under_the_name_of_a_map_is_one_of_structures() {
        assert_eq!(small(json!({ "Tags": [{ "Key": "a" }] })), json!({ "tags": [{ "key": "a" }] }));
    }
}
