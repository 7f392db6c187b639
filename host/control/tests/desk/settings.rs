//! What is set later: which releases serve, what a subscription may spend, keys for trying out.

use serde_json::{Value, json};

use crate::house::Desk;
use crate::publish::{plan, release};

/// A desk with the API `vat` of `acme` in two releases, the first of them live; and acme's token.
async fn with_two_releases() -> (Desk, String) {
    let desk = Desk::open().await;
    let (_, token) = desk.provider("acme").await;
    let component = desk.component().await;
    desk.ask(&token, "POST", "/v1/apis", json!({"slug": "vat", "title": "VAT"})).await.expect(201);
    let mut second = release(&component);
    second["limits"]["wall_ms"] = json!(4000);
    for release in [release(&component), second] {
        desk.ask(&token, "POST", "/v1/apis/vat/releases", release).await.expect(201);
    }
    desk.ask(&token, "POST", "/v1/apis/vat/plans", plan()).await.expect(201);
    desk.ask(&token, "PUT", "/v1/apis/vat/live", json!({"release": 1})).await.expect(201);
    (desk, token)
}

#[tokio::test]
async fn a_release_takes_a_share_of_the_calls_then_all_of_them() {
    let (desk, token) = with_two_releases().await;
    let live = async |body: Value| desk.ask(&token, "PUT", "/v1/apis/vat/live", body).await;
    let shared = live(json!({"release": 2, "weight": 10})).await.expect(201);
    assert_eq!(shared["live"], 1);
    assert_eq!(shared["serving"], json!([{"release": 1, "weight": 90}, {"release": 2, "weight": 10}]));
    assert_eq!(live(json!({"release": 2, "weight": 10})).await.expect(200), shared);
    let more = live(json!({"release": 2, "weight": 60})).await.expect(201);
    assert_eq!(more["live"], 2);
    let alone = live(json!({"release": 2})).await.expect(201);
    assert_eq!((&alone["live"], alone.get("serving")), (&json!(2), None));
    live(json!({"release": 2})).await.expect(200);
}

#[tokio::test]
async fn a_share_that_cannot_be_is_refused() {
    let (desk, token) = with_two_releases().await;
    let live = async |body: Value| desk.ask(&token, "PUT", "/v1/apis/vat/live", body).await;
    live(json!({"release": 1, "weight": 10})).await.expect_problem(422, "unprocessable");
    live(json!({"release": 2, "weight": 0})).await.expect_problem(400, "request-invalid");
    live(json!({"release": 2, "weight": 101})).await.expect_problem(400, "request-invalid");
    live(json!({"release": 3, "weight": 10})).await.expect_problem(404, "not-found");
    let api = desk.ask(&token, "GET", "/v1/apis/vat", Value::Null).await.expect(200);
    assert_eq!(api["live"], 1);
}

#[tokio::test]
async fn a_consumer_caps_what_overage_may_cost_and_the_seller_does_not() {
    let (desk, seller) = with_two_releases().await;
    let (_, token) = desk.provider("shop").await;
    let app = desk.ask(&token, "POST", "/v1/apps", json!({"name": "web"})).await.expect(201)["id"].clone();
    let wish = json!({"app": app, "api": "vat", "plan": "PRO"});
    let made = desk.ask(&token, "POST", "/v1/subscriptions", wish.clone()).await.expect(201);
    assert!(made.get("spend_cap").is_none());
    let path = format!("/v1/subscriptions/{}/spend-cap", made["id"].as_str().unwrap());
    let capped = desk.ask(&token, "PUT", &path, json!({"amount": "12.5"})).await.expect(200);
    assert_eq!(capped["spend_cap"], "12.50 EUR");
    let again = desk.ask(&token, "POST", "/v1/subscriptions", wish).await.expect(200);
    assert_eq!(again["spend_cap"], "12.50 EUR", "subscribing again leaves it");
    for wrong in ["-1", "much", "0.0000001"] {
        desk.ask(&token, "PUT", &path, json!({"amount": wrong})).await.expect_problem(400, "request-invalid");
    }
    desk.ask(&seller, "PUT", &path, json!({"amount": "0"})).await.expect_problem(404, "not-found");
    let lifted = desk.ask(&token, "PUT", &path, json!({"amount": null})).await.expect(200);
    assert!(lifted.get("spend_cap").is_none());
}

#[tokio::test]
async fn an_app_has_test_keys_beside_its_live_ones() {
    let desk = Desk::open().await;
    let (_, token) = desk.provider("acme").await;
    let app = desk.ask(&token, "POST", "/v1/apps", json!({"name": "shop"})).await.expect(201);
    let path = format!("/v1/apps/{}/keys", app["id"].as_str().unwrap());
    for _ in 0..2 {
        desk.ask(&token, "POST", &path, Value::Null).await.expect(201);
        let key = desk.ask(&token, "POST", &path, json!({"test": true})).await.expect(201);
        assert!(key["secret"].as_str().unwrap().starts_with("weir_test_"));
    }
    desk.ask(&token, "POST", &path, json!({"test": true})).await.expect_problem(409, "conflict");
    let listed = desk.ask(&token, "GET", &path, Value::Null).await.expect(200);
    let is_test = |key: &&Value| key["prefix"].as_str().unwrap().starts_with("weir_test_");
    assert_eq!(listed["items"].as_array().unwrap().iter().filter(is_test).count(), 2);
}
