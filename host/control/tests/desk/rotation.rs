//! Tokens and keys are replaced without a gap, and give away no more than they have.

use serde_json::{Value, json};
use types::Clock;

use crate::house::Desk;

fn in_millis(millis: u64) -> String {
    Clock::system().now().after(std::time::Duration::from_millis(millis)).to_string()
}

#[tokio::test]
async fn a_token_and_its_successor_open_the_same_until_the_old_one_retires() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let old = desk.ask(&acme, "POST", "/v1/tokens", json!({"role": "provider", "scopes": ["read"]})).await.expect(201);
    let path = format!("/v1/tokens/{}/rotate", old["id"].as_str().unwrap());
    let new = desk.ask(&acme, "POST", &path, json!({"retire_at": in_millis(3_600_000)})).await.expect(201);
    assert_eq!(new["scopes"], json!(["read"]));
    for token in [&old, &new] {
        let who = desk.ask(token["secret"].as_str().unwrap(), "GET", "/v1/whoami", Value::Null).await.expect(200);
        assert_eq!(who["scopes"], json!(["read"]));
    }
    let path = format!("/v1/tokens/{}", old["id"].as_str().unwrap());
    let entry = desk.ask(&acme, "GET", &path, Value::Null).await.expect(200);
    assert!(entry["expires_at"].is_string() && entry["live"] == true, "{entry}");
    let revoked = desk.ask(&acme, "DELETE", &format!("{path}?reason=a%20leak"), Value::Null).await.expect(200);
    assert_eq!((&revoked["live"], &revoked["disabled"]), (&json!(false), &json!("a leak")));
    desk.ask(old["secret"].as_str().unwrap(), "GET", "/v1/whoami", Value::Null)
        .await
        .expect_problem(401, "unauthorised");
    desk.ask(new["secret"].as_str().unwrap(), "GET", "/v1/whoami", Value::Null).await.expect(200);
    let shown = desk.ask(&acme, "GET", "/v1/tokens", Value::Null).await.expect(200).to_string();
    assert!(!shown.contains(new["secret"].as_str().unwrap()));
}

#[tokio::test]
async fn a_token_that_is_revoked_is_gone_but_for_who_asks_for_those_that_are() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let made = desk.ask(&acme, "POST", "/v1/tokens", json!({"role": "provider"})).await.expect(201);
    let path = format!("/v1/tokens/{}", made["id"].as_str().unwrap());
    desk.ask(&acme, "GET", &path, Value::Null).await.expect(200);
    desk.ask(&acme, "DELETE", &path, Value::Null).await.expect(200);
    desk.ask(&acme, "GET", &path, Value::Null).await.expect_problem(404, "not-found");
    desk.ask(&acme, "DELETE", &path, Value::Null).await.expect_problem(404, "not-found");
    desk.ask(&acme, "POST", &format!("{path}/rotate"), json!({})).await.expect_problem(404, "not-found");
    let listed = async |query: &str| {
        let page = desk.ask(&acme, "GET", &format!("/v1/tokens{query}"), Value::Null).await.expect(200);
        let found = page["items"].as_array().unwrap().iter().find(|token| token["id"] == made["id"]).cloned();
        found.map(|token| token["disabled"].clone())
    };
    assert_eq!(listed("").await, None);
    assert_eq!(listed("?revoked=true").await, Some(json!("revoked")));
}

#[tokio::test]
async fn a_token_whose_time_is_over_opens_nothing() {
    let desk = Desk::open().await;
    let new = json!({"role": "operator", "expires_at": in_millis(300)});
    let made = desk.ask(&desk.operator, "POST", "/v1/tokens", new).await.expect(201);
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    let secret = made["secret"].as_str().unwrap();
    desk.ask(secret, "GET", "/v1/whoami", Value::Null).await.expect_problem(401, "unauthorised");
    let past = json!({"role": "operator", "expires_at": "2020-01-01T00:00:00Z"});
    desk.ask(&desk.operator, "POST", "/v1/tokens", past).await.expect_problem(422, "unprocessable");
}

#[tokio::test]
async fn a_token_makes_and_rotates_none_that_may_do_more() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let whole = desk.ask(&acme, "POST", "/v1/tokens", json!({"role": "provider"})).await.expect(201);
    assert_eq!(whole["scopes"], json!(["read", "publish", "manage"]));
    let less = json!({"role": "provider", "scopes": ["manage"]});
    let managing = desk.ask(&acme, "POST", "/v1/tokens", less).await.expect(201);
    let managing = managing["secret"].as_str().unwrap();
    let more = json!({"role": "provider", "scopes": ["manage", "publish"]});
    desk.ask(managing, "POST", "/v1/tokens", more).await.expect_problem(403, "forbidden");
    let path = format!("/v1/tokens/{}/rotate", whole["id"].as_str().unwrap());
    desk.ask(managing, "POST", &path, json!({})).await.expect_problem(403, "forbidden");
    let own = desk.ask(managing, "POST", "/v1/tokens", json!({"role": "provider"})).await.expect(201);
    assert_eq!(own["scopes"], json!(["manage"]));
    let none = json!({"role": "provider", "scopes": []});
    desk.ask(&acme, "POST", "/v1/tokens", none).await.expect_problem(400, "request-invalid");
    desk.ask(&acme, "POST", "/v1/tokens", json!({"role": "operator"})).await.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn a_key_is_rolled_beside_its_successor_and_a_third_waits() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let app = desk.ask(&acme, "POST", "/v1/apps", json!({"name": "shop"})).await.expect(201);
    let keys = format!("/v1/apps/{}/keys", app["id"].as_str().unwrap());
    let old = desk.ask(&acme, "POST", &keys, json!({"test": true})).await.expect(201);
    let rotate = format!("/v1/keys/{}/rotate", old["id"].as_str().unwrap());
    let new = desk.ask(&acme, "POST", &rotate, json!({})).await.expect(201);
    assert!(new["secret"].as_str().unwrap().starts_with("weir_test_"), "a test key's successor is one");
    let shown = desk.ask(&acme, "GET", &rotate.replace("/rotate", ""), Value::Null).await.expect(200);
    assert!(shown["expires_at"].is_string() && shown["live"] == true, "{shown}");
    let again = format!("/v1/keys/{}/rotate", new["id"].as_str().unwrap());
    desk.ask(&acme, "POST", &again, json!({})).await.expect_problem(409, "conflict");
    let sooner = json!({"expires_at": in_millis(60_000)});
    let shown = desk.ask(&acme, "PATCH", &rotate.replace("/rotate", ""), sooner.clone()).await.expect(200);
    assert_eq!(shown["expires_at"], sooner["expires_at"]);
    let past = json!({"retire_at": "2020-01-01T00:00:00Z"});
    desk.ask(&acme, "POST", &again, past).await.expect_problem(422, "unprocessable");
}
