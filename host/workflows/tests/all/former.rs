//! Files that former versions wrote, in the midst of executions, are gone on with.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use types::{Clock, ManualClock, Timestamp};

use crate::house::House;

/// Schema 1, frames of format 3: an execution that waits three years; one that waits before a retry; one whose task
/// was under way, with an open token.
const WAIT_1: &str = include_str!("../fixtures/workflows-1-wait.sql");
const RETRY_1: &str = include_str!("../fixtures/workflows-1-retry.sql");
const TOKEN_1: &str = include_str!("../fixtures/workflows-1-token.sql");
/// Schema 4, frames of format 4: the wait again, and an execution that has failed and can be redriven.
const WAIT_4: &str = include_str!("../fixtures/workflows-4-wait.sql");
const FAILED_4: &str = include_str!("../fixtures/workflows-4-failed.sql");

/// A house on the dump, at a moment just after it, and the execution in it.
async fn opened(dump: &str) -> (House, Arc<ManualClock>, String) {
    let (clock, hands): (Clock, _) = ManualClock::at(Timestamp::from_micros(1_763_800_000_000_000));
    let house = House::of_dump(dump, clock);
    let started = house.number("SELECT max(started_us) FROM execution");
    hands.set_wall(Timestamp::from_micros(started));
    let machines = house.call("ListStateMachines", json!({})).await;
    let listed = house
        .call("ListExecutions", json!({ "stateMachineArn": machines["stateMachines"][0]["stateMachineArn"] }))
        .await;
    let execution = listed["executions"][0]["executionArn"].as_str().unwrap().to_owned();
    (house, hands, execution)
}

#[tokio::test]
async fn a_sleeping_execution_wakes_at_its_moment() {
    for dump in [WAIT_1, WAIT_4] {
        let (house, hands, execution) = opened(dump).await;
        assert_eq!(house.describe(&execution).await["status"], "RUNNING");
        hands.advance(Duration::from_hours(3 * 365 * 24 + 1));
        assert_eq!(house.ended(&execution).await["status"], "SUCCEEDED");
    }
}

#[tokio::test]
async fn a_retry_that_was_waited_for_is_made() {
    let (house, hands, execution) = opened(RETRY_1).await;
    hands.advance(Duration::from_secs(10));
    assert_eq!(house.ended(&execution).await["status"], "SUCCEEDED");
    let asked: Vec<_> = house.desk.asked.lock().unwrap().keys().cloned().collect();
    assert_eq!(asked, [format!("{execution}:1/2")]);
}

#[tokio::test]
async fn a_token_that_was_handed_out_is_good() {
    let (house, _, execution) = opened(TOKEN_1).await;
    let events = house.history(&execution).await;
    let scheduled = events.iter().find(|event| event["type"] == "TaskScheduled").unwrap();
    let parameters = scheduled["taskScheduledEventDetails"]["parameters"].as_str().unwrap();
    let parameters: Value = serde_json::from_str(parameters).unwrap();
    let answer = json!({ "taskToken": parameters["Payload"]["token"], "output": "7" });
    house.call("SendTaskSuccess", answer).await;
    assert_eq!(house.ended(&execution).await["output"], "7");
}

#[tokio::test]
async fn a_failed_execution_is_redriven() {
    let (house, _, execution) = opened(FAILED_4).await;
    house.desk.is_mended.store(true, std::sync::atomic::Ordering::SeqCst);
    house.call("RedriveExecution", json!({ "executionArn": execution })).await;
    assert_eq!(house.ended(&execution).await["output"], json!({ "redrives": 1, "result": 2 }).to_string());
}
