//! Executions that did not succeed are begun again where they stood.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use types::{ManualClock, Timestamp};
use workflows::Settings;

use crate::house::{House, function, lines, task};

/// Works, and then does not before it is mended.
fn definition() -> Value {
    json!({ "StartAt": "First", "States": {
        "First": { "Type": "Task", "Resource": function("add-one"), "Next": "Second" },
        "Second": { "Type": "Task", "Resource": function("broken"), "Next": "Third" },
        "Third": { "Type": "Pass", "Parameters": { "redrives.$": "$$.Execution.RedriveCount", "result.$": "$" }, "End": true } } })
}

impl House {
    fn mend(&self) {
        self.desk.is_mended.store(true, Ordering::SeqCst);
    }

    async fn redrive(&self, execution: &str) -> Value {
        self.call("RedriveExecution", json!({ "executionArn": execution })).await
    }
}

#[tokio::test]
async fn the_failed_state_runs_again_and_those_before_it_do_not() {
    let house = House::new();
    let machine = house.machine("machine", &definition()).await;
    let execution = house.start(&machine, json!(1)).await;
    let failed = house.ended(&execution).await;
    assert_eq!((&failed["status"], &failed["redriveStatus"]), (&json!("FAILED"), &json!("REDRIVABLE")), "{failed}");
    assert_eq!((&failed["redriveCount"], failed.get("redriveDate")), (&json!(0), None));
    let house = house.reopened().await;
    house.mend();
    let answer = house.redrive(&execution).await;
    let ended = house.ended(&execution).await;
    assert_eq!(ended["output"], json!({ "redrives": 1, "result": 2 }).to_string(), "{ended}");
    assert_eq!((&ended["redriveCount"], &ended["redriveDate"]), (&json!(1), &answer["redriveDate"]));
    assert_eq!(ended["redriveStatusReason"], "Execution is SUCCEEDED and cannot be redriven.");
    assert_eq!((ended.get("error"), &ended["input"]), (None, &json!("1")));
    assert_eq!(house.desk.jobs.load(Ordering::SeqCst), 1, "the first task is not done again");
    let history = house.history(&execution).await;
    let expected = [
        "10 LambdaFunctionFailed 9",
        "11 ExecutionFailed 10",
        "12 ExecutionRedriven 11",
        "13 TaskStateEntered 12",
        "14 LambdaFunctionScheduled 13",
        "15 LambdaFunctionStarted 14",
        "16 LambdaFunctionSucceeded 15",
        "17 TaskStateExited 16",
        "18 PassStateEntered 17",
        "19 PassStateExited 18",
        "20 ExecutionSucceeded 19",
    ];
    assert_eq!(lines(&history)[9..], expected);
    assert_eq!(history[11]["executionRedrivenEventDetails"], json!({ "redriveCount": 1 }));
}

#[tokio::test]
async fn lists_tell_which_executions_were_redriven() {
    let house = House::new();
    let machine = house.machine("machine", &definition()).await;
    let (one, other) = (house.start(&machine, json!(1)).await, house.start(&machine, json!(2)).await);
    house.ended(&one).await;
    house.ended(&other).await;
    house.redrive(&one).await;
    house.ended(&one).await;
    for (filter, expected, count) in [("REDRIVEN", &one, 1), ("NOT_REDRIVEN", &other, 0)] {
        let body = json!({ "stateMachineArn": machine, "redriveFilter": filter, "statusFilter": "FAILED" });
        let listed = house.call("ListExecutions", body).await["executions"].clone();
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
        assert_eq!((&listed[0]["executionArn"], &listed[0]["redriveCount"]), (&json!(expected), &json!(count)));
        assert_eq!(listed[0].get("redriveDate").is_some(), count > 0);
    }
    let body = json!({ "stateMachineArn": machine, "redriveFilter": "SOME" });
    assert_eq!(house.refused("ListExecutions", body).await, "ValidationException");
}

#[tokio::test]
async fn only_iterations_that_did_not_succeed_run_again() {
    let house = House::new();
    let each = json!({ "StartAt": "Each", "States": { "Each": { "Type": "Map", "MaxConcurrency": 2, "End": true,
        "ItemProcessor": { "StartAt": "Which", "States": {
            "Which": { "Type": "Choice", "Default": "Good",
                "Choices": [{ "Variable": "$", "NumericEquals": 2, "Next": "Bad" }] },
            "Good": { "Type": "Task", "Resource": function("add-one"), "End": true },
            "Bad": { "Type": "Task", "Resource": function("broken"), "End": true } } } } } });
    let machine = house.machine("machine", &each).await;
    let execution = house.start(&machine, json!([1, 2, 3])).await;
    assert_eq!(house.ended(&execution).await["status"], "FAILED");
    house.mend();
    house.redrive(&execution).await;
    assert_eq!(house.ended(&execution).await["output"], "[2,2,4]");
    let history = house.history(&execution).await;
    let redriven = history.iter().position(|event| event["type"] == "ExecutionRedriven").unwrap();
    let after = &history[redriven..];
    let count = |kind: &str| after.iter().filter(|event| event["type"] == kind).count();
    assert_eq!((count("MapStateEntered"), count("MapStateSucceeded"), count("MapStateExited")), (0, 1, 1));
    let begun: Vec<_> = after.iter().filter(|event| event["type"] == "MapIterationStarted").collect();
    assert!(begun.iter().any(|event| event["mapIterationStartedEventDetails"]["index"] == 1), "{begun:?}");
    assert_eq!(begun[0]["previousEventId"], after[0]["id"]);
}

#[tokio::test]
async fn an_execution_that_was_stopped_goes_on_from_what_it_was_doing() {
    let house = House::new();
    let waits = json!({ "StartAt": "Ask", "States": { "Ask": { "Type": "Task", "End": true,
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": { "FunctionName": "broken", "Payload": { "token.$": "$$.Task.Token" } } } } });
    let machine = house.machine("machine", &waits).await;
    let execution = house.start(&machine, json!({})).await;
    let tokens = |history: &[Value]| -> Vec<String> {
        let scheduled = history.iter().filter(|event| event["type"] == "TaskScheduled");
        let parameters = scheduled.map(|event| event["taskScheduledEventDetails"]["parameters"].as_str().unwrap());
        let read = |text| serde_json::from_str::<Value>(text).unwrap()["Payload"]["token"].as_str().unwrap().to_owned();
        parameters.map(read).collect()
    };
    while tokens(&house.history(&execution).await).is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    house.call("StopExecution", json!({ "executionArn": execution })).await;
    assert_eq!(house.describe(&execution).await["redriveStatus"], "REDRIVABLE");
    house.redrive(&execution).await;
    while tokens(&house.history(&execution).await).len() < 2 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let tokens = tokens(&house.history(&execution).await);
    let answer = |token: &str| json!({ "taskToken": token, "output": "\"done\"" });
    assert_eq!(house.refused("SendTaskSuccess", answer(&tokens[0])).await, "TaskTimedOut");
    house.call("SendTaskSuccess", answer(&tokens[1])).await;
    assert_eq!(house.ended(&execution).await["output"], "\"done\"");
}

#[tokio::test]
async fn an_execution_that_was_stopped_before_its_first_step_begins_at_its_start() {
    // No room in memory: nothing begins.
    let house = House::new().reopened_with(Settings { live_max: 0, ..Settings::default() }).await;
    let machine = house.machine("machine", &task("add-one")).await;
    let execution = house.start(&machine, json!(1)).await;
    house.call("StopExecution", json!({ "executionArn": execution })).await;
    house.redrive(&execution).await;
    let house = house.reopened().await;
    assert_eq!(house.ended(&execution).await["output"], "2");
    let expected = ["1 ExecutionStarted 0", "2 ExecutionAborted 0", "3 ExecutionRedriven 2", "4 TaskStateEntered 3"];
    assert_eq!(lines(&house.history(&execution).await)[..4], expected);
}

#[tokio::test]
async fn one_client_token_redrives_once() {
    let house = House::new();
    let machine = house.machine("machine", &definition()).await;
    let execution = house.start(&machine, json!(1)).await;
    house.ended(&execution).await;
    let body = json!({ "executionArn": execution, "clientToken": "again" });
    let first = house.call("RedriveExecution", body.clone()).await;
    house.ended(&execution).await;
    assert_eq!(house.call("RedriveExecution", body).await, first);
    assert_eq!(house.describe(&execution).await["redriveCount"], 1);
    house.redrive(&execution).await;
    assert_eq!(house.ended(&execution).await["redriveCount"], 2);
    let body = json!({ "executionArn": execution, "clientToken": "a b" });
    assert_eq!(house.refused("RedriveExecution", body).await, "ValidationException");
}

#[tokio::test]
async fn what_cannot_be_redriven_says_why() {
    let (clock, hands) = ManualClock::at(Timestamp::from_micros(1_763_800_000_000_000));
    let house = House::with(clock);
    let machine = house.machine("machine", &definition()).await;
    let good = house.machine("good", &task("echo")).await;
    let waits = house.machine("waits", &task("never")).await;
    let (failed, succeeded) = (house.start(&machine, json!(1)).await, house.start(&good, json!(1)).await);
    let runs = house.start(&waits, json!(1)).await;
    house.ended(&failed).await;
    house.ended(&succeeded).await;
    let body = |arn: &str| json!({ "executionArn": arn });
    for (execution, why) in [
        (&runs, "Execution is RUNNING and cannot be redriven."),
        (&succeeded, "Execution is SUCCEEDED and cannot be redriven."),
    ] {
        let error = house.ask("RedriveExecution", body(execution)).await.unwrap_err();
        assert_eq!((error.name, &*error.message), ("ExecutionNotRedrivable", why));
    }
    let unknown = failed.replace(":machine:", ":other:");
    assert_eq!(house.refused("RedriveExecution", body(&unknown)).await, "ExecutionDoesNotExist");
    hands.advance(Duration::from_hours(14 * 24));
    assert_eq!(house.describe(&failed).await["redriveStatusReason"], "Execution redrivable period exceeded.");
    assert_eq!(house.refused("RedriveExecution", body(&failed)).await, "ExecutionNotRedrivable");
    let again = house.start(&machine, json!(1)).await;
    house.ended(&again).await;
    house.call("DeleteStateMachine", json!({ "stateMachineArn": machine })).await;
    assert_eq!(house.describe(&again).await["redriveStatusReason"], "State machine is in DELETING status.");
}

#[tokio::test]
async fn a_crash_after_any_commit_of_a_redrive_changes_nothing_of_it() {
    let mut expected = None;
    let mut cuts = 0;
    for steps in 0.. {
        let house = House::new();
        let machine = house.machine("machine", &definition()).await;
        let body = json!({ "stateMachineArn": machine, "name": "one", "input": "1" });
        let execution = house.call("StartExecution", body).await["executionArn"].as_str().unwrap().to_owned();
        house.ended(&execution).await;
        let limit = expected.is_some().then(|| steps - 1);
        let house = house.reopened_with(Settings { dies_after: limit, ..Settings::default() }).await;
        house.mend();
        house.redrive(&execution).await;
        while house.describe(&execution).await["status"] == "RUNNING" && !house.workflows.is_dead() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let was_cut = house.workflows.is_dead();
        let house = house.reopened().await;
        house.mend();
        let ended = house.ended(&execution).await;
        let facts = (ended["output"].clone(), ended["redriveCount"].clone(), lines(&house.history(&execution).await));
        let expected = expected.get_or_insert_with(|| facts.clone());
        assert_eq!(*expected, facts, "cut after {limit:?} steps");
        if limit.is_some() && !was_cut {
            break;
        }
        cuts += u32::from(was_cut);
    }
    assert!(cuts >= 2, "only {cuts} cuts");
    assert_eq!(expected.unwrap().0, json!({ "redrives": 1, "result": 2 }).to_string());
}
