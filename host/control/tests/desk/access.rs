//! Who may do what: every route without a token, and with that of a provider whom the things do not belong to.

use serde_json::{Value, json};

use crate::house::Desk;
use crate::publish::{plan, release};

/// Ids of things that belong to `acme`.
struct Things {
    digest: String,
    app: String,
    key: String,
    subscription: String,
}

async fn things_of(desk: &Desk, token: &str) -> Things {
    let component = desk.component().await;
    desk.ask(token, "POST", "/v1/apis", json!({"slug": "vat", "title": "VAT"})).await.expect(201);
    desk.ask(token, "POST", "/v1/apis/vat/releases", release(&component)).await.expect(201);
    desk.ask(token, "POST", "/v1/apis/vat/plans", plan()).await.expect(201);
    desk.ask(token, "PUT", "/v1/apis/vat/live", json!({"release": 1})).await.expect(201);
    let app = desk.ask(token, "POST", "/v1/apps", json!({"name": "shop"})).await.expect(201);
    let app = app["id"].as_str().unwrap().to_owned();
    let key = desk.ask(token, "POST", &format!("/v1/apps/{app}/keys"), Value::Null).await.expect(201);
    let wish = json!({"app": app, "api": "vat", "plan": "PRO"});
    let subscription = desk.ask(token, "POST", "/v1/subscriptions", wish).await.expect(201);
    Things {
        digest: component.to_string(),
        key: key["id"].as_str().unwrap().to_owned(),
        subscription: subscription["id"].as_str().unwrap().to_owned(),
        app,
    }
}

/// The path with the ids of these things, and a body that the route would take from their owner.
fn request(things: &Things, method: &str, path: &str) -> (String, Value) {
    let filled = path
        .replace("{slug}", "vat")
        .replace("{digest}", &things.digest)
        .replace("{app}", &things.app)
        .replace("{key}", &things.key)
        .replace("{subscription}", &things.subscription)
        .replace("{name}", "mail")
        .replace("{call}", "call_01JD3W0000000000000000000A");
    let body = match (method, path) {
        ("POST", "/v1/organisations") => json!({"name": "other"}),
        ("POST", "/v1/tokens") => json!({"role": "operator"}),
        ("POST", "/v1/apis") => json!({"slug": "vat", "title": "Mine", "organisation": "acme"}),
        ("PUT", "/v1/apis/{slug}/live") => json!({"release": 1}),
        ("POST", "/v1/apis/{slug}/releases") => release(&things.digest.parse().unwrap()),
        ("POST", "/v1/apis/{slug}/plans") => plan(),
        ("PUT", "/v1/secrets/{name}") => json!({"value": "hidden", "organisation": "acme"}),
        ("POST", "/v1/apps") => json!({"name": "shop", "organisation": "acme"}),
        ("POST", "/v1/apps/{app}/keys") => json!({}),
        ("POST", "/v1/keys/{key}/disable") => json!({"reason": "mine"}),
        ("POST", "/v1/subscriptions") => json!({"app": things.app, "api": "vat", "plan": "PRO"}),
        ("PUT", "/v1/subscriptions/{subscription}/spend-cap") => json!({"amount": "0"}),
        _ => Value::Null,
    };
    match path {
        "/v1/usage" => (format!("{filled}?subscription={}", things.subscription), body),
        "/v1/secrets/{name}" if method == "DELETE" => (format!("{filled}?organisation=acme"), body),
        "/v1/calls" => (format!("{filled}?api=vat"), body),
        _ => (filled, body),
    }
}

#[tokio::test]
async fn no_route_under_v1_answers_without_a_token() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let things = things_of(&desk, &acme).await;
    for (method, path) in control::ROUTES.iter().filter(|(_, path)| path.starts_with("/v1/")) {
        let (filled, body) = request(&things, method, path);
        for token in ["", "weir_ctrl_0000000000000000000000000000000000000", things.key.as_str()] {
            let answer = desk.ask(token, method, &filled, body.clone()).await;
            answer.expect_problem(401, "unauthorised");
            assert!(answer.headers.contains_key("www-authenticate"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_foreign_provider_sees_and_changes_nothing_of_another() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let (_, foreign) = desk.provider("foreign").await;
    let things = things_of(&desk, &acme).await;
    for (method, path) in control::ROUTES.iter().filter(|(_, path)| path.starts_with("/v1/")) {
        let (filled, body) = request(&things, method, path);
        let answer = desk.ask(&foreign, method, &filled, body).await;
        let name = format!("{method} {path}");
        match (*method, *path) {
            ("GET", "/v1/whoami") => {
                assert_eq!(answer.expect(200)["organisation"]["name"], "foreign");
            }
            ("GET", "/v1/organisations") => {
                assert!(!answer.expect(200).to_string().contains("acme"), "{name}");
            }
            ("GET", "/v1/apis" | "/v1/apps" | "/v1/secrets" | "/v1/subscriptions") => {
                assert_eq!(answer.expect(200)["items"], json!([]), "{name}");
            }
            ("GET", "/v1/calls/{call}/logs") => assert_eq!(answer.expect(200)["lines"], json!([]), "{name}"),
            ("GET", "/v1/calls/{call}/trace") => assert_eq!(answer.expect(200)["states"], json!([]), "{name}"),
            ("POST", "/v1/organisations" | "/v1/tokens")
            | ("GET", "/v1/calls" | "/v1/audit/verify" | "/v1/reconcile" | "/v1/host") => {
                answer.expect_problem(403, "forbidden");
            }
            // Anybody may upload, and the bytes of the path's digest were not sent.
            ("PUT", "/v1/components/{digest}") => answer.expect_problem(400, "request-invalid"),
            _ => answer.expect_problem(404, "not-found"),
        }
    }
}

#[tokio::test]
async fn an_operator_reaches_every_route() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let things = things_of(&desk, &acme).await;
    for (method, path) in control::ROUTES {
        let (filled, body) = request(&things, method, path);
        let answer = desk.ask(&desk.operator, method, &filled, body).await;
        let told = answer.status.is_success() || *path == "/v1/components/{digest}";
        assert!(told, "{method} {path}: {} {}", answer.status, answer.json);
    }
}

#[tokio::test]
async fn a_slug_of_another_organisation_is_taken() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let (_, foreign) = desk.provider("foreign").await;
    desk.ask(&acme, "POST", "/v1/apis", json!({"slug": "vat", "title": "VAT"})).await.expect(201);
    let answer = desk.ask(&foreign, "POST", "/v1/apis", json!({"slug": "vat", "title": "VAT"})).await;
    answer.expect_problem(409, "conflict");
}
