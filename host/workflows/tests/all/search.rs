//! Executions that are looked for.

use std::time::Duration;

use serde_json::json;
use workflows::Search;

use crate::house::{House, task};

fn all(house: &House) -> Search {
    Search {
        organisation: house.caller.organisation,
        region: None,
        machine: None,
        status: None,
        name: None,
        since: None,
        until: None,
        before: None,
        most: 100,
    }
}

#[tokio::test]
async fn executions_are_found_by_machine_status_name_and_time_and_page_by_page() {
    let house = House::new();
    let pass = json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } });
    let (quick, failing) = (house.machine("quick", &pass).await, house.machine("failing", &task("fail")).await);
    let mut all_of = Vec::new();
    for (machine, name) in [(&quick, "order-1"), (&quick, "order-2"), (&failing, "order-3"), (&quick, "other")] {
        let body = json!({ "stateMachineArn": machine, "name": name });
        let arn = house.call("StartExecution", body).await["executionArn"].as_str().unwrap().to_owned();
        house.ended(&arn).await;
        all_of.insert(0, arn);
    }
    let found = async |search: Search| {
        let (found, next) = house.workflows.search(search).await.unwrap();
        (found.into_iter().map(|one| one.arn).collect::<Vec<_>>(), next)
    };
    assert_eq!(found(all(&house)).await, (all_of.clone(), None));
    let failed = Search { status: Some("FAILED".to_owned()), ..all(&house) };
    assert_eq!(found(failed).await.0, all_of[1..2]);
    let of_machine = Search { machine: Some("failing".to_owned()), ..all(&house) };
    assert_eq!(found(of_machine).await.0, all_of[1..2]);
    let named = Search { name: Some("order-".to_owned()), ..all(&house) };
    assert_eq!(found(named).await.0, all_of[1..]);
    let elsewhere = Search { region: Some("eu-central-1".to_owned()), ..all(&house) };
    assert_eq!(found(elsewhere).await.0, Vec::<String>::new());
    let now = house.clock.now();
    assert_eq!(found(Search { since: Some(now), ..all(&house) }).await.0, Vec::<String>::new());
    assert_eq!(found(Search { until: Some(now), ..all(&house) }).await.0, all_of);
    let (first, next) = found(Search { most: 3, ..all(&house) }).await;
    assert_eq!(first, all_of[..3]);
    assert_eq!(found(Search { before: next, ..all(&house) }).await, (all_of[3..].to_vec(), None));
    let stranger = Search { organisation: types::OrganisationId::from_u128(7), ..all(&house) };
    assert_eq!(found(stranger).await.0, Vec::<String>::new());
}

#[tokio::test]
async fn one_execution_is_shown_to_its_organisation_alone_and_counted_while_it_runs() {
    let house = House::new();
    let machine = house.machine("waits", &task("never")).await;
    let arn = house.start(&machine, json!({ "n": 1 })).await;
    let own = house.caller.organisation;
    let detail = house.workflows.execution(own, &arn).await.unwrap().expect("it is there");
    assert_eq!((&*detail.summary.status, &*detail.input, detail.output), ("RUNNING", "{\"n\":1}", None));
    assert_eq!(house.workflows.counts().await.unwrap().running, 1);
    let stranger = types::OrganisationId::from_u128(7);
    assert_eq!(house.workflows.execution(stranger, &arn).await.unwrap(), None);
    for wrong in ["", "arn:aws:states:eu-west-1:123456789012:execution:waits:other", &machine] {
        assert_eq!(house.workflows.execution(own, wrong).await.unwrap(), None, "{wrong}");
    }
    house.call("StopExecution", json!({ "executionArn": arn, "error": "Enough" })).await;
    let detail = house.workflows.execution(own, &arn).await.unwrap().expect("it is there");
    assert_eq!((&*detail.summary.status, detail.error.as_deref()), ("ABORTED", Some("Enough")));
    let counts = house.workflows.counts().await.unwrap();
    assert_eq!((counts.running, counts.started.operation, counts.ended.aborted), (0, 1, 1));
    assert_eq!((counts.late, counts.ended.succeeded + counts.ended.failed), (Duration::ZERO, 0));
}
