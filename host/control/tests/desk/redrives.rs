//! Executions that are begun again by the control plane's own routes.

use serde_json::{Value, json};

use crate::house::Desk;

#[tokio::test]
async fn what_did_not_succeed_is_begun_again_one_by_one_or_all_that_fit() {
    let desk = Desk::open().await;
    let (owner, acme) = desk.provider("acme").await;
    let account = desk.catalog.snapshot().organisation(owner).unwrap().account.clone();
    let caller =
        workflows::Caller { organisation: owner, account, region: "eu-west-1".to_owned(), actor: "host".to_owned() };
    let definition = r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Broken"}}}"#;
    let machine = json!({"name": "orders", "definition": definition, "roleArn": "r"});
    let machine = desk.workflows.call(&caller, "CreateStateMachine", machine).await.unwrap();
    for name in ["one", "two"] {
        let start = json!({"stateMachineArn": machine["stateMachineArn"], "name": name});
        desk.workflows.call(&caller, "StartExecution", start).await.unwrap();
    }
    let failed = async || {
        for _ in 0..400 {
            let found = desk.ask(&acme, "GET", "/v1/executions?status=FAILED", Value::Null).await.expect(200);
            if found["items"].as_array().unwrap().len() == 2 {
                return found["items"][0]["arn"].as_str().unwrap().to_owned();
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("they do not fail");
    };
    let arn = failed().await;
    desk.ask(&acme, "POST", &format!("/v1/executions/{arn}/redrive"), Value::Null).await.expect(200);
    failed().await;
    let all = desk.ask(&acme, "POST", "/v1/executions/redrive", json!({"machine": "orders"})).await.expect(200);
    assert_eq!(all["redriven"].as_array().unwrap().len(), 2, "{all}");
    failed().await;
    // One by itself and two together, each an act of the token that asked.
    let acts = desk.workflows.acts(100).await.unwrap();
    let whoami = desk.ask(&acme, "GET", "/v1/whoami", Value::Null).await.expect(200);
    let (of, did) = (format!("\"actor\":{}", whoami["token"]), "\"action\":\"execution.redrive\"");
    assert_eq!(acts.iter().filter(|(_, act)| act.contains(&of) && act.contains(did)).count(), 3, "{acts:?}");
    let none = desk.ask(&acme, "POST", "/v1/executions/redrive", json!({"machine": "other"})).await.expect(200);
    assert_eq!((&none["redriven"], &none["refused"]), (&json!([]), &json!([])));
    let wrong = desk.ask(&acme, "POST", "/v1/executions/redrive", json!({"status": "SUCCEEDED"})).await;
    wrong.expect_problem(400, "request-invalid");
}
