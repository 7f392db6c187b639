//! Executions that start executions.

use serde_json::{Value, json};

use crate::house::{House, lines, task};

fn starts(suffix: &str, machine: &str) -> Value {
    json!({ "StartAt": "Start", "States": { "Start": { "Type": "Task",
        "Resource": format!("arn:aws:states:::states:startExecution{suffix}"),
        "Parameters": { "StateMachineArn": machine, "Input.$": "$" }, "End": true } } })
}

#[tokio::test]
async fn a_started_execution_is_waited_for_and_its_output_handed_on() {
    let house = House::new();
    let child = house.machine("child", &task("add-one")).await;
    for (suffix, output) in [(".sync", json!("2")), (".sync:2", json!(2))] {
        let machine = house.machine(&format!("parent{}", suffix.len()), &starts(suffix, &child)).await;
        let execution = house.start(&machine, json!(1)).await;
        let ended = house.ended(&execution).await;
        assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
        let description: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
        assert_eq!((&description["Status"], &description["Output"]), (&json!("SUCCEEDED"), &output));
        assert_eq!(
            lines(&house.history(&execution).await)[2..7],
            ["3 TaskScheduled 2", "4 TaskStarted 3", "5 TaskSubmitted 4", "6 TaskSucceeded 5", "7 TaskStateExited 6",]
        );
    }
}

#[tokio::test]
async fn a_started_execution_that_fails_fails_the_task() {
    let house = House::new();
    let child = house.machine("child", &task("fail")).await;
    let machine = house.machine("parent", &starts(".sync:2", &child)).await;
    let execution = house.start(&machine, json!({})).await;
    let ended = house.ended(&execution).await;
    assert_eq!(ended["error"], "States.TaskFailed");
    let cause: Value = serde_json::from_str(ended["cause"].as_str().unwrap()).unwrap();
    assert_eq!((&cause["Status"], &cause["Error"]), (&json!("FAILED"), &json!("Broken")));
}

#[tokio::test]
async fn stopping_an_execution_stops_the_one_that_it_waits_for() {
    let house = House::new();
    let child = house.machine("child", &task("never")).await;
    let machine = house.machine("parent", &starts(".sync", &child)).await;
    let execution = house.start(&machine, json!({})).await;
    let running = json!({ "stateMachineArn": child });
    let started = loop {
        let list = house.call("ListExecutions", running.clone()).await;
        if let Some(one) = list["executions"].get(0) {
            break one["executionArn"].as_str().unwrap().to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    };
    house.call("StopExecution", json!({ "executionArn": execution })).await;
    assert_eq!(house.describe(&started).await["status"], "ABORTED");
}

#[tokio::test]
async fn an_execution_that_is_only_started_is_not_waited_for() {
    let house = House::new();
    let child = house.machine("child", &task("never")).await;
    let machine = house.machine("parent", &starts("", &child)).await;
    let execution = house.start(&machine, json!({})).await;
    let ended = house.ended(&execution).await;
    let output: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
    assert!(output["ExecutionArn"].as_str().unwrap().contains(":execution:child:"), "{output}");
    assert!(output["StartDate"].is_number(), "{output}");
}
