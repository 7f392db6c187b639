//! Executions: started once, described, listed, stopped, limited.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use types::Clock;
use workflows::Settings;

use crate::house::{House, function, task, text};

#[tokio::test]
async fn an_execution_ends_with_the_output_of_its_last_state() {
    let house = House::new();
    let machine = house.machine("machine", &task("add-one")).await;
    let execution = house.start(&machine, json!(41)).await;
    let ended = house.ended(&execution).await;
    assert_eq!(ended["status"], "SUCCEEDED");
    assert_eq!(ended["output"], "42");
    assert_eq!(ended["input"], "41");
    assert_eq!(ended["stateMachineArn"], json!(machine));
    assert!(ended["stopDate"].as_f64() >= ended["startDate"].as_f64());
    assert!(execution.starts_with("arn:aws:states:eu-west-1:123456789012:execution:machine:"), "{execution}");
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_find_room_at_the_writer_beside_the_steps_of_a_crowd() {
    let house = Arc::new(House::new());
    let sleep = json!({ "StartAt": "S", "States": { "S": { "Type": "Wait", "Seconds": 3600, "End": true } } });
    let start = json!({ "stateMachineArn": house.machine("sleepers", &sleep).await });
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..4_000 {
        if starts.len() >= 700 {
            starts.join_next().await.unwrap().unwrap();
        }
        let (house, start) = (Arc::clone(&house), start.clone());
        starts.spawn(async move { house.call("StartExecution", start).await });
    }
    starts.join_all().await;
}

#[tokio::test]
async fn the_same_start_twice_is_one_execution() {
    let house = House::new();
    let machine = house.machine("machine", &task("never")).await;
    let start = json!({ "stateMachineArn": machine, "name": "one", "input": "{\"a\": 1}" });
    let first = house.call("StartExecution", start.clone()).await;
    assert_eq!(house.call("StartExecution", start.clone()).await, first);
    let other = json!({ "stateMachineArn": machine, "name": "one", "input": "{\"a\": 2}" });
    assert_eq!(house.refused("StartExecution", other).await, "ExecutionAlreadyExists");
    let execution = text(&first, "executionArn");
    house.call("StopExecution", json!({ "executionArn": execution })).await;
    assert_eq!(house.refused("StartExecution", start).await, "ExecutionAlreadyExists");
}

#[tokio::test]
async fn what_is_no_start_is_refused_by_its_name() {
    let house = House::new();
    let machine = house.machine("machine", &task("echo")).await;
    let refused = async |body| house.refused("StartExecution", body).await;
    assert_eq!(refused(json!({ "stateMachineArn": machine, "input": "{" })).await, "InvalidExecutionInput");
    assert_eq!(refused(json!({ "stateMachineArn": machine, "name": "a b" })).await, "InvalidName");
    assert_eq!(refused(json!({ "stateMachineArn": "machine" })).await, "InvalidArn");
    assert_eq!(refused(json!({})).await, "ValidationException");
    assert_eq!(refused(json!({ "stateMachineArn": format!("{machine}x") })).await, "StateMachineDoesNotExist");
    assert_eq!(
        refused(json!({ "stateMachineArn": machine, "input": "1".repeat(262_145) })).await,
        "ValidationException"
    );
    let elsewhere = machine.replace("eu-west-1", "us-east-1");
    assert_eq!(refused(json!({ "stateMachineArn": elsewhere })).await, "StateMachineDoesNotExist");
}

#[tokio::test]
async fn an_execution_that_is_stopped_ends_at_once_and_stays_so() {
    let house = House::new();
    let machine = house.machine("machine", &task("never")).await;
    let execution = house.start(&machine, json!({})).await;
    let stop = json!({ "executionArn": execution, "error": "Enough", "cause": "it was enough" });
    let stopped = house.call("StopExecution", stop.clone()).await;
    let ended = house.describe(&execution).await;
    assert_eq!(
        (&ended["status"], &ended["error"], &ended["cause"]),
        (&json!("ABORTED"), &json!("Enough"), &json!("it was enough"))
    );
    assert_eq!(ended["stopDate"], stopped["stopDate"]);
    assert_eq!(house.call("StopExecution", stop).await, stopped, "once");
    let events = house.history(&execution).await;
    assert_eq!(events.last().unwrap()["type"], "ExecutionAborted");
    for _ in 0..200 {
        if house.workflows.live() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it is still in memory");
}

#[tokio::test]
async fn executions_are_listed_by_status_the_newest_first_page_by_page() {
    let house = House::new();
    let machine = house.machine("machine", &task("echo")).await;
    let mut names = Vec::new();
    for at in 0..5 {
        let body = json!({ "stateMachineArn": machine, "name": format!("e{at}") });
        let execution = text(&house.call("StartExecution", body).await, "executionArn");
        house.ended(&execution).await;
        names.insert(0, format!("e{at}"));
    }
    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let body =
            json!({ "stateMachineArn": machine, "statusFilter": "SUCCEEDED", "maxResults": 2, "nextToken": token });
        let page = house.call("ListExecutions", body).await;
        seen.extend(page["executions"].as_array().unwrap().iter().map(|one| text(one, "name")));
        token = page["nextToken"].as_str().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen, names);
    let running = json!({ "stateMachineArn": machine, "statusFilter": "RUNNING" });
    assert_eq!(house.call("ListExecutions", running).await["executions"], json!([]));
    assert_eq!(house.refused("ListExecutions", json!({})).await, "ValidationException");
}

#[tokio::test]
async fn another_organisation_sees_nothing() {
    let house = House::new();
    let machine = house.machine("machine", &task("echo")).await;
    let execution = house.start(&machine, json!({})).await;
    let stranger = workflows::Caller {
        organisation: types::OrganisationId::generate(types::Timestamp::from_micros(1_763_800_000_000_000)),
        ..house.caller.clone()
    };
    let ask = async |operation, body| house.workflows.call(&stranger, operation, body).await;
    let missing = ask("DescribeExecution", json!({ "executionArn": execution })).await.unwrap_err();
    assert_eq!(missing.name, "ExecutionDoesNotExist");
    let missing = ask("DescribeStateMachine", json!({ "stateMachineArn": machine })).await.unwrap_err();
    assert_eq!(missing.name, "StateMachineDoesNotExist");
    assert_eq!(ask("ListStateMachines", json!({})).await.unwrap()["stateMachines"], json!([]));
}

#[tokio::test]
async fn more_executions_than_fit_in_memory_wait_for_their_turn() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let settings = Settings { live_max: 2, ..Settings::default() };
    let first = House::new();
    let house = House::open(folder, first.caller.clone(), Clock::system(), settings);
    let machine = house.machine("machine", &task("slow")).await;
    let mut executions = Vec::new();
    for at in 0..10 {
        executions.push(house.start(&machine, json!(at)).await);
        assert!(house.workflows.live() <= 2);
    }
    for (at, execution) in executions.iter().enumerate() {
        assert_eq!(house.ended(execution).await["output"], at.to_string());
    }
}

#[tokio::test]
async fn an_organisation_runs_as_many_at_a_time_as_it_may() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let settings = Settings { running_max: 1, ..Settings::default() };
    let house = House::open(folder, House::new().caller, Clock::system(), settings);
    let machine = house.machine("machine", &task("never")).await;
    let execution = house.start(&machine, json!({})).await;
    let start = json!({ "stateMachineArn": machine });
    assert_eq!(house.refused("StartExecution", start.clone()).await, "ExecutionLimitExceeded");
    house.call("StopExecution", json!({ "executionArn": execution })).await;
    house.call("StartExecution", start).await;
}

#[tokio::test]
async fn an_organisation_starts_no_faster_than_it_may_by_operations_and_by_tasks() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let count = |count| std::num::NonZeroU32::new(count).unwrap();
    let starts = Some(workflows::StartRate { per_second: count(1), burst: count(2) });
    let (clock, time) = types::ManualClock::at(types::Timestamp::from_micros(1_767_225_600_000_000));
    let house = House::open(folder, House::new().caller, clock, Settings { starts, ..Settings::default() });
    let machine = house.machine("machine", &task("echo")).await;
    let starting = json!({
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": true,
        "Parameters": { "StateMachineArn": machine },
    });
    let parent = house.machine("parent", &json!({ "StartAt": "Start", "States": { "Start": starting } })).await;
    house.start(&machine, json!({})).await;
    let ended = house.ended(&house.start(&parent, json!({})).await).await;
    assert_eq!(ended["error"], "StepFunctions.ThrottlingException", "{ended}");
    let start = json!({ "stateMachineArn": machine });
    assert_eq!(house.refused("StartExecution", start.clone()).await, "ThrottlingException");
    time.advance(std::time::Duration::from_secs(1));
    house.call("StartExecution", start).await;
}

#[tokio::test]
async fn a_machine_that_loops_ends_at_the_most_events_there_may_be() {
    let house = House::new();
    let mut states = json!({
        "Work": { "Type": "Task", "Resource": function("echo"), "Next": "P0" },
        "Again": { "Type": "Choice", "Default": "Work",
            "Choices": [{ "Variable": "$.end", "IsPresent": true, "Next": "End" }] },
        "End": { "Type": "Succeed" } });
    for at in 0..100 {
        let next = if at == 99 { "Again".to_owned() } else { format!("P{}", at + 1) };
        states[format!("P{at}")] = json!({ "Type": "Pass", "Next": next });
    }
    let definition = json!({ "StartAt": "Work", "States": states });
    let ended = house.run(&definition, json!({})).await;
    assert_eq!(ended["error"], "States.Runtime");
    let body = json!({ "executionArn": ended["executionArn"], "maxResults": 1, "reverseOrder": true });
    let last = house.call("GetExecutionHistory", body).await;
    assert_eq!((&last["events"][0]["id"], &last["events"][0]["type"]), (&json!(25_000), &json!("ExecutionFailed")));
}

#[tokio::test]
async fn express_executions_answer_or_run_by_themselves() {
    let house = House::new();
    let machine = house.machine_of("EXPRESS", "quick", &task("add-one")).await;
    let body = json!({ "stateMachineArn": machine, "input": "1" });
    let answer = house.call("StartSyncExecution", body.clone()).await;
    assert_eq!((&answer["status"], &answer["output"]), (&json!("SUCCEEDED"), &json!("2")));
    let execution = text(&house.call("StartExecution", body).await, "executionArn");
    assert!(execution.contains(":express:quick:"), "{execution}");
    for _ in 0..400 {
        if house.desk.jobs.load(std::sync::atomic::Ordering::SeqCst) == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(house.desk.jobs.load(std::sync::atomic::Ordering::SeqCst), 2);
    let describe = json!({ "executionArn": execution });
    assert_eq!(house.refused("DescribeExecution", describe).await, "StateMachineTypeNotSupported");
    let standard = house.machine("standard", &task("echo")).await;
    let sync = json!({ "stateMachineArn": standard });
    assert_eq!(house.refused("StartSyncExecution", sync).await, "StateMachineTypeNotSupported");
}
