//! Roles of state machines: each organisation has its own, and a grant is checked before it counts.

use serde_json::{Value, json};

use crate::house::Desk;

#[tokio::test]
async fn a_role_is_set_anew_listed_and_removed_by_its_owner_alone() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let (_, other) = desk.provider("other").await;
    let grant = json!({ "allow": [{ "host": "api.example.com" }] });
    let path = "/v1/machine-roles/Orders.v1@eu";
    let made = desk.ask(&acme, "PUT", path, grant.clone()).await.expect(201);
    assert_eq!((&made["name"], &made["version"], &made["allow"]), (&json!("Orders.v1@eu"), &json!(1), &grant["allow"]));
    let again = desk.ask(&acme, "PUT", path, json!({ "allow": [] })).await.expect(200);
    assert_eq!((&again["version"], &again["allow"]), (&json!(2), &json!([])));
    assert_eq!(desk.ask(&other, "GET", "/v1/machine-roles", Value::Null).await.expect(200)["items"], json!([]));
    desk.ask(&other, "DELETE", path, Value::Null).await.expect_problem(404, "not-found");
    desk.ask(&acme, "DELETE", path, Value::Null).await.expect(200);
    desk.ask(&acme, "DELETE", path, Value::Null).await.expect_problem(404, "not-found");
    assert_eq!(desk.ask(&acme, "GET", "/v1/machine-roles", Value::Null).await.expect(200)["items"], json!([]));
    assert_eq!(desk.ask(&acme, "PUT", path, grant).await.expect(201)["version"], 3);
}

#[tokio::test]
async fn a_grant_that_cannot_be_is_refused() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let places: Vec<Value> = (0..33).map(|n| json!({ "host": format!("h{n}.example.com") })).collect();
    let secret = json!([{ "name": "stripe", "hosts": ["api.example.com"] }]);
    let wrong = [
        json!({ "allow": [{ "host": "*" }] }),
        json!({ "allow": [{ "host": "localhost" }] }),
        json!({ "allow": places }),
        json!({ "allow": [{ "host": "api.example.com" }], "secrets": secret }),
        json!({ "allowed": [] }),
        // No body: nobody takes a grant away by leaving it out.
        Value::Null,
    ];
    for grant in wrong {
        let answer = desk.ask(&acme, "PUT", "/v1/machine-roles/orders", grant.clone()).await;
        assert!(answer.status.is_client_error(), "{grant}: {}", answer.json);
    }
    assert_eq!(desk.ask(&acme, "GET", "/v1/machine-roles", Value::Null).await.expect(200)["items"], json!([]));
}
