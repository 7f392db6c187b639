//! What a consumer reads of its own, by key: nothing of it is a call, and nothing of it is billed.

use catalog::{Actor, NewKey};
use serde_json::{Value, json};
use tests::Component;
use types::KeyKind;

use crate::host::{Answer, Host, Offer};

async fn ask(host: &Host, path: &str, key: &str) -> Answer {
    host.raw(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\nconnection: close\r\n\r\n")).await
}

async fn read(host: &Host, path: &str, key: &str) -> Value {
    let answer = ask(host, path, key).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_says_what_is_used_and_left_and_what_overage_comes_to() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::priced(1)).await;
    host.open("other", &Component::echo().unwrap(), Offer::default()).await;
    host.house.catalog.set_spend_cap(Actor::Host, shop.subscription, Some(9_000)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(host.post("/echo/a", &shop.key, "").await.status, 200);
    }
    let usage = read(&host, "/-/usage", &shop.key).await;
    let [own] = &usage["subscriptions"].as_array().unwrap()[..] else { panic!("{usage}") };
    assert_eq!((&own["api"], &own["plan"], &own["status"]), (&json!("echo"), &json!("BASIC"), &json!("active")));
    let object = &own["objects"][0];
    assert_eq!(
        (&object["object"], &object["per"], &object["limit"]),
        (&json!("requests"), &json!("month"), &json!("soft"))
    );
    let numbers = ["included", "used", "remaining", "overage"].map(|name| object[name].as_u64().unwrap());
    assert_eq!(numbers, [1, 3, 0, 2]);
    assert!(object["resets_in_s"].as_u64().unwrap() > 86_400, "{object}");
    assert_eq!((&own["spend"]["overage"], &own["spend"]["cap"]), (&json!("0.006 USD"), &json!("0.009 USD")));

    let new = NewKey { app: shop.app, kind: KeyKind::Test, expires_at: None };
    let (_, testing) = host.house.catalog.create_key(Actor::Host, new).await.unwrap();
    host.post("/echo/a", testing.reveal(), "").await;
    let usage = read(&host, "/-/usage", testing.reveal()).await;
    assert_eq!((&usage["test"], &usage["subscriptions"][0]["objects"][0]["used"]), (&json!(true), &json!(1)));
    assert_eq!(host.rows().len(), 4, "asking is no call");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_the_apps_own_page_by_page() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    let other = host.open("other", &Component::echo().unwrap(), Offer::default()).await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(host.post("/echo/a", &shop.key, "").await.header("x-request-id").to_owned());
        host.post("/other/a", &other.key, "").await;
    }
    let first = read(&host, "/-/calls?limit=2", &shop.key).await;
    let ids = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|call| call["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&first), [made[2].clone(), made[1].clone()]);
    assert_eq!((&first["items"][0]["api"], &first["items"][0]["status"]), (&json!("echo"), &json!(200)));
    let path = format!("/-/calls?limit=2&after={}", first["next"].as_str().unwrap());
    let second = read(&host, &path, &shop.key).await;
    assert_eq!(ids(&second), [made[0].clone()]);
    assert!(second.get("next").is_none(), "{second}");
    for wrong in ["limit=0", "limit=101", "limit=x", "app=mine"] {
        let refused = ask(&host, &format!("/-/calls?{wrong}"), &shop.key).await;
        assert_eq!(refused.problem(), (400, "request-invalid".to_owned()), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_has_the_routes_that_the_key_opens_and_no_others() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    host.open("other", &Component::echo().unwrap(), Offer::default()).await;
    let document = read(&host, "/-/openapi.json", &shop.key).await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/echo/fixed/{id}", "/echo/{rest}"]);
    let fixed = &document["paths"]["/echo/fixed/{id}"];
    assert_eq!(fixed.as_object().unwrap().len(), 1);
    assert_eq!(fixed["get"]["parameters"][0]["name"], "id");
    assert_eq!(document["components"]["securitySchemes"]["key"]["name"], "X-API-Key");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_key_reads_nothing_and_who_asks_too_often_waits() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    for path in ["/-/usage", "/-/calls", "/-/openapi.json"] {
        let nobody = host.raw(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await;
        assert_eq!(nobody.problem(), (401, "missing-key".to_owned()), "{path}");
        assert_eq!(host.post(path, &shop.key, "").await.problem(), (405, "method-not-allowed".to_owned()), "{path}");
    }
    let mut refused = None;
    for _ in 0..100 {
        let answer = ask(&host, "/-/openapi.json", &shop.key).await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!(refused.problem(), (429, "rate-limited".to_owned()));
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(host.post("/echo/a", &shop.key, "").await.status, 200, "calls are another matter");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_to_a_key_that_ends_says_when() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    assert_eq!(host.post("/echo/a", &shop.key, "").await.header("weir-key-retires"), "");
    let key = host.house.catalog.snapshot().keys_of(shop.app).next().unwrap().id;
    let end = types::Timestamp::parse("2099-01-02T03:04:05Z").unwrap();
    host.house.catalog.retire_key(Actor::Host, key, end).await.unwrap();
    for path in ["/echo/a", "/echo", "/nothing"] {
        let answer = host.post(path, &shop.key, "").await;
        assert_eq!(answer.header("weir-key-retires"), "Fri, 02 Jan 2099 03:04:05 GMT", "{path}");
    }
}
