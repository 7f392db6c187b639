//! A machine that is printed and read again is the same, and is printed in one form.

use std::sync::Arc;

use asl::StateMachine;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::definitions;
use crate::fuzzed;
use crate::played::Case;

#[test]
fn every_case_is_printed_and_read_again() {
    for case in Case::all() {
        fuzzed::printed(&case.machine);
    }
}

/// Everything that the language has, in one machine of each language.
#[test]
fn the_normal_form_has_every_field_in_its_order() {
    for name in ["jsonata", "jsonpath"] {
        let text = |form: &str| {
            let path = format!("{}/tests/printed/{name}.{form}.json", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(path).unwrap()
        };
        let machine = StateMachine::parse(&text("written")).unwrap_or_else(|findings| panic!("{name}: {findings:?}"));
        fuzzed::printed(&machine);
        assert_eq!(machine.to_definition(), text("printed").trim_end(), "{name}");
    }
}

#[test]
fn a_machine_in_yaml_is_printed_as_json() {
    let yaml = "StartAt: A\nStates:\n  A: {Type: Wait, Timestamp: '2026-01-02T03:04:05+01:00', End: true}\n";
    let machine = StateMachine::parse_yaml(yaml).unwrap();
    let expected = r#"{
  "StartAt": "A",
  "States": {
    "A": {
      "Type": "Wait",
      "Timestamp": "2026-01-02T02:04:05Z",
      "End": true
    }
  }
}"#;
    assert_eq!(machine.to_definition(), expected);
}

#[test]
fn a_number_of_many_digits_is_the_same_afterwards() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true, "Result": 3.147885182085579e-126}}}"#;
    let machine = StateMachine::parse(text).unwrap();
    assert!(machine.to_definition().contains("3.147885182085579e-126"), "{}", machine.to_definition());
}

#[test]
fn another_machine_is_not_equal() {
    let machine = |state: Value| {
        Arc::new(StateMachine::parse(&json!({"StartAt": "A", "States": {"A": state}}).to_string()).unwrap())
    };
    let one = machine(json!({"Type": "Pass", "End": true}));
    assert_eq!(one, machine(json!({"Type": "Pass", "InputPath": "$", "End": true})), "a default is not told");
    for other in [
        json!({"Type": "Pass", "Comment": "x", "End": true}),
        json!({"Type": "Pass", "Result": null, "End": true}),
        json!({"Type": "Pass", "QueryLanguage": "JSONata", "End": true}),
        json!({"Type": "Succeed"}),
    ] {
        assert_ne!(one, machine(other.clone()), "{other}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_machine_is_printed_and_read_again(definition in definitions::machine()) {
        let text = definition.to_string();
        match StateMachine::parse(&text) {
            Ok(machine) => fuzzed::printed(&machine),
            // What is made here is correct: else nothing would be tested.
            Err(findings) => prop_assert!(false, "{findings:?}\n{text}"),
        }
    }
}
