//! Definitions that are looked at, drawn and tried out without a host.

use serde_json::{Value, json};

use crate::host::Place;

const ORDER: &str = r#"{
  "StartAt": "Pay",
  "States": {
    "Pay": {
      "Type": "Task", "Resource": "component:payment", "ResultPath": "$.paid",
      "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 10, "MaxAttempts": 1}],
      "Catch": [{"ErrorEquals": ["CardDeclined"], "Next": "Decline"}],
      "Next": "Large?"
    },
    "Large?": {
      "Type": "Choice",
      "Choices": [{"Variable": "$.amount", "NumericGreaterThan": 100, "Next": "Both"}],
      "Default": "Done"
    },
    "Both": {
      "Type": "Parallel", "End": true,
      "Branches": [
        {"StartAt": "Buy", "States": {"Buy": {"Type": "Task", "Resource": "component:buy", "End": true}}},
        {"StartAt": "Note", "States": {"Note": {"Type": "Pass", "End": true}}}
      ]
    },
    "Decline": {"Type": "Fail", "Error": "Declined"},
    "Done": {"Type": "Succeed"}
  }
}"#;

fn place() -> Place {
    let place = Place::bare();
    std::fs::write(place.path().join("order.asl.json"), ORDER).unwrap();
    place
}

#[test]
fn every_mistake_is_told_as_a_compiler_tells_it() {
    let place = place();
    let right = place.run(&["workflow", "validate", "order.asl.json"]).expect_success();
    assert_eq!(right, "the definition is correct\n");
    let wrong = ORDER
        .replace("\"Next\": \"Large?\"", "\"Next\": \"Small?\"")
        .replace("\"IntervalSeconds\": 10", "\"IntervalSeconds\": 0");
    std::fs::write(place.path().join("wrong.asl.json"), wrong).unwrap();
    let ran = place.run(&["workflow", "validate", "wrong.asl.json"]);
    ran.expect_failure(&[]);
    let lines = ran.out();
    assert!(lines.contains("wrong.asl.json:6:") && lines.contains("wrong.asl.json:8:"), "{lines}");
    assert!(lines.contains(": error: ") && lines.contains("Small?"), "{lines}");
    let document: Value =
        serde_json::from_str(&place.run(&["--json", "workflow", "validate", "wrong.asl.json"]).out()).unwrap();
    assert_eq!(document["valid"], false);
    assert_eq!(document["findings"][0]["line"], 6);
    place.run(&["workflow", "validate", "nowhere.json"]).expect_failure(&["could not read nowhere.json"]);
}

#[test]
fn a_run_is_shown_step_by_step_on_a_clock_that_jumps() {
    let place = place();
    let tasks = json!({"Pay": [{"error": "Busy"}, {"output": "ok"}], "Buy": [{"output": 1}]}).to_string();
    let input = r#"{"amount": 150}"#;
    let shown = place.run(&["workflow", "run", "order.asl.json", "--input", input, "--tasks", &tasks]).expect_success();
    let first = shown.lines().next().unwrap();
    assert_eq!(first.split_whitespace().collect::<Vec<_>>(), ["0", "s", "Pay", "entered", r#"{"amount":150}"#]);
    assert!(shown.contains("retries   at 10 s"), "{shown}");
    assert!(shown.ends_with("succeeded     [1,{\"amount\":150,\"paid\":\"ok\"}]\n"), "{shown}");
    let run = ["--json", "workflow", "run", "order.asl.json", "--tasks", r#"{"Pay": [{"error": "CardDeclined"}]}"#];
    let ran = place.run(&run);
    let document: Value = serde_json::from_str(&ran.out()).unwrap();
    assert_eq!(document["outcome"], json!({"status": "FAILED", "error": "Declined", "cause": null}));
    place.run(&["workflow", "run", "order.asl.json"]).expect_failure(&["Pay asks for component:payment", "\"tasks\""]);
}

#[test]
fn the_cases_of_a_file_are_run_and_their_differences_told() {
    let place = place();
    let case = |name: &str, amount: u32, expect: &Value| {
        json!({
            "name": name, "input": {"amount": amount}, "expect": expect,
            "tasks": {"Pay": [{"output": "ok"}], "Buy": [{"output": 1}]},
        })
    };
    let write = |tests: Value| {
        let cases = json!({"definition": "order.asl.json", "tests": tests});
        std::fs::write(place.path().join("order.test.json"), cases.to_string()).unwrap();
    };
    let small =
        case("a small order", 5, &json!({"path": ["Pay", "Large?", "Done"], "output": {"amount": 5, "paid": "ok"}}));
    let large = case("a large order", 500, &json!({"path": ["Pay", "Large?", "Both", "Buy", "Note"]}));
    let declined =
        json!({"name": "declined", "tasks": {"Pay": [{"error": "CardDeclined"}]}, "expect": {"error": "Declined"}});
    write(json!([small, large, declined]));
    let passed = place.run(&["workflow", "test", "order.test.json"]).expect_success();
    assert!(passed.ends_with("3 of 3 passed\n"), "{passed}");
    write(json!([
        small,
        case("wrong", 500, &json!({"path": ["Pay"], "output": 7})),
        case("fails", 1, &json!({"error": "E"}))
    ]));
    let ran = place.run(&["workflow", "test", "order.test.json"]);
    ran.expect_failure(&[]);
    let lines = ran.out();
    assert!(lines.contains("the path is Pay → Large? → Both → Buy → Note, not Pay"), "{lines}");
    assert!(lines.contains("the output must be 7") && lines.contains("the error must be E"), "{lines}");
    assert!(lines.ends_with("1 of 3 passed\n"), "{lines}");
    write(json!([]));
    place.run(&["workflow", "test", "order.test.json"]).expect_failure(&["has no tests"]);
}

#[test]
fn a_definition_is_drawn_with_all_its_states_and_ways() {
    let place = place();
    let picture = place.run(&["workflow", "graph", "order.asl.json"]).expect_success();
    assert!(picture.starts_with("<?xml") || picture.starts_with("<svg"), "{picture}");
    for name in ["Pay", "Large?", "Both", "Buy", "Note", "Decline", "Done", "caught"] {
        assert!(picture.contains(name), "{name}");
    }
    let text = place.run(&["workflow", "graph", "order.asl.json", "--format", "mermaid"]).expect_success();
    assert!(text.starts_with("stateDiagram-v2\n"), "{text}");
    for line in [
        "[*] --> s0",
        "s0 --> s1",
        "s0 --> s3 : caught",
        "s1 --> s2",
        "s2 --> [*]",
        "state s2 {",
        "state \"Pay (Task)\" as s0",
    ] {
        assert!(text.lines().any(|known| known.trim() == line), "{line} in {text}");
    }
}
