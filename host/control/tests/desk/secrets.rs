//! Secrets: they go in, are listed by name, and nothing gives them back.

use serde_json::{Value, json};

use crate::house::Desk;
use crate::publish::release;

const VALUE: &str = "sk_live_never_shown";

#[tokio::test]
async fn a_secret_is_set_listed_and_removed_and_its_value_never_comes_back() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let made = desk.ask(&acme, "PUT", "/v1/secrets/stripe", json!({"value": VALUE})).await.expect(201);
    assert_eq!((made["name"].as_str(), made["version"].as_u64()), (Some("stripe"), Some(1)));
    let again = desk.ask(&acme, "PUT", "/v1/secrets/stripe", json!({"value": "other"})).await.expect(200);
    assert_eq!(again["version"], 2);
    let listed = desk.ask(&acme, "GET", "/v1/secrets", Value::Null).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    for document in [&made, &again, &listed] {
        assert!(!document.to_string().contains("sk_live") && document.get("value").is_none(), "{document}");
    }
    desk.ask(&acme, "DELETE", "/v1/secrets/stripe", Value::Null).await.expect(200);
    assert_eq!(desk.ask(&acme, "GET", "/v1/secrets", Value::Null).await.expect(200)["items"], json!([]));
    desk.ask(&acme, "DELETE", "/v1/secrets/stripe", Value::Null).await.expect_problem(404, "not-found");
    let anew = desk.ask(&acme, "PUT", "/v1/secrets/stripe", json!({"value": "third"})).await.expect(201);
    assert_eq!(anew["version"], 3);
}

#[tokio::test]
async fn a_value_is_in_no_file_of_the_house() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    desk.ask(&acme, "PUT", "/v1/secrets/stripe", json!({"value": VALUE})).await.expect(201);
    let mut read = 0;
    for entry in std::fs::read_dir(desk.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(VALUE.len()).any(|part| part == VALUE.as_bytes()), "{}", path.display());
            read += 1;
        }
    }
    assert!(read >= 4, "{read} files");
}

#[tokio::test]
async fn what_no_header_can_carry_is_refused() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let long = "x".repeat(8_193);
    for value in ["", " stray", "two\nlines", "\u{e9}", long.as_str()] {
        let answer = desk.ask(&acme, "PUT", "/v1/secrets/stripe", json!({"value": value})).await;
        assert!(answer.status.is_client_error(), "{value:?}: {}", answer.json);
        assert!(value.len() < 3 || !answer.json.to_string().contains(value), "{}", answer.json);
    }
    desk.ask(&acme, "PUT", "/v1/secrets/No", json!({"value": "x"})).await.expect_problem(400, "request-invalid");
}

#[tokio::test]
async fn a_release_is_granted_places_and_secrets_that_are_there() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    desk.ask(&acme, "POST", "/v1/apis", json!({"slug": "vat", "title": "VAT"})).await.expect(201);
    let mut wanted = release(&desk.component().await);
    wanted["grants"] = json!(["config"]);
    wanted["egress"] = json!({
        "allow": [{ "host": "api.stripe.com", "methods": ["POST"], "path": "/v1" }],
        "secrets": [{ "name": "stripe", "hosts": ["api.stripe.com"] }],
    });
    let answer = desk.ask(&acme, "POST", "/v1/apis/vat/releases", wanted.clone()).await;
    assert!(answer.json["detail"].as_str().unwrap().contains("weir secrets set stripe"), "{}", answer.json);
    desk.ask(&acme, "PUT", "/v1/secrets/stripe", json!({"value": VALUE})).await.expect(201);
    let made = desk.ask(&acme, "POST", "/v1/apis/vat/releases", wanted.clone()).await.expect(201);
    assert_eq!(made["egress"], json!(["POST https://api.stripe.com/v1"]));
    assert_eq!(made["secrets"], json!(["stripe"]));
    desk.ask(&acme, "POST", "/v1/apis/vat/releases", wanted.clone()).await.expect(200);

    let refused = [
        (json!({ "allow": [{ "host": "*" }] }), "operator"),
        (json!({ "allow": [{ "host": "localhost" }] }), "localhost"),
        (json!({ "secrets": [{ "name": "stripe", "hosts": ["api.stripe.com"] }] }), "may be reached over https"),
        (
            json!({
                "allow": [{ "host": "api.stripe.com", "scheme": "http" }],
                "secrets": [{ "name": "stripe", "hosts": ["api.stripe.com"] }],
            }),
            "may be reached over https",
        ),
    ];
    for (egress, why) in refused {
        wanted["egress"] = egress;
        let answer = desk.ask(&acme, "POST", "/v1/apis/vat/releases", wanted.clone()).await;
        assert!(answer.status.is_client_error() && answer.json.to_string().contains(why), "{why}: {}", answer.json);
    }
}
