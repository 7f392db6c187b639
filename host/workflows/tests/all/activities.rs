//! Activities: workers ask for tasks and answer them.

use std::time::Duration;

use serde_json::json;

use crate::house::{House, lines, text};

#[tokio::test]
async fn a_worker_gets_a_task_and_its_answer_is_the_result() {
    let house = House::new();
    let activity = text(&house.call("CreateActivity", json!({ "name": "pack" })).await, "activityArn");
    let again = house.call("CreateActivity", json!({ "name": "pack" })).await;
    assert_eq!(text(&again, "activityArn"), activity, "the same once more");
    let definition =
        json!({ "StartAt": "Pack", "States": { "Pack": { "Type": "Task", "Resource": activity, "End": true } } });
    let machine = house.machine("machine", &definition).await;
    let poll = json!({ "activityArn": activity, "workerName": "one" });
    let (execution, task) =
        tokio::join!(house.start(&machine, json!({ "box": 7 })), house.call("GetActivityTask", poll));
    assert_eq!(task["input"], "{\"box\":7}");
    house.call("SendTaskSuccess", json!({ "taskToken": task["taskToken"], "output": "\"packed\"" })).await;
    assert_eq!(house.ended(&execution).await["output"], "\"packed\"");
    let events = house.history(&execution).await;
    assert_eq!(
        lines(&events),
        [
            "1 ExecutionStarted 0",
            "2 TaskStateEntered 0",
            "3 ActivityScheduled 2",
            "4 ActivityStarted 3",
            "5 ActivitySucceeded 4",
            "6 TaskStateExited 5",
            "7 ExecutionSucceeded 6",
        ]
    );
    assert_eq!(events[3]["activityStartedEventDetails"], json!({ "workerName": "one" }));
}

#[tokio::test]
async fn a_worker_that_leaves_swallows_no_task() {
    let house = House::new();
    let activity = text(&house.call("CreateActivity", json!({ "name": "pack" })).await, "activityArn");
    let definition =
        json!({ "StartAt": "Pack", "States": { "Pack": { "Type": "Task", "Resource": activity, "End": true } } });
    let machine = house.machine("machine", &definition).await;
    for wait in 0..20 {
        let poll = house.ask("GetActivityTask", json!({ "activityArn": activity }));
        let left = tokio::time::timeout(Duration::from_micros(wait * 100), poll).await;
        assert!(left.is_err(), "there is no task yet");
    }
    let execution = house.start(&machine, json!(1)).await;
    let task = house.call("GetActivityTask", json!({ "activityArn": activity })).await;
    house.call("SendTaskSuccess", json!({ "taskToken": task["taskToken"], "output": "1" })).await;
    assert_eq!(house.ended(&execution).await["status"], "SUCCEEDED");
}

#[tokio::test]
async fn an_activity_that_is_not_there_fails_its_task_and_is_not_described() {
    let house = House::new();
    let missing = "arn:aws:states:eu-west-1:123456789012:activity:none";
    let definition =
        json!({ "StartAt": "Pack", "States": { "Pack": { "Type": "Task", "Resource": missing, "End": true } } });
    let ended = house.run(&definition, json!({})).await;
    assert_eq!((&ended["status"], &ended["error"]), (&json!("FAILED"), &json!("States.Runtime")));
    let body = json!({ "activityArn": missing });
    assert_eq!(house.refused("DescribeActivity", body.clone()).await, "ActivityDoesNotExist");
    assert_eq!(house.refused("GetActivityTask", body.clone()).await, "ActivityDoesNotExist");
    assert_eq!(house.call("DeleteActivity", body).await, json!({}));
}
