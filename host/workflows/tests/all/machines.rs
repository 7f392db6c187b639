//! State machines, their versions, aliases and tags.

use serde_json::json;

use crate::house::{House, ROLE, task, text};

#[tokio::test]
async fn creating_the_same_machine_twice_is_creating_it_once() {
    let house = House::new();
    let definition = task("echo").to_string();
    let create = json!({ "name": "machine", "definition": definition, "roleArn": ROLE });
    let first = house.call("CreateStateMachine", create.clone()).await;
    assert_eq!(house.call("CreateStateMachine", create).await, first);
    let other = json!({ "name": "machine", "definition": task("fail").to_string(), "roleArn": ROLE });
    assert_eq!(house.refused("CreateStateMachine", other).await, "StateMachineAlreadyExists");
    let described = house.call("DescribeStateMachine", json!({ "stateMachineArn": first["stateMachineArn"] })).await;
    assert_eq!(described["definition"], json!(definition));
    assert_eq!((&described["status"], &described["type"]), (&json!("ACTIVE"), &json!("STANDARD")));
    let bad = json!({ "name": "bad", "definition": "{\"StartAt\": \"A\", \"States\": {}}", "roleArn": ROLE });
    assert_eq!(house.refused("CreateStateMachine", bad).await, "InvalidDefinition");
}

#[tokio::test]
async fn running_executions_keep_the_definition_that_they_were_started_with() {
    let house = House::new();
    let machine = house.machine("machine", &task("never")).await;
    let execution = house.start(&machine, json!({})).await;
    let update = json!({ "stateMachineArn": machine, "definition": task("echo").to_string() });
    let updated = house.call("UpdateStateMachine", update).await;
    assert!(updated["revisionId"].is_string(), "{updated}");
    let of = house.call("DescribeStateMachineForExecution", json!({ "executionArn": execution })).await;
    assert_eq!(of["definition"], json!(task("never").to_string()));
    let new = house.start(&machine, json!({ "a": 1 })).await;
    assert_eq!(house.ended(&new).await["output"], "{\"a\":1}");
    let nothing = json!({ "stateMachineArn": machine });
    assert_eq!(house.refused("UpdateStateMachine", nothing).await, "MissingRequiredParameter");
}

#[tokio::test]
async fn versions_are_numbered_and_an_alias_leads_to_one() {
    let house = House::new();
    let machine = house.machine("machine", &task("echo")).await;
    let publish = json!({ "stateMachineArn": machine });
    let first = text(&house.call("PublishStateMachineVersion", publish.clone()).await, "stateMachineVersionArn");
    assert_eq!(first, format!("{machine}:1"));
    let again = house.call("PublishStateMachineVersion", publish.clone()).await;
    assert_eq!(text(&again, "stateMachineVersionArn"), first, "the same revision");
    house
        .call("UpdateStateMachine", json!({ "stateMachineArn": machine, "definition": task("add-one").to_string() }))
        .await;
    let second = text(&house.call("PublishStateMachineVersion", publish).await, "stateMachineVersionArn");
    let route = |arn: &str, weight| json!({ "stateMachineVersionArn": arn, "weight": weight });
    let half = json!({ "name": "live", "routingConfiguration": [route(&first, 50), route(&second, 49)] });
    assert_eq!(house.refused("CreateStateMachineAlias", half).await, "ValidationException");
    let alias = json!({ "name": "live", "routingConfiguration": [route(&first, 100)] });
    let alias = text(&house.call("CreateStateMachineAlias", alias).await, "stateMachineAliasArn");
    let execution = house.start(&alias, json!(1)).await;
    let ended = house.ended(&execution).await;
    assert_eq!((&ended["output"], &ended["stateMachineVersionArn"]), (&json!("1"), &json!(first)));
    assert_eq!(ended["stateMachineAliasArn"], json!(alias));
    let used = json!({ "stateMachineVersionArn": first });
    assert_eq!(house.refused("DeleteStateMachineVersion", used).await, "ConflictException");
    let switch = json!({ "stateMachineAliasArn": alias, "routingConfiguration": [route(&second, 100)] });
    house.call("UpdateStateMachineAlias", switch).await;
    let execution = house.start(&alias, json!(1)).await;
    assert_eq!(house.ended(&execution).await["output"], "2");
    let versions = house.call("ListStateMachineVersions", json!({ "stateMachineArn": machine })).await;
    assert_eq!(versions["stateMachineVersions"][0]["stateMachineVersionArn"], json!(second), "newest first");
}

#[tokio::test]
async fn deleting_a_machine_stops_what_runs_and_is_done_once() {
    let house = House::new();
    let machine = house.machine("machine", &task("never")).await;
    let execution = house.start(&machine, json!({})).await;
    house.call("DeleteStateMachine", json!({ "stateMachineArn": machine })).await;
    house.call("DeleteStateMachine", json!({ "stateMachineArn": machine })).await;
    assert_eq!(house.describe(&execution).await["status"], "ABORTED");
    assert_eq!(
        house.refused("StartExecution", json!({ "stateMachineArn": machine })).await,
        "StateMachineDoesNotExist"
    );
    let again = house.machine("machine", &task("echo")).await;
    let execution = house.start(&again, json!(1)).await;
    assert_eq!(house.ended(&execution).await["output"], "1");
}

#[tokio::test]
async fn deleting_a_machine_stops_all_that_runs_however_much_it_is() {
    let house = House::new();
    let wait = json!({ "StartAt": "Wait", "States": { "Wait": { "Type": "Wait", "Seconds": 86_400, "End": true } } });
    let machine = house.machine("machine", &wait).await;
    let start = json!({ "stateMachineArn": machine });
    let mut executions = Vec::new();
    for _ in 0..450 {
        executions.push(text(&house.call("StartExecution", start.clone()).await, "executionArn"));
    }
    house.call("DeleteStateMachine", json!({ "stateMachineArn": machine })).await;
    for execution in &executions {
        assert_eq!(house.describe(execution).await["status"], "ABORTED", "{execution}");
    }
}

#[tokio::test]
async fn tags_are_kept_up_to_fifty() {
    let house = House::new();
    let machine = house.machine("machine", &task("echo")).await;
    let tag = |key: &str| json!({ "resourceArn": machine, "tags": [{ "key": key, "value": "v" }] });
    house.call("TagResource", tag("a")).await;
    let all = json!({ "resourceArn": machine });
    assert_eq!(house.call("ListTagsForResource", all.clone()).await["tags"], json!([{ "key": "a", "value": "v" }]));
    for at in 0..49 {
        house.call("TagResource", tag(&format!("k{at}"))).await;
    }
    assert_eq!(house.refused("TagResource", tag("one-too-many")).await, "TooManyTags");
    house.call("UntagResource", json!({ "resourceArn": machine, "tagKeys": ["a", "unknown"] })).await;
    assert_eq!(house.call("ListTagsForResource", all).await["tags"].as_array().unwrap().len(), 49);
}

#[tokio::test]
async fn express_machines_have_no_task_that_waits_for_somebody() {
    let house = House::new();
    let definition = json!({ "StartAt": "Ask", "States": { "Ask": { "Type": "Task", "End": true,
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": { "FunctionName": "ask", "Payload": { "token.$": "$$.Task.Token" } } } } });
    let text = definition.to_string();
    let create = json!({ "name": "machine", "definition": text, "roleArn": ROLE, "type": "EXPRESS" });
    assert_eq!(house.refused("CreateStateMachine", create).await, "InvalidDefinition");
    let validate = json!({ "definition": text, "type": "EXPRESS" });
    assert_eq!(house.call("ValidateStateMachineDefinition", validate).await["result"], "FAIL");
    let standard = json!({ "name": "machine", "definition": text, "roleArn": ROLE });
    house.call("CreateStateMachine", standard).await;
    let quick = house.machine_of("EXPRESS", "quick", &task("echo")).await;
    let update = json!({ "stateMachineArn": quick, "definition": text });
    assert_eq!(house.refused("UpdateStateMachine", update).await, "InvalidDefinition");
}

#[tokio::test]
async fn a_state_is_tried_out_by_itself() {
    let house = House::new();
    let state = json!({ "Type": "Pass", "Parameters": { "b.$": "$.a" }, "Next": "Then" }).to_string();
    let body = json!({ "definition": state, "input": "{\"a\":1}", "roleArn": ROLE });
    let answer = house.call("TestState", body).await;
    assert_eq!((&answer["status"], &answer["output"]), (&json!("SUCCEEDED"), &json!("{\"b\":1}")));
    assert_eq!(answer["nextState"], "Then");
    let bad = json!({ "definition": "{\"Type\": \"Nothing\"}" });
    assert_eq!(house.refused("TestState", bad).await, "InvalidDefinition");
}

#[tokio::test]
async fn definitions_are_validated_without_being_stored() {
    let house = House::new();
    let good = json!({ "definition": task("echo").to_string() });
    assert_eq!(house.call("ValidateStateMachineDefinition", good).await["result"], "OK");
    let bad =
        json!({ "definition": "{\"StartAt\": \"A\", \"States\": {\"A\": {\"Type\": \"Pass\", \"Next\": \"B\"}}}" });
    let findings = house.call("ValidateStateMachineDefinition", bad).await;
    assert_eq!(findings["result"], "FAIL");
    assert_eq!(findings["diagnostics"][0]["code"], "MISSING_TRANSITION_TARGET", "{findings}");
    assert_eq!(findings["diagnostics"][0]["location"], "/States/A/Next");
    let text = json!({ "definition": "no JSON" });
    assert_eq!(house.call("ValidateStateMachineDefinition", text).await["result"], "FAIL");
}
