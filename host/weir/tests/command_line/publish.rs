//! A project on its way into the host, with the binary as it ships: its allocator meets the limits of the children too.

use crate::host::Place;

const PROJECT: &str = r#"
[api]
slug = "talks"
title = "Talks"
[component]
world = "http"
wasm = "talks.wasm"
[[routes]]
method = "*"
path = "/{*rest}"
"#;

#[test]
fn a_component_is_compiled_and_serves_once_its_release_grants_what_it_imports() {
    let place = Place::new();
    let host = place.start();
    let folder = place.path().join("talks");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("talks.wasm"), tests::Component::logging().unwrap().bytes()).unwrap();
    std::fs::write(folder.join("weir.toml"), PROJECT).unwrap();
    place.run(&["publish", "talks"]).expect_failure(&["wasi:logging/logging@0.1.0-draft: grant logging"]);
    let granting = PROJECT.replace("wasm =", "grants = [\"logging\"]\nwasm =");
    std::fs::write(folder.join("weir.toml"), granting).unwrap();
    let published = place.run(&["publish", "talks"]).expect_success();
    assert!(published.contains("serves from now on"), "{published}");
    assert_eq!(host.stop().0, Some(0));
}

const WORKFLOW: &str = r#"
[api]
slug = "greetings"
title = "Greetings"
[workflow]
definition = "greet.asl.json"
[[routes]]
method = "GET"
path = "/{name}"
[[plans]]
name = "BASIC"
"#;

#[test]
fn a_workflow_is_published_when_it_is_correct_and_its_mistakes_are_told_by_line() {
    let place = Place::new();
    let host = place.start();
    let folder = place.path().join("greetings");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("weir.toml"), WORKFLOW).unwrap();
    place.run(&["publish", "greetings"]).expect_failure(&["could not read the workflow", "greet.asl.json"]);
    let wrong =
        "{\n  \"StartAt\": \"Greet\",\n  \"States\": {\"Greet\": {\"Type\": \"Pass\", \"Next\": \"Nowhere\"}}\n}";
    std::fs::write(folder.join("greet.asl.json"), wrong).unwrap();
    place.run(&["publish", "greetings"]).expect_failure(&["Nowhere", "line 3"]);
    let right = r#"{"StartAt": "Greet", "States": {"Greet": {"Type": "Pass", "End": true,
        "Parameters": {"status": 200, "body.$": "States.Format('Hello, {}!', $.pathParameters.name)"}}}}"#;
    std::fs::write(folder.join("greet.asl.json"), right).unwrap();
    place.run(&["publish", "greetings"]).expect_success();
    let asked = ["--json", "subscribe", "--api", "greetings", "--plan", "BASIC", "--app", "reader"];
    let subscribed: serde_json::Value = serde_json::from_str(&place.run(&asked).expect_success()).unwrap();
    let key = subscribed["key"]["secret"].as_str().unwrap();
    let answer = place.run(&["call", "greetings", "GET", "/Ada", "--key", key]).expect_success();
    assert!(answer.contains("Hello, Ada!"), "{answer}");
    assert_eq!(host.stop().0, Some(0));
}
