//! What goes wrong with the disk: nothing that was acknowledged is lost, and what could not be written is tried again.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use types::Clock;
use workflows::Settings;

use crate::house::{House, function, task};

#[tokio::test]
async fn a_full_disk_refuses_what_is_new_and_holds_up_what_runs_until_there_is_room() {
    let house = House::new();
    let definition = json!({ "StartAt": "First", "States": {
        "First": { "Type": "Task", "Resource": function("slow"), "Next": "Second" },
        "Second": { "Type": "Task", "Resource": function("add-one"), "End": true } } });
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!(1)).await;
    // No page more than there are.
    house.workflows.statement("PRAGMA max_page_count = 1").await.unwrap();
    let large = json!({ "stateMachineArn": machine, "input": json!("x".repeat(200_000)).to_string() });
    assert_eq!(house.refused("StartExecution", large.clone()).await, "InternalFailure");
    tokio::time::sleep(Duration::from_millis(100)).await;
    house.workflows.statement("PRAGMA max_page_count = 4294967294").await.unwrap();
    assert_eq!(house.ended(&execution).await["output"], "2");
    let started = house.call("StartExecution", large).await;
    assert_eq!(house.ended(started["executionArn"].as_str().unwrap()).await["status"], "SUCCEEDED");
    let counts = house.number("SELECT count(*) FROM execution");
    assert_eq!(counts, 2, "what was refused is not there");
}

#[tokio::test]
async fn a_step_that_cannot_be_written_is_written_when_that_is_possible_again() {
    let house = House::new();
    let machine = house.machine("machine", &task("slow")).await;
    // No row moves on while this is there.
    house
        .workflows
        .statement(
            "CREATE TEMP TRIGGER faulty BEFORE UPDATE ON main.execution BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END",
        )
        .await
        .unwrap();
    let execution = house.start(&machine, json!(1)).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(house.describe(&execution).await["status"], "RUNNING");
    assert_eq!(house.desk.jobs.load(Ordering::SeqCst), 0, "no task begins before its step is on disk");
    house.workflows.statement("DROP TRIGGER temp.faulty").await.unwrap();
    assert_eq!(house.ended(&execution).await["output"], "1");
    assert_eq!(house.desk.jobs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_commit_that_fails_acknowledges_nothing_and_loses_nothing() {
    let house = House::new();
    let machine = house.machine("machine", &task("slow")).await;
    let execution = house.start(&machine, json!(1)).await;
    // Each transaction that touches an execution is refused by COMMIT itself while these are there.
    let faults = "CREATE TABLE faulty(x INTEGER REFERENCES definition DEFERRABLE INITIALLY DEFERRED);
        CREATE TRIGGER fails_late AFTER UPDATE ON execution BEGIN INSERT INTO faulty VALUES (-1); END;
        CREATE TRIGGER fails_new AFTER INSERT ON execution BEGIN INSERT INTO faulty VALUES (-1); END";
    // They may share a commit with a step, and fail with it.
    while house.workflows.statement(faults).await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let body = json!({ "stateMachineArn": machine, "name": "refused" });
    assert_eq!(house.refused("StartExecution", body.clone()).await, "InternalFailure");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(house.describe(&execution).await["status"], "RUNNING");
    // It may share a commit with what fails.
    while house.workflows.statement("DROP TRIGGER fails_late; DROP TRIGGER fails_new").await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(house.ended(&execution).await["output"], "1");
    assert_eq!(house.number("SELECT count(*) FROM execution"), 1, "what was refused is not there");
    house.call("StartExecution", body).await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_log_that_is_cut_anywhere_after_it() {
    let house = House::new();
    let machine = house.machine("machine", &task("add-one")).await;
    let mut acknowledged = Vec::new();
    for at in 0..8 {
        let execution = house.start(&machine, json!(at)).await;
        // What the log held when the answer came was forced to disk.
        acknowledged.push((execution, house.log_bytes()));
    }
    for (execution, _) in &acknowledged {
        house.ended(execution).await;
    }
    let whole = house.log_bytes();
    for (count, (_, bytes)) in acknowledged.iter().enumerate() {
        // The power fails: of what came after it something is there, to the middle of a page.
        for cut in [*bytes, bytes + 1_000, (bytes + whole) / 2 + 77] {
            let folder = house.copied(cut.min(whole));
            let again = House::open(folder, house.caller.clone(), Clock::system(), Settings::default());
            for (at, (execution, _)) in acknowledged.iter().enumerate().take(count + 1) {
                assert_eq!(again.ended(execution).await["output"], (at + 1).to_string(), "cut at {cut} of {whole}");
            }
            again.workflows.close().await;
        }
    }
}
