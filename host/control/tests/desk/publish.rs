//! A provider publishes, a consumer subscribes; each step again changes nothing.

use serde_json::{Value, json};

use crate::house::Desk;

pub(crate) fn release(component: &types::Digest) -> Value {
    json!({
        "component": component, "world": "http",
        "routes": [{"method": "GET", "path": "/v1/rates/{country}"}, {"method": "POST", "path": "/v1/numbers"}],
        "objects": [{"name": "pages", "unit": "page", "max_per_call": 10}],
        "limits": {"memory_mib": 16, "wall_ms": 5000},
        "errors": {"unknown-country": 404},
    })
}

pub(crate) fn plan() -> Value {
    json!({
        "name": "PRO", "price": "19", "currency": "EUR",
        "rate": {"count": 5, "window": "second"},
        "quotas": [
            {"object": "requests", "amount": 1000, "per": "month", "limit": "hard"},
            {"object": "pages", "amount": 100, "per": "day", "limit": "soft", "overage": "0.002"},
        ],
        "routes": ["GET /v1/rates/{country}"],
    })
}

#[tokio::test]
async fn every_step_of_a_publish_can_be_repeated() {
    let desk = Desk::open().await;
    let (_, token) = desk.provider("acme").await;
    let component = desk.component().await;
    let steps = [
        ("POST", "/v1/apis", json!({"slug": "vat", "title": "VAT"})),
        ("POST", "/v1/apis/vat/releases", release(&component)),
        ("POST", "/v1/apis/vat/plans", plan()),
        ("PUT", "/v1/apis/vat/live", json!({"release": 1})),
        ("POST", "/v1/apps", json!({"name": "shop"})),
    ];
    for (method, path, body) in &steps {
        let first = desk.ask(&token, method, path, body.clone()).await.expect(201);
        let again = desk.ask(&token, method, path, body.clone()).await.expect(200);
        assert_eq!(first, again, "{method} {path}");
    }
    let api = desk.ask(&token, "GET", "/v1/apis/vat", Value::Null).await.expect(200);
    assert_eq!(api["live"], 1);
    let plans = desk.ask(&token, "GET", "/v1/apis/vat/plans", Value::Null).await.expect(200);
    assert_eq!(plans["items"][0]["price"], "19.00 EUR a month");
    assert_eq!(
        plans["items"][0]["terms"],
        json!([
            "1000 requests monthly, then no more",
            "100 pages daily, then 0.002 EUR each",
            "at most 5 calls a second, 5 at once",
        ])
    );

    let app = desk.ask(&token, "GET", "/v1/apps", Value::Null).await.expect(200)["items"][0]["id"].clone();
    let wish = json!({"app": app, "api": "vat", "plan": "PRO"});
    let made = desk.ask(&token, "POST", "/v1/subscriptions", wish.clone()).await.expect(201);
    let again = desk.ask(&token, "POST", "/v1/subscriptions", wish).await.expect(200);
    assert_eq!(made, again);
}

#[tokio::test]
async fn a_key_is_shown_once_and_a_third_live_one_is_refused() {
    let desk = Desk::open().await;
    let (_, token) = desk.provider("acme").await;
    let app = desk.ask(&token, "POST", "/v1/apps", json!({"name": "shop"})).await.expect(201);
    let path = format!("/v1/apps/{}/keys", app["id"].as_str().unwrap());
    let key = desk.ask(&token, "POST", &path, Value::Null).await.expect(201);
    assert!(key["secret"].as_str().unwrap().starts_with("weir_live_"));
    desk.ask(&token, "POST", &path, json!({})).await.expect(201);
    desk.ask(&token, "POST", &path, json!({})).await.expect_problem(409, "conflict");
    let listed = desk.ask(&token, "GET", &path, Value::Null).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert!(!listed.to_string().contains(key["secret"].as_str().unwrap()));

    let disable = format!("/v1/keys/{}/disable", key["id"].as_str().unwrap());
    let disabled = desk.ask(&token, "POST", &disable, json!({"reason": "leaked"})).await.expect(200);
    assert_eq!(disabled["live"], false);
    desk.ask(&token, "POST", &path, json!({})).await.expect(201);
}

#[tokio::test]
async fn a_list_goes_on_where_the_page_before_ended() {
    let desk = Desk::open().await;
    for name in ["a", "b", "c"] {
        desk.ask(&desk.operator, "POST", "/v1/organisations", json!({"name": name})).await.expect(201);
    }
    let first = desk.ask(&desk.operator, "GET", "/v1/organisations?limit=2", Value::Null).await.expect(200);
    let next = first["next"].as_str().unwrap();
    let path = format!("/v1/organisations?limit=2&after={next}");
    let second = desk.ask(&desk.operator, "GET", &path, Value::Null).await.expect(200);
    assert_eq!(first["items"].as_array().unwrap().len() + second["items"].as_array().unwrap().len(), 3);
    assert!(second.get("next").is_none());
}
