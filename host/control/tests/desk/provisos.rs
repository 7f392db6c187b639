//! Nobody overwrites what he has not seen, and nothing is made twice.

use serde_json::{Value, json};

use crate::access::things_of;
use crate::house::Desk;
use crate::publish::plan;

async fn tag(desk: &Desk, token: &str, path: &str) -> String {
    let answer = desk.ask(token, "GET", path, Value::Null).await;
    answer.headers["etag"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_change_of_what_was_changed_meanwhile_is_refused() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let things = things_of(&desk, &acme).await;
    let seen = tag(&desk, &acme, "/v1/apis/vat").await;
    let live = ("PUT", "/v1/apis/vat/live", json!({"release": 1}));
    let dearer = {
        let mut plan = plan();
        plan["price"] = json!("29");
        ("POST", "/v1/apis/vat/plans", plan)
    };
    let stop = ("PUT", "/v1/apis/vat/suspension", json!({"reason": "a pause"}));
    let goes = ("DELETE", "/v1/apis/vat/suspension", Value::Null);
    for (method, path, body) in [&live, &dearer, &stop, &goes] {
        let unconditional = desk.ask_with((&acme, method, path), &[], body).await;
        unconditional.expect_problem(428, "precondition-required");
        for other in ["\"99\"", "\"of another host\"", "W/\"0\"", ""] {
            let other = desk.ask_with((&acme, method, path), &[("if-match", other)], body).await;
            other.expect_problem(412, "precondition-failed");
        }
        let torn = desk.ask_with((&acme, method, path), &[("if-match", "99")], body).await;
        torn.expect_problem(412, "precondition-failed");
    }
    let both = format!("\"7\", {seen}");
    desk.ask_with((&acme, dearer.0, dearer.1), &[("if-match", &both)], &dearer.2).await.expect(201);
    let stale = desk.ask_with((&acme, stop.0, stop.1), &[("if-match", &seen)], &stop.2).await;
    stale.expect_problem(412, "precondition-failed");
    let seen = tag(&desk, &acme, "/v1/apis/vat").await;
    let stopped = desk.ask_with((&acme, stop.0, stop.1), &[("if-match", &seen)], &stop.2).await;
    let now = stopped.headers["etag"].to_str().unwrap().to_owned();
    assert_ne!(now, seen);
    desk.ask_with((&acme, goes.0, goes.1), &[("if-match", &now)], &goes.2).await.expect(200);

    for path in [format!("/v1/apps/{}", things.app), format!("/v1/organisations/{}", things.organisation)] {
        let seen = tag(&desk, &acme, &path).await;
        let rename = json!({"name": "another"});
        desk.ask_with((&acme, "PATCH", &path), &[("if-match", &seen)], &rename).await.expect(200);
        let stale = desk.ask_with((&acme, "PATCH", &path), &[("if-match", &seen)], &json!({"name": "third"})).await;
        stale.expect_problem(412, "precondition-failed");
    }
}

#[tokio::test]
async fn a_request_with_an_idempotency_key_makes_one_thing_however_often_it_comes() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let app = desk.ask(&acme, "POST", "/v1/apps", json!({"name": "shop"})).await.expect(201);
    let keys = format!("/v1/apps/{}/keys", app["id"].as_str().unwrap());
    let once = [("idempotency-key", "\"8e03978e-40d5\"")];
    let made = desk.ask_with((&acme, "POST", &keys), &once, &json!({})).await.expect(201);
    let again = desk.ask_with((&acme, "POST", &keys), &[("idempotency-key", "8e03978e-40d5")], &json!({})).await;
    again.expect_problem(409, "idempotency-conflict");
    assert!(again.json["detail"].as_str().unwrap().contains(made["id"].as_str().unwrap()), "{}", again.json);
    let other = desk.ask_with((&acme, "POST", &keys), &once, &json!({"test": true})).await;
    other.expect_problem(422, "idempotency-mismatch");
    let listed = desk.ask(&acme, "GET", &keys, Value::Null).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let token = json!({"role": "provider"});
    let another = [("idempotency-key", "two")];
    desk.ask_with((&acme, "POST", "/v1/tokens"), &another, &token).await.expect(201);
    let again = desk.ask_with((&acme, "POST", "/v1/tokens"), &another, &token).await;
    again.expect_problem(409, "idempotency-conflict");
    // Another author's key of the same name is another key.
    let operators = json!({"role": "operator"});
    desk.ask_with((&desk.operator, "POST", "/v1/tokens"), &another, &operators).await.expect(201);
    let long = "a".repeat(256);
    let long = desk.ask_with((&acme, "POST", &keys), &[("idempotency-key", &long)], &json!({})).await;
    long.expect_problem(400, "request-invalid");
}

#[tokio::test]
async fn what_is_not_named_in_a_change_stays() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let hosts = json!({"slug": "vat", "title": "VAT", "hosts": ["vat.example.com"]});
    desk.ask(&acme, "POST", "/v1/apis", hosts).await.expect(201);
    let changed = desk.ask(&acme, "PATCH", "/v1/apis/vat", json!({"title": "Taxes"})).await.expect(200);
    assert_eq!((&changed["title"], &changed["hosts"]), (&json!("Taxes"), &json!(["vat.example.com"])));
    let changed = desk.ask(&acme, "PATCH", "/v1/apis/vat", json!({"hosts": []})).await.expect(200);
    assert_eq!((&changed["title"], &changed["hosts"]), (&json!("Taxes"), &json!([])));
}

#[tokio::test]
async fn a_cancelled_subscription_ends_with_its_period_unless_it_is_taken_again() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let things = things_of(&desk, &acme).await;
    let path = format!("/v1/subscriptions/{}/cancel", things.subscription);
    let cancelled = desk.ask(&acme, "POST", &path, Value::Null).await.expect(200);
    assert_eq!(cancelled["status"], "canceled");
    let end = cancelled["cancel_at"].clone();
    assert!(end.as_str() > cancelled["anchor"].as_str(), "{cancelled}");
    assert_eq!(desk.ask(&acme, "POST", &path, json!({})).await.expect(200)["cancel_at"], end);
    let wish = json!({"app": things.app, "api": "vat", "plan": "PRO"});
    let kept = desk.ask(&acme, "POST", "/v1/subscriptions", wish.clone()).await.expect(200);
    assert_eq!((&kept["status"], kept.get("cancel_at")), (&json!("active"), None));
    let ended = desk.ask(&acme, "POST", &path, json!({"at": "now"})).await.expect(200);
    assert_eq!(ended["status"], "ended");
    let kept = desk.ask(&acme, "POST", "/v1/subscriptions", wish).await.expect(200);
    assert_eq!((&kept["id"], &kept["status"]), (&json!(things.subscription), &json!("active")));
}

#[tokio::test]
async fn the_acts_are_listed_by_whom_what_and_when_page_by_page() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let things = things_of(&desk, &acme).await;
    let ask = async |query: &str| {
        let path = format!("/v1/audit{query}");
        desk.ask(&desk.operator, "GET", &path, Value::Null).await.expect(200)
    };
    let all = ask("").await["items"].as_array().unwrap().len();
    let first = ask("?limit=3").await;
    let next = first["next"].as_str().unwrap();
    let rest = ask(&format!("?after={next}")).await;
    assert_eq!(rest["items"].as_array().unwrap().len() + 3, all);
    let keys = ask("?action=key.create").await;
    assert_eq!(keys["items"][0]["subject"], json!(things.key));
    assert_eq!(keys["items"][0]["after"]["app"], json!(things.app));
    assert!(keys["items"][0].get("before").is_none(), "{keys}");
    assert_eq!(ask(&format!("?subject={}", things.key)).await["items"], keys["items"]);
    assert_eq!(ask("?until=2020-01-01T00:00:00Z").await["items"], json!([]));
    assert_eq!(
        ask("?actor=host&since=2020-01-01T00:00:00Z").await["items"].as_array().unwrap().last().unwrap()["actor"],
        "host"
    );
}
