//! What outlives the process: executions go on from stored frames, and time passes.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use types::{Clock, ManualClock, Timestamp};

use crate::house::{House, function, lines, task};

#[tokio::test]
async fn an_execution_goes_on_where_it_was_when_the_file_is_opened_again() {
    let house = House::new();
    let definition = json!({ "StartAt": "First", "States": {
        "First": { "Type": "Task", "Resource": function("add-one"), "Next": "Second" },
        "Second": { "Type": "Task", "Resource": function("never"), "End": true } } });
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!(1)).await;
    while house.desk.jobs.load(std::sync::atomic::Ordering::SeqCst) < 2 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let before = lines(&house.history(&execution).await);
    let house = house.reopened().await;
    while house.desk.jobs.load(std::sync::atomic::Ordering::SeqCst) < 1 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let asked: Vec<_> = house.desk.asked.lock().unwrap().keys().cloned().collect();
    assert_eq!(asked, [format!("{execution}:2/1")], "the second task alone, under the id and attempt that it had");
    assert_eq!(lines(&house.history(&execution).await), before, "nothing has happened twice");
}

#[tokio::test]
async fn a_wait_of_years_leaves_the_memory_and_ends_when_its_moment_comes() {
    let (clock, hands) = manual();
    let house = House::with(clock);
    let definition = json!({ "StartAt": "Wait", "States": {
        "Wait": { "Type": "Wait", "Seconds": 94_608_000, "Next": "Done" }, "Done": { "Type": "Succeed" } } });
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!({})).await;
    while house.workflows.live() > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let house = house.reopened().await;
    assert_eq!(house.describe(&execution).await["status"], "RUNNING");
    hands.advance(Duration::from_mins(1_576_799));
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(house.describe(&execution).await["status"], "RUNNING", "a minute too early");
    hands.advance(Duration::from_secs(61));
    assert_eq!(house.ended(&execution).await["status"], "SUCCEEDED");
}

#[tokio::test]
async fn a_clock_that_goes_back_ends_no_wait_early_and_loses_none() {
    let (clock, hands) = manual();
    let house = House::with(clock);
    let definition =
        json!({ "StartAt": "Wait", "States": { "Wait": { "Type": "Wait", "Seconds": 3_600, "End": true } } });
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!({})).await;
    while house.workflows.live() > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    hands.set_wall(Timestamp::from_micros(START.as_micros() - 1_800_000_000));
    hands.advance(Duration::from_hours(1));
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(house.describe(&execution).await["status"], "RUNNING");
    hands.advance(Duration::from_secs(1_801));
    assert_eq!(house.ended(&execution).await["status"], "SUCCEEDED");
}

#[tokio::test]
async fn a_retry_after_a_restart_is_the_next_attempt_of_the_same_invocation() {
    let house = House::new();
    let definition = json!({ "StartAt": "Try", "States": { "Try": { "Type": "Task", "Resource": function("fail-once"),
        "Retry": [{ "ErrorEquals": ["Broken"], "IntervalSeconds": 6 }], "End": true } } });
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!({})).await;
    while house.workflows.live() > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let first: Vec<_> = house.desk.asked.lock().unwrap().keys().cloned().collect();
    let house = house.reopened().await;
    assert_eq!(house.ended(&execution).await["status"], "SUCCEEDED");
    let second: Vec<_> = house.desk.asked.lock().unwrap().keys().cloned().collect();
    assert_eq!((first, second), (vec![format!("{execution}:1/1")], vec![format!("{execution}:1/2")]));
}

#[tokio::test]
async fn what_was_started_and_not_begun_runs_after_a_restart() {
    let house = House::new();
    let machine = house.machine("machine", &task("echo")).await;
    let mut executions = Vec::new();
    for at in 0..20 {
        executions.push(house.start(&machine, json!(at)).await);
    }
    let house = house.reopened().await;
    for (at, execution) in executions.iter().enumerate() {
        assert_eq!(house.ended(execution).await["output"], at.to_string());
    }
}

fn manual() -> (Clock, Arc<ManualClock>) {
    ManualClock::at(START)
}

const START: Timestamp = Timestamp::from_micros(1_763_800_000_000_000);
