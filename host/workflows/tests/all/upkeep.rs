//! What the host does by itself: it goes on after faults of its own, and removes what nothing needs.

use std::time::Duration;

use serde_json::json;
use types::{ByteCount, ManualClock, Timestamp};
use workflows::Settings;

use crate::house::{House, function, task};

#[tokio::test]
async fn an_execution_whose_runner_panics_is_taken_up_again() {
    // The first step is written, the second panics, and all after it are.
    let house = House::new().reopened_with(Settings { panics_at: 1..2, ..Settings::default() }).await;
    let definition = json!({ "StartAt": "First", "States": {
        "First": { "Type": "Task", "Resource": function("add-one"), "Next": "Second" },
        "Second": { "Type": "Task", "Resource": function("add-one"), "End": true } } });
    let ended = house.run(&definition, json!(1)).await;
    assert_eq!(ended["output"], "3", "{ended}");
}

#[tokio::test]
async fn an_execution_whose_runner_always_panics_fails_and_whoever_waits_for_it_is_told() {
    let house = House::new().reopened_with(Settings { panics_at: 0..3, ..Settings::default() }).await;
    let child = house.machine("child", &task("echo")).await;
    let execution = house.start(&child, json!(1)).await;
    let ended = house.ended(&execution).await;
    assert_eq!((&ended["status"], &ended["error"]), (&json!("FAILED"), &json!("States.Runtime")), "{ended}");
    assert_eq!(house.workflows.live(), 0);
    let last = house.history(&execution).await.pop().unwrap();
    assert_eq!((&last["type"], &last["id"]), (&json!("ExecutionFailed"), &json!(2)));
    // It can be begun again, now that the fault is mended.
    house.call("RedriveExecution", json!({ "executionArn": execution })).await;
    assert_eq!(house.ended(&execution).await["output"], "1");
}

#[tokio::test]
async fn a_deletion_that_a_crash_cut_off_is_gone_on_with() {
    let house = House::new();
    let machine = house.machine("machine", &task("never")).await;
    let mut executions = Vec::new();
    for at in 0..3 {
        executions.push(house.start(&machine, json!(at)).await);
    }
    house.workflows.close().await;
    // The first commit of a deletion, and nothing after it.
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let db = rusqlite::Connection::open_with_flags(house.file(), flags).unwrap();
    db.execute("UPDATE machine SET status = 'DELETING'", []).unwrap();
    drop(db);
    let house = house.reopened().await;
    for execution in &executions {
        assert_eq!(house.ended(execution).await["status"], "ABORTED");
    }
}

#[tokio::test]
async fn what_was_deleted_is_forgotten_with_its_last_execution() {
    let (clock, hands) = ManualClock::at(Timestamp::from_micros(1_763_800_000_000_000));
    let house = House::with(clock);
    let gone = house.machine("gone", &task("fail")).await;
    let execution = house.start(&gone, json!(1)).await;
    house.ended(&execution).await;
    // A second definition of a machine that stays: the first is needed no more.
    let stays = house.machine("stays", &task("one")).await;
    let update = json!({ "stateMachineArn": stays, "definition": task("two").to_string() });
    house.call("UpdateStateMachine", update).await;
    house.call("DeleteStateMachine", json!({ "stateMachineArn": gone })).await;
    let counts = || {
        ["machine", "definition", "execution", "frames"].map(|of| house.number(&format!("SELECT count(*) FROM {of}")))
    };
    assert_eq!(counts(), [2, 3, 1, 1]);
    let until = async |expected: [i64; 4]| {
        for _ in 0..600 {
            if counts() == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{:?} and not {expected:?}", counts());
    };
    hands.advance(Duration::from_hours(15 * 24));
    until([2, 2, 1, 0]).await;
    hands.advance(Duration::from_hours(76 * 24));
    until([1, 1, 0, 0]).await;
    assert_eq!(house.describe_machine(&stays).await["definition"], task("two").to_string());
}

impl House {
    async fn describe_machine(&self, arn: &str) -> serde_json::Value {
        self.call("DescribeStateMachine", json!({ "stateMachineArn": arn })).await
    }
}

#[tokio::test]
async fn executions_are_archived_before_they_are_removed_for_their_age_or_for_the_size_of_the_file() {
    for by_size in [false, true] {
        let (clock, hands) = ManualClock::at(Timestamp::from_micros(1_763_800_000_000_000));
        let archive = tempfile::tempdir().unwrap();
        let settings = Settings {
            archive: Some(archive.path().join("executions")),
            bytes_max: by_size.then_some(ByteCount::kib(400)),
            ..Settings::default()
        };
        let house = House::with(clock).reopened_with(settings).await;
        let machine = house.machine("machine", &task("echo")).await;
        let waits = house.machine("waits", &task("never")).await;
        let runs = house.start(&waits, json!("runs")).await;
        let mut executions = Vec::new();
        for at in 0..6 {
            let execution = house.start(&machine, json!([at, "x".repeat(30_000)])).await;
            house.ended(&execution).await;
            executions.push(execution);
            hands.advance(Duration::from_millis(5));
        }
        let before = house.number("SELECT count(*) FROM execution");
        hands.advance(if by_size { Duration::from_mins(11) } else { Duration::from_hours(91 * 24) });
        for _ in 0..600 {
            if house.number("SELECT count(*) FROM execution") < if by_size { before } else { 2 } {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(
            house.refused("DescribeExecution", json!({ "executionArn": executions[0] })).await,
            "ExecutionDoesNotExist"
        );
        assert_eq!(house.describe(&runs).await["status"], "RUNNING", "what runs stays");
        let text = std::fs::read_to_string(archive.path().join("executions/executions-2025-11.jsonl")).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(executions[0].ends_with(lines[0]["name"].as_str().unwrap()), "the oldest first");
        assert_eq!((&lines[0]["status"], &lines[0]["machine"]), (&json!("SUCCEEDED"), &json!("machine")));
        assert_eq!(lines[0]["events"].as_array().map(Vec::len), Some(7));
    }
}
