//! What attempts at tasks use is told of once each, however they end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use workflows::Settings;

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

    /// The same folder as a process finds it that starts after this one has been killed now.
    fn killed(&self) -> Self {
        let folder = self.copied(self.log_bytes());
        Self::open(folder, self.caller.clone(), self.clock.clone(), Settings::default())
    }
}

/// Nothing is taken up: there is no room for it.
fn idle() -> Settings {
    Settings { live_max: 0, ..Settings::default() }
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

#[tokio::test]
async fn an_attempt_that_was_cut_off_is_told_of_once_though_its_execution_is_stopped_before_it_is_made_again() {
    let house = House::new();
    let machine = house.machine("machine", &task("metered")).await;
    let execution = house.start(&machine, json!({})).await;
    house.until_asked(1).await;
    let house = house.reopened_with(idle()).await;
    house.call("StopExecution", json!({ "executionArn": execution })).await;
    assert_eq!(house.used(&execution, 1).await, [":1/1 interrupted"]);
    let house = house.reopened().await;
    assert_eq!(house.used(&execution, 1).await, [":1/1 interrupted"]);
    assert_eq!(house.desk.jobs.load(Ordering::SeqCst), 0, "it is not made again");
}

#[tokio::test]
async fn an_attempt_that_was_cut_off_is_told_of_when_its_time_is_over_before_it_is_made_again() {
    let house = House::new();
    let again = json!([{ "ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1 }]);
    let tries = json!({ "StartAt": "Try", "States": { "Try": { "Type": "Task", "Resource": function("metered"),
        "TimeoutSeconds": 1, "End": true, "Retry": again } } });
    let mut whole = task("metered");
    whole["TimeoutSeconds"] = json!(1);
    let tries = house.start(&house.machine("tries", &tries).await, json!({})).await;
    let whole = house.start(&house.machine("whole", &whole).await, json!({})).await;
    house.until_asked(2).await;
    house.workflows.close().await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let house = house.reopened().await;
    assert_eq!(house.ended(&whole).await["status"], "TIMED_OUT");
    assert_eq!(house.used(&whole, 1).await, [":1/1 interrupted"]);
    assert_eq!(house.ended(&tries).await["error"], "States.Timeout");
    assert_eq!(house.used(&tries, 2).await, [":1/1 interrupted", ":1/2"]);
}

#[tokio::test]
async fn an_attempt_of_which_a_crash_lets_nobody_hear_any_more_is_told_of_once() {
    let house = House::new();
    let stopped = house.start(&house.machine("stopped", &task("metered-late")).await, json!({})).await;
    let failed = house.start(&house.machine("failed", &fails_beside("metered-late")).await, json!({})).await;
    house.until_asked(2).await;
    assert_eq!(house.ended(&failed).await["error"], "Beside");
    house.call("StopExecution", json!({ "executionArn": stopped })).await;
    let after = house.killed();
    for execution in [&stopped, &failed] {
        assert_eq!(after.used(execution, 1).await, [":1/1 interrupted"]);
        assert_eq!(house.used(execution, 1).await, [":1/1"], "it was heard where nothing was killed");
    }
    for file in [&house, &after] {
        assert_eq!(file.number("SELECT count(*) FROM cut_off"), 0);
        assert_eq!(file.workflows.outbox(10).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn an_attempt_that_was_given_up_before_there_was_a_place_for_it_is_told_of() {
    let house = House::new().reopened_with(Settings { tasks_max: 1, ..Settings::default() }).await;
    let first = house.start(&house.machine("first", &task("never")).await, json!({})).await;
    house.until_asked(1).await;
    let second = house.start(&house.machine("second", &task("metered")).await, json!({})).await;
    while house.history(&second).await.len() < 4 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for execution in [&second, &first] {
        house.call("StopExecution", json!({ "executionArn": execution })).await;
    }
    assert_eq!(house.used(&second, 1).await, [":1/1 aborted"]);
}

/// Starts an execution of a new express machine, waits for a moment, and leaves.
async fn left(house: &House, resource: &str) {
    let machine = house.machine_of("EXPRESS", "machine", &task(resource)).await;
    let asked = house.ask("StartSyncExecution", json!({ "stateMachineArn": machine }));
    let answer = tokio::time::timeout(Duration::from_millis(100), asked).await;
    assert!(answer.is_err(), "{answer:?}");
    assert_eq!(house.desk.jobs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_run_whose_caller_has_left_goes_on_to_its_end_and_is_told_of() {
    let house = House::new();
    left(&house, "metered-slow").await;
    let used = house.used("", 1).await;
    assert!(used[0].ends_with(":1/1"), "{used:?}");
}

#[tokio::test]
async fn a_run_whose_caller_has_left_is_given_up_where_there_is_no_room_for_it_or_the_host_stops_and_is_told_of() {
    let house = House::new().reopened_with(idle()).await;
    left(&house, "metered").await;
    let used = house.used("", 1).await;
    assert!(used[0].ends_with(":1/1"), "{used:?}");

    let house = House::new();
    left(&house, "metered").await;
    assert!(house.workflows.outbox(10).await.unwrap().is_empty(), "it goes on");
    let house = house.reopened_with(idle()).await;
    let used = house.used("", 1).await;
    assert!(used.len() == 1 && used[0].ends_with(":1/1"), "{used:?}");
}
