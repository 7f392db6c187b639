//! Executions of machines that somebody else keeps.

use asl::MachineKind;
use serde_json::json;
use workflows::{Begin, Owner, REGION};

use crate::house::{ACCOUNT, House};

fn begin(house: &House, name: &str, result: &str) -> Begin {
    let definition = json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "Result": result, "End": true } } });
    Begin {
        owner: Owner { organisation: house.caller.organisation, account: ACCOUNT.to_owned() },
        machine: "orders".to_owned(),
        kind: MachineKind::Standard,
        definition: definition.to_string().into(),
        name: name.to_owned(),
        input: "{}".to_owned(),
        seed: 7,
        origin: "mine".to_owned(),
    }
}

fn local() -> House {
    let mut house = House::new();
    REGION.clone_into(&mut house.caller.region);
    house
}

#[tokio::test]
async fn an_execution_that_was_begun_is_one_however_often_and_says_where_it_comes_from() {
    let house = local();
    for _ in 0..2 {
        house.workflows.begin(begin(&house, "one", "first")).await.unwrap();
    }
    let list = json!({ "stateMachineArn": format!("arn:aws:states:local:{ACCOUNT}:stateMachine:orders") });
    let listed = house.call("ListExecutions", list).await;
    assert_eq!(listed["executions"].as_array().unwrap().len(), 1);
    let arn = format!("arn:aws:states:local:{ACCOUNT}:execution:orders:one");
    let ended = house.ended(&arn).await;
    assert_eq!((&ended["status"], &ended["output"]), (&json!("SUCCEEDED"), &json!("\"first\"")));
    let begun = house.workflows.begun("one".to_owned()).await.unwrap().expect("it is kept");
    assert_eq!((&*begun.origin, &*begun.status, begun.output.as_deref()), ("mine", "SUCCEEDED", Some("\"first\"")));
    assert_eq!(house.workflows.begun("two".to_owned()).await.unwrap(), None);
}

#[tokio::test]
async fn a_machine_follows_the_definition_that_it_is_begun_with_and_nobody_changes_it_by_an_operation() {
    let house = local();
    for (name, result) in [("one", "first"), ("two", "second")] {
        house.workflows.begin(begin(&house, name, result)).await.unwrap();
        let arn = format!("arn:aws:states:local:{ACCOUNT}:execution:orders:{name}");
        assert_eq!(house.ended(&arn).await["output"], format!("\"{result}\""));
    }
    let machine = format!("arn:aws:states:local:{ACCOUNT}:stateMachine:orders");
    for (operation, body) in [
        ("DeleteStateMachine", json!({ "stateMachineArn": machine })),
        ("UpdateStateMachine", json!({ "stateMachineArn": machine, "roleArn": "r" })),
        ("CreateStateMachine", json!({ "name": "mine", "definition": "{}", "roleArn": "r" })),
    ] {
        assert_eq!(house.refused(operation, body).await, "ValidationException", "{operation}");
    }
}
