//! Approvals, as their owners see them and as the page decides them.

use axum::body::Body;
use catalog::{Role, Scope};
use delivery::Ask;
use http::Request;
use serde_json::{Value, json};
use types::OrganisationId;

use crate::house::Desk;

async fn ask(desk: &Desk, organisation: OrganisationId) {
    let execution = "arn:aws:states:eu-west-1:123456789012:execution:m:e".to_owned();
    let input = json!({ "TaskToken": "t", "Title": "Refund", "AskedBy": "Billing" });
    let ask = Ask {
        organisation,
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        invocation: format!("{execution}:1"),
        attempt: 1,
        execution,
        state: "Ask".to_owned(),
        input,
    };
    desk.delivery.ask(ask).await.unwrap();
}

#[tokio::test]
async fn a_link_is_shown_to_who_may_decide_and_to_nobody_else() {
    let desk = Desk::open().await;
    let (owner, acme) = desk.provider("acme").await;
    let (_, foreign) = desk.provider("foreign").await;
    ask(&desk, owner).await;
    let looks = desk.scoped(Role::Provider(owner), Scope::Read).await;
    let seen = desk.ask(&looks, "GET", "/v1/approvals", Value::Null).await.expect(200);
    assert!(seen["items"][0]["title"] == "Refund" && seen["items"][0].get("link").is_none(), "{seen}");
    assert_eq!(desk.ask(&foreign, "GET", "/v1/approvals", Value::Null).await.expect(200)["items"], json!([]));
    // `read` is what the route asks for, and `manage` what the link does.
    let seen = desk.ask(&acme, "GET", "/v1/approvals?status=open", Value::Null).await.expect(200);
    let link = seen["items"][0]["link"].as_str().unwrap().to_owned();

    let post = |kind: &str, body: &str| {
        let request = Request::post(&link).header("content-type", kind.to_owned());
        desk.send(request.body(Body::from(body.to_owned())).unwrap())
    };
    let form = "application/x-www-form-urlencoded";
    assert_eq!(post("application/json", "{}").await.status, 400);
    assert_eq!(post(form, "decision=perhaps&name=Anna").await.status, 400);
    assert_eq!(post(form, &format!("decision=approve&name=Anna&comment={}", "x".repeat(40_000))).await.status, 400);
    let open = desk.ask(&acme, "GET", "/v1/approvals?status=open", Value::Null).await.expect(200);
    assert_eq!(open["items"].as_array().unwrap().len(), 1, "none of these decided");
    assert_eq!(post(form, "decision=reject&name=Anna&comment=no").await.status, 200);
    let seen = desk.ask(&acme, "GET", "/v1/approvals", Value::Null).await.expect(200);
    let one = &seen["items"][0];
    assert_eq!((&one["status"], &one["decided"]["by"], one.get("link")), (&json!("rejected"), &json!("Anna"), None));
}

#[tokio::test]
async fn a_link_that_leads_nowhere_says_no_more_than_that() {
    let desk = Desk::open().await;
    for path in ["/approvals/x", "/approvals/weir_appr_0000000000000000000000000000000000000", "/sign-up/x"] {
        let answer = desk.ask("", "GET", path, Value::Null).await;
        assert_eq!(
            (answer.status.as_u16(), answer.headers["content-type"].to_str().unwrap()),
            (404, "text/html; charset=utf-8")
        );
    }
}
