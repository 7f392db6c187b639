//! What attempts at tasks use is told of once each, however they end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use crate::house::{House, function, task, text};

impl House {
    /// What the books are told of the attempts of an execution, once so many are there.
    async fn used(&self, execution: &str, count: usize) -> Vec<String> {
        for _ in 0..1_000 {
            let all = self.workflows.outbox(100).await.unwrap();
            let of = |(_, used): (u64, String)| used.strip_prefix(execution).map(str::to_owned);
            let mut used: Vec<String> = all.into_iter().filter_map(of).collect();
            if used.len() >= count {
                used.sort();
                return used;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("not told of: {:?}", self.workflows.outbox(100).await);
    }

    async fn until_asked(&self, jobs: usize) {
        while self.desk.jobs.load(Ordering::SeqCst) < jobs {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// A branch that goes on until it is told to stop, beside one that fails.
fn fails_beside(resource: &str) -> Value {
    json!({ "StartAt": "Both", "States": { "Both": { "Type": "Parallel", "End": true, "Branches": [
        task(resource),
        { "StartAt": "Wait", "States": { "Wait": { "Type": "Wait", "Seconds": 1, "Next": "Fail" },
            "Fail": { "Type": "Fail", "Error": "Beside" } } }] } } })
}

#[tokio::test]
async fn an_attempt_that_timed_out_is_told_of_and_so_is_the_next_one() {
    let house = House::new();
    let definition = json!({ "StartAt": "Try", "States": { "Try": { "Type": "Task", "Resource": function("metered"),
        "TimeoutSeconds": 1, "End": true,
        "Retry": [{ "ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1 }] } } });
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!({})).await;
    assert_eq!(house.ended(&execution).await["error"], "States.Timeout");
    assert_eq!(house.used(&execution, 2).await, [":1/1", ":1/2"]);
}

#[tokio::test]
async fn an_attempt_whose_branch_was_given_up_is_told_of() {
    let house = House::new();
    for kind in ["STANDARD", "EXPRESS"] {
        let machine = house.machine_of(kind, &format!("machine-{kind}"), &fails_beside("metered")).await;
        let execution = house.start(&machine, json!({})).await;
        assert_eq!(house.used(&execution, 1).await, [":1/1"], "{kind}");
    }
}

#[tokio::test]
async fn an_attempt_of_an_execution_that_was_stopped_is_told_of() {
    let house = House::new();
    let machine = house.machine("machine", &task("metered")).await;
    let execution = house.start(&machine, json!({})).await;
    house.until_asked(1).await;
    house.call("StopExecution", json!({ "executionArn": execution })).await;
    assert_eq!(house.used(&execution, 1).await, [":1/1"]);
}

#[tokio::test]
async fn an_attempt_that_had_ended_when_its_execution_was_stopped_is_told_of() {
    let house = House::new();
    let machine = house.machine("machine", &task("metered-once")).await;
    // Its step cannot be written while this is there, and the end from outside can.
    let faulty = "CREATE TEMP TRIGGER faulty BEFORE INSERT ON main.outbox WHEN NEW.topic = 'settle'
        BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END";
    house.workflows.statement(faulty).await.unwrap();
    let execution = house.start(&machine, json!({})).await;
    house.until_asked(1).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    house.call("StopExecution", json!({ "executionArn": execution })).await;
    house.workflows.statement("DROP TRIGGER temp.faulty").await.unwrap();
    assert_eq!(house.used(&execution, 1).await, [":1/1"]);
}

#[tokio::test]
async fn an_attempt_that_a_stop_of_the_host_cut_off_is_made_again_and_told_of_once() {
    let house = House::new();
    let machine = house.machine("machine", &task("metered")).await;
    let execution = house.start(&machine, json!({})).await;
    house.until_asked(1).await;
    let house = house.reopened().await;
    house.until_asked(1).await;
    assert!(house.workflows.outbox(10).await.unwrap().is_empty(), "it has not ended");
    let stop = json!({ "executionArn": execution });
    house.call("StopExecution", stop).await;
    assert_eq!(house.used(&execution, 1).await, [":1/1"]);
    assert_eq!(text(&house.describe(&execution).await, "status"), "ABORTED");
}
