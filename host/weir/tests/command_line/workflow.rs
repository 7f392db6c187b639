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

#[test]
fn a_route_is_express_and_what_that_refuses_is_told_with_its_place() {
    let place = place();
    let job = ORDER.replace("component:payment", "arn:aws:states:::states:startExecution.sync");
    std::fs::write(place.path().join("job.asl.json"), job).unwrap();
    let ran = place.run(&["--json", "workflow", "validate", "job.asl.json"]);
    ran.expect_failure(&[]);
    let document: Value = serde_json::from_str(&ran.out()).unwrap();
    let message =
        "An express machine does not wait for the end of a job: remove '.sync', or make the machine a standard one.";
    assert_eq!(
        document["findings"],
        json!([{"severity": "error", "code": "SCHEMA_VALIDATION_FAILED", "pointer": "/States/Pay/Resource",
            "line": 5, "column": 23, "message": message}])
    );
    place.run(&["workflow", "validate", "--kind", "standard", "job.asl.json"]).expect_success();
}

#[test]
fn a_definition_is_printed_in_its_normal_form_which_stays_as_it_is() {
    let place = place();
    let yaml = "StartAt: B\nStates:\n  B: {Type: Pass, InputPath: $, Next: A}\n  A: {Comment: last, Type: Succeed}\n";
    std::fs::write(place.path().join("b.asl.yaml"), yaml).unwrap();
    let printed = place.run(&["workflow", "format", "b.asl.yaml"]).expect_success();
    let expected = r#"{
  "StartAt": "B",
  "States": {
    "B": {
      "Type": "Pass",
      "Next": "A"
    },
    "A": {
      "Type": "Succeed",
      "Comment": "last"
    }
  }
}
"#;
    assert_eq!(printed, expected);
    std::fs::write(place.path().join("b.asl.json"), &printed).unwrap();
    assert_eq!(place.run(&["workflow", "format", "b.asl.json"]).expect_success(), printed);
    assert_eq!(place.run(&["--json", "workflow", "format", "b.asl.json"]).expect_success(), printed);
    std::fs::write(place.path().join("wrong.asl.json"), r#"{"StartAt": "A", "States": {}}"#).unwrap();
    place.run(&["workflow", "format", "wrong.asl.json"]).expect_failure(&["wrong.asl.json:1:", "must not be empty"]);
}

#[test]
fn one_state_is_tried_out_with_what_its_work_comes_to() {
    let place = place();
    let test = |more: &[&str]| {
        let command = ["workflow", "test-state", "order.asl.json", "--state", "Pay"];
        place.run(&[&command[..], more].concat())
    };
    let input = ["--input", r#"{"amount": 5}"#];
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let paid = test(&[&input[..], &["--mock", r#"{"result": {"receipt": 7}}"#]].concat()).expect_success();
    let output = json!({"amount": 5, "paid": {"receipt": 7}});
    assert_eq!(read(&paid), json!({"status": "SUCCEEDED", "nextState": "Large?", "output": output}));

    let text = read(&test(&["--mock", r#"{"result": "ok"}"#]).expect_success());
    assert_eq!(text["output"], json!({"paid": "ok"}), "a text is a result like any other");

    let busy = ["--mock", r#"{"errorOutput": {"error": "Busy", "cause": "full"}}"#, "--inspection-level", "debug"];
    let again = read(&test(&busy).expect_success());
    assert_eq!((&again["status"], &again["error"]), (&json!("RETRIABLE"), &json!("Busy")));
    let details = json!({"retryIndex": 0, "retryBackoffIntervalSeconds": 10});
    assert_eq!(again["inspectionData"]["errorDetails"], details);

    let used = [&busy[..2], &["--configuration", r#"{"retrierRetryCount": 1}"#]].concat();
    let ran = test(&used);
    ran.expect_failure(&[]);
    assert_eq!(read(&ran.out()), json!({"status": "FAILED", "error": "Busy", "cause": "full"}));

    let declined = ["--mock", r#"{"errorOutput": {"error": "CardDeclined", "cause": ""}}"#];
    let caught = read(&test(&declined).expect_success());
    assert_eq!((&caught["status"], &caught["nextState"]), (&json!("CAUGHT_ERROR"), &json!("Decline")));

    test(&[]).expect_failure(&["A Task state needs a 'mock'"]);
    test(&["--mock", "[]"]).expect_failure(&["the mock is not right"]);
}

#[test]
fn a_state_alone_is_tried_out_and_answered_as_the_api_does() {
    let place = place();
    let state = r#"{"Type": "Pass", "Parameters": {"sum.$": "States.MathAdd($.n, $offset)"}, "Next": "On"}"#;
    std::fs::write(place.path().join("add.json"), state).unwrap();
    let command =
        ["--json", "workflow", "test-state", "add.json", "--input", r#"{"n": 2}"#, "--variables", r#"{"offset": 40}"#];
    let answer: Value = serde_json::from_str(&place.run(&command).expect_success()).unwrap();
    assert_eq!(answer, json!({"status": "SUCCEEDED", "nextState": "On", "output": r#"{"sum":42}"#}));
    std::fs::write(place.path().join("add.json"), "{\n  \"Type\": \"Pass\",\n  \"Nxt\": \"On\", \"End\": true\n}")
        .unwrap();
    place.run(&command).expect_failure(&["add.json:3:3: error: ", "(/Nxt)"]);
}
