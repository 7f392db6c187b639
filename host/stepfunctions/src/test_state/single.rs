//! The definition of one state, read as that of a machine in which everything that it leads to is there.

use std::collections::BTreeSet;
use std::sync::Arc;

use asl::{Diagnostic, MachineKind, StateMachine, StateName};
use serde_json::{Value, json};

use super::{TestStateError, refused};

/// Reads it. `variables` are assigned before it is entered.
pub(super) fn read<'v>(
    definition: &str,
    variables: impl Iterator<Item = &'v str>,
) -> Result<(Arc<StateMachine>, StateName), TestStateError> {
    let Ok(state) = serde_json::from_str::<Value>(definition) else {
        // The reader of definitions says where it is not JSON.
        return match StateMachine::parse(definition) {
            Err(findings) => Err(TestStateError::InvalidDefinition(findings)),
            Ok(_) => refused("The definition of a state must be JSON."),
        };
    };
    if state.get("States").is_some() {
        return refused("This is the definition of a whole machine: 'stateName' must say which state is meant.");
    }
    let wrapped = Wrapped::new(definition, &state, variables);
    match StateMachine::read(&wrapped.text, MachineKind::Standard) {
        Ok(machine) => match machine.state(&wrapped.name).map(|state| state.name().clone()) {
            Some(name) => Ok((Arc::new(machine), name)),
            None => refused("There is no such state."),
        },
        Err(findings) => {
            let findings = findings.into_iter().map(|finding| wrapped.told(finding)).collect();
            Err(TestStateError::InvalidDefinition(findings))
        }
    }
}

/// The text of the machine, the first line of which is ours and the next ones are the state's.
struct Wrapped {
    text: String,
    name: String,
    /// How long what stands before the state is, in bytes.
    before: usize,
}

impl Wrapped {
    fn new<'v>(definition: &str, state: &Value, variables: impl Iterator<Item = &'v str>) -> Self {
        let targets = targets(state);
        let name = own_name("State", definition);
        let first = own_name("Start", definition);
        let assigned: Value = variables.map(|name| (name.to_owned(), Value::Null)).collect();
        let mut before = json!({ "Type": "Pass", "Next": name });
        if assigned.as_object().is_some_and(|assigned| !assigned.is_empty()) {
            before["Assign"] = assigned;
        }
        let mut head = String::from("{");
        if state.get("QueryLanguage").and_then(Value::as_str) == Some("JSONata") {
            // Branches and iterations have the language of the machine.
            head.push_str("\"QueryLanguage\":\"JSONata\",");
        }
        head.push_str(&format!("\"StartAt\":{},\"States\":{{{}:{before},", json!(first), json!(first)));
        for target in targets {
            head.push_str(&format!("{}:{{\"Type\":\"Succeed\"}},", json!(target)));
        }
        head.push_str(&format!("{}:\n", json!(name)));
        Self { text: format!("{head}{definition}\n}}}}"), name, before: head.len() }
    }

    /// The finding as it stands in the definition of the state.
    fn told(&self, finding: Diagnostic) -> Diagnostic {
        let pointer = finding.pointer.strip_prefix(&format!("/States/{}", self.name)).unwrap_or_default().to_owned();
        let offset = finding.offset.saturating_sub(self.before);
        let (line, column) = if finding.line == 1 { (1, 1) } else { (finding.line - 1, finding.column) };
        Diagnostic { pointer, offset, line, column, ..finding }
    }
}

/// A name that the definition does not mention.
fn own_name(name: &str, definition: &str) -> String {
    let mut name = name.to_owned();
    while definition.contains(&name) {
        name.push('_');
    }
    name
}

/// The states that it leads to.
fn targets(state: &Value) -> BTreeSet<&str> {
    let lists = ["Choices", "Catch"].into_iter().filter_map(|list| state.get(list)?.as_array()).flatten();
    let places = ["Next", "Default"].into_iter().map(|name| state.get(name));
    let next = lists.map(|entry| entry.get("Next"));
    places.chain(next).flatten().filter_map(Value::as_str).filter(|name| !name.is_empty()).collect()
}
