//! What is done by people, as the audit chain is told.

use schedules::NewSchedule;
use serde_json::{Value, json};
use types::{Act, Fact, OutboxId};
use workflows::Owner;

use crate::house::{ACCOUNT, ACTOR, House, ROLE, task, text};

/// The acts that nobody has been told of.
async fn acts(house: &House) -> Vec<Act> {
    let rows = house.workflows.acts(1_000).await.unwrap();
    let read = |(_, body): (i64, String)| match serde_json::from_str::<(OutboxId, Fact)>(&body).unwrap() {
        (_, Fact::Act(act)) => act,
        (_, other) => panic!("{other:?}"),
    };
    rows.into_iter().map(read).collect()
}

fn json_of(text: Option<&String>) -> Value {
    text.map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
}

#[tokio::test]
async fn whatever_is_done_to_a_machine_is_an_act_of_who_did_it() {
    let house = House::new();
    let arn = house.machine("orders", &task("echo")).await;
    // The same again changes nothing, and is no act.
    house.machine("orders", &task("echo")).await;
    let (arn, one) = (json!(arn), json!(1));
    let of = |members: Value| {
        let mut body = members;
        body["stateMachineArn"] = arn.clone();
        body
    };
    house.call("UpdateStateMachine", of(json!({ "definition": task("add-one").to_string() }))).await;
    let first = text(&house.call("PublishStateMachineVersion", of(json!({}))).await, "stateMachineVersionArn");
    house.call("UpdateStateMachine", of(json!({ "roleArn": "other", "publish": true }))).await;
    let route = json!([{ "stateMachineVersionArn": first, "weight": 100 }]);
    let alias = json!({ "name": "live", "routingConfiguration": route, "description": "for Anna" });
    let alias = text(&house.call("CreateStateMachineAlias", alias).await, "stateMachineAliasArn");
    house.call("UpdateStateMachineAlias", json!({ "stateMachineAliasArn": alias, "description": "for Bo" })).await;
    let tags = json!({ "resourceArn": arn, "tags": [{ "key": "owner", "value": "Anna" }] });
    house.call("TagResource", tags.clone()).await;
    house.call("TagResource", tags).await;
    house.call("UntagResource", json!({ "resourceArn": arn, "tagKeys": ["owner"] })).await;
    house.call("DeleteStateMachineAlias", json!({ "stateMachineAliasArn": alias })).await;
    house.call("DeleteStateMachineVersion", json!({ "stateMachineVersionArn": first })).await;
    house.call("DeleteStateMachine", json!({ "stateMachineArn": arn })).await;
    house.call("DeleteStateMachine", json!({ "stateMachineArn": arn })).await;

    let acts = acts(&house).await;
    let actions: Vec<&str> = acts.iter().map(|act| act.action.as_str()).collect();
    let wanted = [
        "machine.create",
        "machine.change",
        "version.publish",
        "machine.change",
        "version.publish",
        "alias.create",
        "alias.change",
        "machine.tag",
        "machine.tag",
        "alias.delete",
        "version.delete",
        "machine.delete",
    ];
    assert_eq!(actions, wanted);
    assert!(acts.iter().all(|act| act.actor == ACTOR && act.subject.starts_with("arn:aws:states:")));
    let (before, after) = (json_of(acts[1].before.as_ref()), json_of(acts[1].after.as_ref()));
    assert_eq!(json_of(acts[0].after.as_ref())["definition_sha256"], before["definition_sha256"]);
    assert_ne!(after["definition_sha256"], before["definition_sha256"]);
    assert_eq!((&acts[2].subject, &after["role_arn"]), (&first, &json!(ROLE)));
    assert!(acts[0].before.is_none() && acts[11].after.is_none() && acts[5].subject == alias);
    let all = format!("{acts:?}");
    assert!(!all.contains("Anna") && !all.contains("Bo"), "{all}");
    assert_eq!(json_of(acts[5].after.as_ref())["version"], one);
}

#[tokio::test]
async fn stopping_and_beginning_again_are_acts_and_starting_is_none() {
    let house = House::new();
    let machine = house.machine("orders", &task("never")).await;
    let execution = house.start(&machine, json!(1)).await;
    let stop = json!({ "executionArn": execution, "error": "Enough", "cause": "Anna has cancelled" });
    house.call("StopExecution", stop.clone()).await;
    house.call("StopExecution", stop).await;
    house.call("RedriveExecution", json!({ "executionArn": execution, "clientToken": "once" })).await;
    house.call("RedriveExecution", json!({ "executionArn": execution, "clientToken": "once" })).await;
    let acts = acts(&house).await;
    let [_, stopped, redriven] = &acts[..] else { panic!("{acts:?}") };
    assert_eq!((&*stopped.action, &stopped.subject), ("execution.stop", &execution));
    let after = json!({ "status": "ABORTED", "error": "Enough", "executions": 1 });
    assert_eq!(
        (json_of(stopped.before.as_ref())["status"].clone(), json_of(stopped.after.as_ref())),
        (json!("RUNNING"), after)
    );
    assert_eq!((&*redriven.action, &redriven.subject), ("execution.redrive", &execution));
    assert_eq!(json_of(redriven.before.as_ref()), json!({ "status": "ABORTED", "redrives": 0 }));
    assert_eq!(json_of(redriven.after.as_ref()), json!({ "status": "RUNNING", "redrives": 1 }));
}

#[tokio::test]
async fn what_was_told_is_forgotten_and_what_was_not_outlives_a_restart() {
    let house = House::new();
    let machine = house.machine("orders", &task("echo")).await;
    let owner = Owner { organisation: house.caller.organisation, account: ACCOUNT.to_owned() };
    let schedule = |expression: &str| NewSchedule {
        name: "report".to_owned(),
        machine: machine.clone(),
        input: "{}".to_owned(),
        expression: expression.to_owned(),
        zone: "UTC".to_owned(),
        is_enabled: true,
    };
    for expression in ["rate(1 day)", "rate(1 day)", "rate(2 days)"] {
        house.workflows.put_schedule("tok_b".to_owned(), &owner, schedule(expression), None).await.unwrap();
    }
    let rows = house.workflows.acts(1).await.unwrap();
    house.workflows.told_acts(rows[0].0).await.unwrap();
    let house = house.reopened().await;
    house.workflows.delete_schedule("tok_c".to_owned(), owner.organisation, "report".to_owned()).await.unwrap();
    let acts = acts(&house).await;
    let lines: Vec<(&str, &str)> = acts.iter().map(|act| (&*act.actor, &*act.action)).collect();
    assert_eq!(lines, [("tok_b", "schedule.create"), ("tok_b", "schedule.change"), ("tok_c", "schedule.delete")]);
    assert_eq!(acts[0].subject, format!("{}/report", owner.organisation));
    assert_eq!(json_of(acts[1].before.as_ref())["expression"], "rate(1 day)");
    assert_eq!(acts[1].after, acts[2].before);
}
