//! Who is invited makes an organisation of his own, once.

use serde_json::{Value, json};

use crate::house::Desk;

#[tokio::test]
async fn an_invitation_makes_one_organisation_with_an_app_a_key_and_a_token() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    desk.ask(&acme, "POST", "/v1/invitations", json!({})).await.expect_problem(403, "forbidden");
    let made = desk.ask(&desk.operator, "POST", "/v1/invitations", json!({})).await.expect(201);
    let secret = made["secret"].as_str().unwrap();
    let accept = |secret: &str, name: &str| json!({"invitation": secret, "organisation": name, "app": "web"});
    let path = "/v1/invitations/accept";
    desk.ask("", "POST", path, accept(secret, "acme")).await.expect_problem(409, "conflict");
    let guest = desk.ask("", "POST", path, accept(secret, "guest")).await.expect(201);
    assert!(guest["key"]["secret"].as_str().unwrap().starts_with("weir_live_"));
    let token = guest["token"]["secret"].as_str().unwrap();
    let who = desk.ask(token, "GET", "/v1/whoami", Value::Null).await.expect(200);
    assert_eq!((&who["role"], &who["organisation"]["name"]), (&json!("provider"), &json!("guest")));
    let apps = desk.ask(token, "GET", "/v1/apps", Value::Null).await.expect(200);
    assert_eq!(apps["items"], json!([guest["app"]]));
    desk.ask("", "POST", path, accept(secret, "second")).await.expect_problem(403, "forbidden");
    for wrong in ["", "guess", &secret.replace(secret.chars().last().unwrap(), "-")] {
        desk.ask("", "POST", path, accept(wrong, "second")).await.expect_problem(403, "forbidden");
    }
    let listed = desk.ask(&desk.operator, "GET", "/v1/invitations", Value::Null).await.expect(200);
    assert_eq!(listed["items"][0]["organisation"], guest["organisation"]["id"]);
    assert_eq!(listed["items"][0]["live"], false);
    assert!(!listed.to_string().contains(secret));
    let acts = desk.ask(&desk.operator, "GET", "/v1/audit?action=organisation.create", Value::Null).await.expect(200);
    assert_eq!(acts["items"][0]["actor"], made["id"], "the guest acts by his invitation");
}

#[tokio::test]
async fn an_invitation_that_is_revoked_or_over_lets_nobody_in() {
    let desk = Desk::open().await;
    let made = desk.ask(&desk.operator, "POST", "/v1/invitations", json!({})).await.expect(201);
    let path = format!("/v1/invitations/{}", made["id"].as_str().unwrap());
    let revoked = desk.ask(&desk.operator, "DELETE", &path, Value::Null).await.expect(200);
    assert_eq!((&revoked["live"], &revoked["revoked"]), (&json!(false), &json!("revoked")));
    let accept = json!({"invitation": made["secret"], "organisation": "guest", "app": "web"});
    desk.ask("", "POST", "/v1/invitations/accept", accept).await.expect_problem(403, "forbidden");
    let past = json!({"expires_at": "2020-01-01T00:00:00Z"});
    desk.ask(&desk.operator, "POST", "/v1/invitations", past).await.expect_problem(422, "unprocessable");
}
