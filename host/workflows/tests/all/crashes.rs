//! A process that is killed after any of its commits loses nothing and repeats nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use workflows::Settings;

use crate::house::{House, function, task};

/// Every type of state, each way of failing, and another execution in between.
fn definition(child: &str) -> Value {
    json!({ "StartAt": "Shape", "States": {
        "Shape": { "Type": "Pass", "Parameters": { "lines": [1, 2, 3], "tries.$": "$.tries" }, "Next": "Which" },
        "Which": { "Type": "Choice", "Default": "Unhappy",
            "Choices": [{ "Variable": "$.tries", "NumericEquals": 1, "Next": "Wait" }] },
        "Wait": { "Type": "Wait", "Timestamp": "2020-01-01T00:00:00Z", "Next": "Try" },
        "Try": { "Type": "Task", "Resource": function("fail-once"), "ResultPath": null,
            "Retry": [{ "ErrorEquals": ["Broken"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 2 }],
            "Next": "Each" },
        "Each": { "Type": "Map", "ItemsPath": "$.lines", "MaxConcurrency": 1, "ResultPath": "$.more",
            "ItemProcessor": { "StartAt": "AddOne", "States": {
                "AddOne": { "Type": "Task", "Resource": function("add-one"), "End": true } } }, "Next": "Both" },
        "Both": { "Type": "Parallel", "ResultPath": "$.both", "Branches": [
            { "StartAt": "Left", "States": { "Left": { "Type": "Task", "Resource": function("echo"),
                "Parameters": { "side": "left" }, "End": true } } },
            { "StartAt": "Child", "States": { "Child": { "Type": "Task", "InputPath": "$.tries",
                "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Parameters": { "StateMachineArn": child, "Input.$": "$" },
                "ResultSelector": { "output.$": "$.Output" }, "End": true } } }], "Next": "Broken" },
        "Broken": { "Type": "Task", "Resource": function("fail"), "ResultPath": "$.caught",
            "Catch": [{ "ErrorEquals": ["Broken"], "ResultPath": "$.caught", "Next": "Done" }], "Next": "Unhappy" },
        "Done": { "Type": "Succeed" },
        "Unhappy": { "Type": "Fail", "Error": "Unhappy" } } })
}

/// What of a run must not depend on where it was cut.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    status: String,
    output: Option<String>,
    /// How often each event with its details happened. Branches run side by side, so their order may differ.
    events: BTreeMap<String, u32>,
    /// The numbers of the events.
    ids: Vec<u64>,
}

async fn facts(house: &House, execution: &str) -> Facts {
    let ended = house.ended(execution).await;
    let mut events = BTreeMap::new();
    let mut ids = Vec::new();
    for mut event in house.history(execution).await {
        ids.push(event["id"].as_u64().unwrap());
        let members = event.as_object_mut().unwrap();
        for differs in ["id", "previousEventId", "timestamp"] {
            members.shift_remove(differs);
        }
        let told = event.to_string();
        // The description of the child has its times.
        let told = if told.contains("StartDate") { event["type"].to_string() } else { told };
        *events.entry(told).or_default() += 1;
    }
    let output = ended["output"].as_str().map(str::to_owned);
    Facts { status: ended["status"].as_str().unwrap().to_owned(), output, events, ids }
}

async fn begin(house: &House) -> (String, String) {
    let child = house.machine("child", &task("add-one")).await;
    let machine = house.machine("machine", &definition(&child)).await;
    let body = json!({ "stateMachineArn": machine, "name": "one", "input": "{\"tries\":1}" });
    let started = house.call("StartExecution", body).await;
    (started["executionArn"].as_str().unwrap().to_owned(), child)
}

#[tokio::test]
async fn a_crash_after_any_commit_changes_neither_the_outcome_nor_the_history() {
    let uncut = House::new();
    let (execution, _) = begin(&uncut).await;
    let expected = facts(&uncut, &execution).await;
    assert_eq!(expected.status, "SUCCEEDED", "{expected:?}");
    let asked: Vec<String> = uncut.desk.asked.lock().unwrap().keys().map(|id| after_arn(id)).collect();
    let mut cuts = 0;
    for steps in 0.. {
        let house = House::new().reopened_with(Settings { dies_after: Some(steps), ..Settings::default() }).await;
        let (execution, child) = begin(&house).await;
        while house.describe(&execution).await["status"] == "RUNNING" && !house.workflows.is_dead() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        let was_cut = house.workflows.is_dead();
        let before = house.desk.asked.lock().unwrap().clone();
        let house = house.reopened().await;
        assert_eq!(facts(&house, &execution).await, expected, "cut after {steps} steps");
        let mut seen: Vec<String> = before.keys().map(|id| after_arn(id)).collect();
        seen.extend(house.desk.asked.lock().unwrap().keys().map(|id| after_arn(id)));
        assert!(asked.iter().all(|id| seen.contains(id)), "each task at least once: {seen:?} of {asked:?}");
        assert!(seen.iter().all(|id| asked.contains(id)), "under the same ids: {seen:?} of {asked:?}");
        let children = house.call("ListExecutions", json!({ "stateMachineArn": child })).await;
        assert_eq!(children["executions"].as_array().unwrap().len(), 1, "the child was started once");
        if !was_cut {
            break;
        }
        cuts += 1;
    }
    assert!(cuts > 12, "only {cuts} cuts");
}

/// The invocation and the attempt. The child's name is drawn, and so is its ARN.
fn after_arn(id: &str) -> String {
    let machine = if id.contains(":execution:child:") { "child" } else { "machine" };
    format!("{machine}:{}", id.rsplit(':').next().unwrap_or_default())
}
