//! Routes whose calls start executions, and what becomes of these.

use std::time::Duration;

use serde_json::{Value, json};
use types::Starts;

use crate::host::{Answer, Host, Offer, Shop};
use tests::Component;

/// A machine whose one task calls the component `pay` with the request's body.
fn pays() -> Value {
    let work = json!({ "Type": "Task", "Resource": "component:pay", "InputPath": "$.body", "End": true });
    json!({ "StartAt": "Pay", "States": { "Pay": work } })
}

async fn read(host: &Host, path: &str, key: &str) -> Answer {
    host.raw(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\nconnection: close\r\n\r\n")).await
}

/// Starts an execution, and answers with the place where it can be asked for.
async fn start(host: &Host, slug: &str, shop: &Shop, body: &str) -> String {
    let answer = host.post_json(&format!("/{slug}/a"), &shop.key, body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.header("location").to_owned()
}

/// The execution once it has ended.
async fn ended(host: &Host, place: &str, key: &str) -> Value {
    for _ in 0..500 {
        let answer = read(host, place, key).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let execution: Value = serde_json::from_str(&answer.body).unwrap();
        if execution["status"] != "RUNNING" {
            return execution;
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    panic!("{place} does not end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_starts_an_execution_is_billed_and_asks_for_its_end_later() {
    let host = Host::start().await;
    host.open("pay", &Component::task_echo().unwrap(), Offer::default()).await;
    for (slug, starts) in [("kept", Starts::Standard), ("quick", Starts::Express)] {
        let shop = host.open_machine(slug, &pays(), (Some(starts), Offer::hard(5))).await;
        let place = start(&host, slug, &shop, r#"{"amount": 7}"#).await;
        let row = host.rows().pop().expect("the call is recorded");
        assert_eq!((row.status, row.outcome.as_str(), row.billed), (202, "ok", 1));
        let execution = ended(&host, &place, &shop.key).await;
        assert_eq!((&execution["status"], &execution["output"]), (&json!("SUCCEEDED"), &json!({ "amount": 7 })));
        assert_eq!(place, format!("/-/executions/{}", execution["id"].as_str().unwrap()));
        assert!(execution["ended_at"].is_string() && execution["api"] == slug, "{execution}");
    }
    // Each has made one attempt, which is to be written down.
    let uses = host.workflows.outbox(10).await.unwrap();
    assert_eq!(uses.len(), 2, "{uses:?}");
    assert!(uses.iter().all(|(_, used)| used.contains("\"attempt\":1")), "{uses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_express_run_that_is_waited_for_uses_is_written_down_before_its_answer() {
    let host = Host::start().await;
    host.open("pay", &Component::task_echo().unwrap(), Offer::default()).await;
    let account = host.house.catalog.snapshot().organisation(host.organisation).unwrap().account.clone();
    let caller = workflows::Caller {
        organisation: host.organisation,
        account,
        region: "eu-west-1".to_owned(),
        actor: "host".to_owned(),
    };
    let machine = json!({ "name": "quick", "definition": pays().to_string(), "roleArn": "r", "type": "EXPRESS" });
    let machine = host.workflows.call(&caller, "CreateStateMachine", machine).await.unwrap();
    let start = json!({ "stateMachineArn": machine["stateMachineArn"], "input": r#"{"body": {"amount": 7}}"# });
    let ended = host.workflows.call(&caller, "StartSyncExecution", start).await.unwrap();
    assert_eq!((&ended["status"], &ended["output"]), (&json!("SUCCEEDED"), &json!(r#"{"amount":7}"#)), "{ended}");
    assert_eq!(host.workflows.outbox(10).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_shown_to_the_app_that_started_it_and_to_nobody_else() {
    let host = Host::start().await;
    let pass = json!({ "StartAt": "A", "States": { "A": { "Type": "Wait", "Seconds": 1000, "End": true } } });
    let shop = host.open_machine("kept", &pass, (Some(Starts::Standard), Offer::default())).await;
    let other = host.open_machine("other", &pass, (Some(Starts::Standard), Offer::default())).await;
    let place = start(&host, "kept", &shop, "{}").await;
    let mine = read(&host, &place, &shop.key).await;
    assert!(mine.body.contains("RUNNING"), "{mine:?}");
    for (path, key) in [(&*place, &*other.key), ("/-/executions/nothing", &*shop.key), ("/-/executions/", &*shop.key)] {
        assert_eq!(read(&host, path, key).await.status, 404, "{path}");
    }
    assert_eq!(read(&host, &place, "wk_live_nobody").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_by_name_where_the_release_has_a_status_for_it_and_in_general_otherwise() {
    let host = Host::start().await;
    let fails = |error: &str| {
        let fail = json!({ "Type": "Fail", "Error": error, "Cause": "row 17 of the table cards" });
        json!({ "StartAt": "F", "States": { "F": fail } })
    };
    for (slug, error, told) in [
        (
            "named",
            "CardDeclined",
            json!({ "code": "CardDeclined", "status": 402, "detail": "row 17 of the table cards" }),
        ),
        ("unnamed", "Secret", json!({ "code": "component-failed" })),
    ] {
        let shop = host.open_machine(slug, &fails(error), (Some(Starts::Standard), Offer::default())).await;
        let place = start(&host, slug, &shop, "{}").await;
        let execution = ended(&host, &place, &shop.key).await;
        assert_eq!((&execution["status"], &execution["error"]), (&json!("FAILED"), &told), "{slug}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_comes_too_fast_is_refused_says_when_to_come_back_and_counts_nothing() {
    let one = std::num::NonZeroU32::MIN;
    let starts = Some(workflows::StartRate { per_second: one, burst: one });
    let host = Host::with_executions(workflows::Settings { starts, ..workflows::Settings::default() }).await;
    let pass = json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } });
    let shop = host.open_machine("kept", &pass, (Some(Starts::Standard), Offer::hard(5))).await;
    start(&host, "kept", &shop, "{}").await;
    let refused = host.post_json("/kept/a", &shop.key, "{}").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"), "{refused:?}");
    assert!(refused.body.contains("\"code\":\"rate-limited\""), "{refused:?}");
    let rows: Vec<_> = host.rows().iter().map(|row| (row.status, row.outcome.clone(), row.billed)).collect();
    assert_eq!(rows, [(202, "ok".to_owned(), 1), (429, "refused".to_owned(), 0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_idempotency_key_starts_one_execution() {
    let host = Host::start().await;
    host.open("pay", &Component::task_echo().unwrap(), Offer::default()).await;
    let shop = host.open_machine("kept", &pays(), (Some(Starts::Standard), Offer::hard(5))).await;
    let request = format!(
        "POST /kept/a HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nidempotency-key: order-7\r\ncontent-type: application/json\r\n\
         content-length: 2\r\nconnection: close\r\n\r\n{{}}",
        shop.key
    );
    let (first, second) = (host.raw(&request).await, host.raw(&request).await);
    assert_eq!((first.status, second.status), (202, 202), "{first:?} {second:?}");
    assert_eq!(first.header("location"), second.header("location"));
    ended(&host, first.header("location"), &shop.key).await;
    assert_eq!(host.workflows.outbox(10).await.unwrap().len(), 1, "its task ran once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_that_is_waited_for_starts_an_execution_that_outlives_it() {
    let host = Host::start().await;
    host.open("pay", &Component::task_echo().unwrap(), Offer::default()).await;
    let kept = host.open_machine("kept", &pays(), (Some(Starts::Standard), Offer::default())).await;
    // The machine of a release is there from its first call on.
    start(&host, "kept", &kept, "{}").await;
    let snapshot = host.house.catalog.snapshot();
    let account = &snapshot.organisation(host.organisation).unwrap().account;
    let machine = format!("arn:aws:states:local:{account}:stateMachine:kept");
    let task = json!({
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": true,
        "Parameters": { "StateMachineArn": machine, "Name": "of-the-call", "Input": { "body": { "n": 1 } } },
    });
    let parent = json!({ "StartAt": "Start", "States": { "Start": task } });
    let shop = host.open_workflow("parent", &parent, Offer::default()).await;
    let answer = host.post_json("/parent/a", &shop.key, "{}").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let started: Value = serde_json::from_str(&answer.body).unwrap();
    let expected = format!("arn:aws:states:local:{account}:execution:kept:of-the-call");
    assert_eq!(started["ExecutionArn"], expected);
}
