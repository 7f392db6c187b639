//! Tasks that somebody outside answers.

use std::time::Duration;

use serde_json::{Value, json};
use types::ManualClock;

use crate::house::{House, function, lines};

fn waits(extra: &Value) -> Value {
    let mut state = json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": { "FunctionName": "ask", "Payload": { "token.$": "$$.Task.Token" } }, "End": true });
    state.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!({ "StartAt": "Ask", "States": { "Ask": state } })
}

/// The token that the task was handed.
async fn token(house: &House, execution: &str) -> String {
    loop {
        let events = house.history(execution).await;
        if let Some(event) = events.iter().find(|event| event["type"] == "TaskSubmitted") {
            let output: Value =
                serde_json::from_str(event["taskSubmittedEventDetails"]["output"].as_str().unwrap()).unwrap();
            return output["Payload"]["token"].as_str().unwrap().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

#[tokio::test]
async fn a_token_is_accepted_once_after_a_restart_too() {
    let house = House::new();
    let machine = house.machine("machine", &waits(&json!({}))).await;
    let execution = house.start(&machine, json!({})).await;
    let token = token(&house, &execution).await;
    let house = house.reopened().await;
    let success = json!({ "taskToken": token, "output": "{\"approved\":true}" });
    house.call("SendTaskSuccess", success.clone()).await;
    assert_eq!(house.refused("SendTaskSuccess", success).await, "TaskTimedOut");
    let failure = json!({ "taskToken": token, "error": "No" });
    assert_eq!(house.refused("SendTaskFailure", failure).await, "TaskTimedOut");
    let ended = house.ended(&execution).await;
    assert_eq!((&ended["status"], &ended["output"]), (&json!("SUCCEEDED"), &json!("{\"approved\":true}")));
    assert_eq!(
        lines(&house.history(&execution).await),
        [
            "1 ExecutionStarted 0",
            "2 TaskStateEntered 0",
            "3 TaskScheduled 2",
            "4 TaskStarted 3",
            "5 TaskSubmitted 4",
            "6 TaskSucceeded 5",
            "7 TaskStateExited 6",
            "8 ExecutionSucceeded 7",
        ]
    );
    assert_eq!(house.desk.jobs.load(std::sync::atomic::Ordering::SeqCst), 0, "it was handed over before the restart");
}

#[tokio::test]
async fn what_follows_an_answer_that_came_while_nobody_ran_the_execution_is_done_once() {
    let house = House::new();
    let mut definition = waits(&json!({ "Next": "Then" }));
    definition["States"]["Ask"].as_object_mut().unwrap().shift_remove("End");
    definition["States"]["Then"] = json!({ "Type": "Task", "Resource": function("echo"), "End": true });
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!({})).await;
    let token = token(&house, &execution).await;
    while house.workflows.live() > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    house.call("SendTaskSuccess", json!({ "taskToken": token, "output": "7" })).await;
    assert_eq!(house.ended(&execution).await["output"], "7");
    let asked = house.desk.asked.lock().unwrap().clone();
    assert_eq!(asked.values().copied().collect::<Vec<_>>(), [1, 1], "{asked:?}");
}

#[tokio::test]
async fn a_failure_by_token_has_its_name_and_cause() {
    let house = House::new();
    let machine = house.machine("machine", &waits(&json!({}))).await;
    let execution = house.start(&machine, json!({})).await;
    let token = token(&house, &execution).await;
    house.call("SendTaskFailure", json!({ "taskToken": token, "error": "Rejected", "cause": "too dear" })).await;
    let ended = house.ended(&execution).await;
    assert_eq!((&ended["error"], &ended["cause"]), (&json!("Rejected"), &json!("too dear")));
}

#[tokio::test]
async fn heartbeats_keep_a_task_alive_and_their_absence_ends_it() {
    let (clock, hands) = ManualClock::at(types::Timestamp::from_micros(1_763_800_000_000_000));
    let house = House::with(clock);
    let machine = house.machine("machine", &waits(&json!({ "HeartbeatSeconds": 60 }))).await;
    let execution = house.start(&machine, json!({})).await;
    let token = token(&house, &execution).await;
    for _ in 0..3 {
        hands.advance(Duration::from_secs(50));
        house.call("SendTaskHeartbeat", json!({ "taskToken": token })).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(house.describe(&execution).await["status"], "RUNNING");
    hands.advance(Duration::from_secs(61));
    assert_eq!(house.ended(&execution).await["error"], "States.HeartbeatTimeout");
    assert_eq!(house.refused("SendTaskHeartbeat", json!({ "taskToken": token })).await, "TaskTimedOut");
}

#[tokio::test]
async fn an_answer_that_was_taken_in_time_counts_though_the_host_was_away_when_the_time_was_over() {
    let (clock, hands) = ManualClock::at(types::Timestamp::from_micros(1_763_800_000_000_000));
    let house = House::with(clock);
    let machine = house.machine("machine", &waits(&json!({ "TimeoutSeconds": 60 }))).await;
    let (answered, late) = (house.start(&machine, json!({})).await, house.start(&machine, json!({})).await);
    let (token, late_token) = (token(&house, &answered).await, token(&house, &late).await);
    // Nothing runs any more, and answers are still taken, as in the last moments of a host.
    house.workflows.stop();
    hands.advance(Duration::from_secs(30));
    house.call("SendTaskSuccess", json!({ "taskToken": token, "output": "\"in time\"" })).await;
    hands.advance(Duration::from_hours(1));
    let house = house.reopened().await;
    assert_eq!(house.ended(&answered).await["output"], "\"in time\"");
    assert_eq!(house.ended(&late).await["error"], "States.Timeout");
    assert_eq!(
        house.refused("SendTaskSuccess", json!({ "taskToken": late_token, "output": "1" })).await,
        "TaskTimedOut"
    );
}

#[tokio::test]
async fn a_heartbeat_that_was_taken_in_time_counts_from_its_own_moment() {
    let (clock, hands) = ManualClock::at(types::Timestamp::from_micros(1_763_800_000_000_000));
    let house = House::with(clock);
    let machine = house.machine("machine", &waits(&json!({ "HeartbeatSeconds": 60 }))).await;
    let execution = house.start(&machine, json!({})).await;
    let token = token(&house, &execution).await;
    house.workflows.stop();
    hands.advance(Duration::from_secs(50));
    house.call("SendTaskHeartbeat", json!({ "taskToken": token })).await;
    hands.advance(Duration::from_secs(50));
    let house = house.reopened().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(house.describe(&execution).await["status"], "RUNNING");
    hands.advance(Duration::from_secs(11));
    assert_eq!(house.ended(&execution).await["error"], "States.HeartbeatTimeout");
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_refused() {
    let house = House::new();
    let machine = house.machine("machine", &waits(&json!({}))).await;
    let execution = house.start(&machine, json!({})).await;
    let token = token(&house, &execution).await;
    let success = |token: &str| json!({ "taskToken": token, "output": "{}" });
    assert_eq!(house.refused("SendTaskSuccess", success("abc")).await, "InvalidToken");
    assert_eq!(house.refused("SendTaskSuccess", success(&"x".repeat(2_049))).await, "InvalidToken");
    let bad = json!({ "taskToken": token, "output": "{" });
    assert_eq!(house.refused("SendTaskSuccess", bad).await, "InvalidOutput");
    let stranger = workflows::Caller {
        organisation: types::OrganisationId::generate(types::Timestamp::from_micros(1_763_800_000_000_000)),
        ..house.caller.clone()
    };
    let theirs = house.workflows.call(&stranger, "SendTaskSuccess", success(&token)).await;
    assert_eq!(theirs.unwrap_err().name, "InvalidToken");
}
