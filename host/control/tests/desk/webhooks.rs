//! Webhooks and deliveries, as their owners and operators see them.

use serde_json::{Value, json};

use crate::house::Desk;

const URL: &str = "https://hooks.example.com/weir?key=hidden";

#[tokio::test]
async fn a_webhook_shows_its_secret_when_it_is_drawn_and_never_again() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let new = json!({"url": URL, "events": ["execution.failed"]});
    let made = desk.ask(&acme, "POST", "/v1/webhooks", new).await.expect(201);
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_") && made["enabled"] == true);
    let again = desk.ask(&acme, "POST", "/v1/webhooks", json!({"url": URL, "events": ["*"]})).await.expect(200);
    assert_eq!((&again["id"], again.get("secret"), &again["events"]), (&made["id"], None, &json!(["*"])));
    let at = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    assert!(desk.ask(&acme, "GET", &at, Value::Null).await.expect(200).get("secret").is_none());
    let listed = desk.ask(&acme, "GET", "/v1/webhooks", Value::Null).await.expect(200);
    assert!(listed["items"][0]["id"] == made["id"] && listed["items"][0].get("secret").is_none());
    let rotated = desk.ask(&acme, "POST", &format!("{at}/rotate"), json!({})).await.expect(200);
    assert!(rotated["secret"] != made["secret"] && rotated["former_secret_until"].is_string());
    desk.ask(&acme, "DELETE", &at, Value::Null).await.expect(200);
    desk.ask(&acme, "GET", &at, Value::Null).await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn a_webhook_of_an_app_belongs_to_who_has_the_app() {
    let desk = Desk::open().await;
    let ((acme, token), (_, foreign)) = (desk.provider("acme").await, desk.provider("foreign").await);
    let app = desk.ask(&token, "POST", "/v1/apps", json!({"name": "shop"})).await.expect(201);
    let new = json!({"url": URL, "events": ["*"], "app": app["id"]});
    let made = desk.ask(&token, "POST", "/v1/webhooks", new.clone()).await.expect(201);
    assert_eq!((&made["app"], &made["organisation"]), (&app["id"], &json!(acme)));
    // The same URL is another webhook for the organisation itself.
    let own = desk.ask(&token, "POST", "/v1/webhooks", json!({"url": URL, "events": ["*"]})).await.expect(201);
    assert!(own["id"] != made["id"] && own.get("app").is_none());
    let of_app = format!("/v1/webhooks?app={}", app["id"].as_str().unwrap());
    let listed = desk.ask(&token, "GET", &of_app, Value::Null).await.expect(200);
    assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["id"]), (1, &made["id"]));
    desk.ask(&foreign, "POST", "/v1/webhooks", new.clone()).await.expect_problem(404, "not-found");
    desk.ask(&foreign, "GET", &of_app, Value::Null).await.expect_problem(404, "not-found");
    let mut elsewhere = new;
    elsewhere["organisation"] = json!("foreign");
    desk.ask(&desk.operator, "POST", "/v1/webhooks", elsewhere).await.expect_problem(400, "request-invalid");
}

#[tokio::test]
async fn nobody_overwrites_a_webhook_that_he_has_not_seen() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let made = desk.ask(&acme, "POST", "/v1/webhooks", json!({"url": URL, "events": ["*"]})).await.expect(201);
    let at = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    let seen = desk.ask(&acme, "GET", &at, Value::Null).await;
    let tag = seen.headers["etag"].to_str().unwrap().to_owned();
    let change = |tag: String, enabled: bool| {
        let (desk, acme, at) = (&desk, &acme, &at);
        async move {
            let headers = [("content-type", "application/json"), ("if-match", tag.as_str())];
            desk.ask_with((acme, "PATCH", at), &headers, &json!({"enabled": enabled})).await
        }
    };
    let changed = change(tag.clone(), false).await;
    assert_ne!(changed.headers["etag"].to_str().unwrap(), tag);
    assert!(changed.expect(200)["disabled"].as_str().unwrap().ends_with("by its owner"));
    change(tag, true).await.expect_problem(412, "precondition-failed");
}

#[tokio::test]
async fn what_is_no_place_for_a_webhook_is_refused_by_its_field() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let (unfit, invalid) = ((422, "unprocessable"), (400, "request-invalid"));
    for (body, field, (status, code)) in [
        (json!({"url": "http://hooks.example.com/", "events": ["*"]}), "/url", unfit),
        (json!({"url": "https://localhost/", "events": ["*"]}), "/url", unfit),
        (json!({"url": "https://10.0.0.1/", "events": ["*"]}), "/url", unfit),
        (json!({"url": URL, "events": ["execution.exploded"]}), "/events", unfit),
        (json!({"url": URL, "events": []}), "/events", invalid),
        (json!({"url": URL, "events": ["*"], "description": "x".repeat(201)}), "/description", invalid),
    ] {
        let answer = desk.ask(&acme, "POST", "/v1/webhooks", body).await;
        answer.expect_problem(status, code);
        assert_eq!(answer.json["errors"][0]["pointer"], field, "{}", answer.json);
    }
}

#[tokio::test]
async fn a_test_is_a_delivery_that_its_owner_and_operators_see() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let (_, foreign) = desk.provider("foreign").await;
    let made = desk.ask(&acme, "POST", "/v1/webhooks", json!({"url": URL, "events": ["*"]})).await.expect(201);
    let at = format!("/v1/webhooks/{}/test", made["id"].as_str().unwrap());
    let sent = desk.ask(&acme, "POST", &at, Value::Null).await.expect(201);
    assert_eq!((&sent["kind"], &sent["webhook"]), (&json!("ping"), &made["id"]));
    let one = format!("/v1/deliveries/{}", sent["id"].as_str().unwrap());
    for token in [&acme, &desk.operator] {
        let listed = desk.ask(token, "GET", "/v1/deliveries?status=waiting", Value::Null).await.expect(200);
        assert_eq!(listed["items"][0]["id"], sent["id"]);
        assert!(desk.ask(token, "GET", &one, Value::Null).await.expect(200)["history"].is_array());
    }
    assert_eq!(desk.ask(&acme, "GET", "/v1/deliveries?status=dead", Value::Null).await.expect(200)["items"], json!([]));
    desk.ask(&foreign, "GET", &one, Value::Null).await.expect_problem(404, "not-found");
    desk.ask(&acme, "POST", &format!("{one}/redeliver"), Value::Null).await.expect_problem(409, "conflict");
    let acts = desk.delivery.acts(10).await.unwrap();
    assert!(!format!("{acts:?}").contains("hidden"), "{acts:?}");
}
