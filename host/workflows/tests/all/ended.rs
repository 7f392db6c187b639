//! What the outbox says of executions that have ended.

use std::time::Duration;

use serde_json::json;

use crate::house::{House, task};

#[tokio::test]
async fn whatever_ends_an_execution_the_outbox_says_so_once() {
    let house = House::new();
    let mut executions = Vec::new();
    for (name, resource) in [("good", "add-one"), ("bad", "fail"), ("long", "never")] {
        let machine = house.machine(name, &task(resource)).await;
        executions.push(house.start(&machine, json!(1)).await);
    }
    house.call("StopExecution", json!({ "executionArn": executions[2], "error": "Enough" })).await;
    for execution in &executions {
        house.ended(execution).await;
    }
    let all = house.workflows.ended(10).await.unwrap();
    let mut told: Vec<_> = all.iter().filter_map(|(_, ended)| ended.clone()).collect();
    told.sort_by_key(|ended| executions.iter().position(|execution| *execution == ended.execution));
    let lines: Vec<_> =
        told.iter().map(|one| (one.status.as_str(), one.output.as_deref(), one.error.as_deref())).collect();
    let wanted = [("SUCCEEDED", Some("2"), None), ("FAILED", None, Some("Broken")), ("ABORTED", None, Some("Enough"))];
    assert_eq!(lines, wanted);
    assert_eq!((told[0].organisation, &told[0].execution), (house.caller.organisation, &executions[0]));
    assert!(told[0].state_machine.ends_with(":stateMachine:good") && told[0].stopped >= told[0].started);
    house.workflows.told_ended(all[2].0).await.unwrap();
    let house = house.reopened().await;
    assert_eq!(house.workflows.ended(10).await.unwrap(), []);
}

#[tokio::test]
async fn an_execution_that_is_deleted_with_its_machine_blocks_no_other() {
    let house = House::new();
    let machine = house.machine("long", &task("never")).await;
    house.start(&machine, json!(1)).await;
    house.call("DeleteStateMachine", json!({ "stateMachineArn": machine })).await;
    for _ in 0..1_000 {
        let told = house.workflows.ended(10).await.unwrap();
        if let Some((last, _)) = told.last() {
            house.workflows.told_ended(*last).await.unwrap();
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody is told");
}
