//! Everything that can stand still, by the word of its owner and of an operator.

use serde_json::{Value, json};

use crate::access::{request, things_of};
use crate::house::Desk;

/// The paths that suspend and resume.
fn paths() -> impl Iterator<Item = &'static str> {
    let put = control::ROUTES.iter().filter(|(method, path, _)| *method == "PUT" && path.ends_with("/suspension"));
    put.map(|(_, path, _)| *path)
}

#[tokio::test]
async fn an_owner_suspends_and_resumes_what_is_his_and_the_chain_says_why() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let things = things_of(&desk, &acme).await;
    assert_eq!(paths().count(), 6);
    for path in paths() {
        let (filled, _) = request(&things, "PUT", path);
        let told = json!({"reason": "a leak"});
        let suspended = desk.ask(&acme, "PUT", &filled, told.clone()).await.expect(200);
        assert_eq!(suspended["suspended"], json!({"reason": "a leak", "by": "owner"}), "{path}");
        assert_eq!(desk.ask(&acme, "PUT", &filled, told).await.expect(200), suspended, "{path}");
        let thing = filled.trim_end_matches("/suspension");
        assert_eq!(desk.ask(&acme, "GET", thing, Value::Null).await.expect(200), suspended, "{path}");
        let resumed = desk.ask(&acme, "DELETE", &filled, Value::Null).await.expect(200);
        assert!(resumed.get("suspended").is_none(), "{path}");
        desk.ask(&acme, "DELETE", &filled, Value::Null).await.expect(200);
        for wrong in ["", "  ", &"a".repeat(501)] {
            let answer = desk.ask(&acme, "PUT", &filled, json!({"reason": wrong})).await;
            answer.expect_problem(400, "request-invalid");
        }
    }
    let acts = desk.acts();
    for kind in ["api", "release", "plan", "app", "key", "subscription"] {
        let (on, off) = (json!({"suspended": "a leak", "by": "owner"}), json!({"suspended": null, "by": null}));
        let found = |action: &str| acts.iter().filter(|act| act.0 == action).map(|act| (&act.1, &act.2)).collect();
        let suspended: Vec<(&Value, &Value)> = found(&format!("{kind}.suspend"));
        assert_eq!(suspended, [(&off, &on)], "{kind}");
        let resumed: Vec<(&Value, &Value)> = found(&format!("{kind}.resume"));
        assert_eq!(resumed, [(&on, &off)], "{kind}");
    }
}

#[tokio::test]
async fn what_an_operator_has_suspended_no_owner_resumes() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let things = things_of(&desk, &acme).await;
    for path in paths() {
        let (filled, _) = request(&things, "PUT", path);
        desk.ask(&acme, "PUT", &filled, json!({"reason": "a pause"})).await.expect(200);
        let held = desk.ask(&desk.operator, "PUT", &filled, json!({"reason": "abuse"})).await.expect(200);
        assert_eq!(held["suspended"], json!({"reason": "abuse", "by": "operator"}), "{path}");
        desk.ask(&acme, "PUT", &filled, json!({"reason": "mine"})).await.expect_problem(403, "forbidden");
        desk.ask(&acme, "DELETE", &filled, Value::Null).await.expect_problem(403, "forbidden");
        let resumed = desk.ask(&desk.operator, "DELETE", &filled, Value::Null).await.expect(200);
        assert!(resumed.get("suspended").is_none(), "{path}");
    }
}

#[tokio::test]
async fn a_seller_suspends_a_subscription_and_the_one_who_has_it_does_not() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let (_, buyer) = desk.provider("buyer").await;
    things_of(&desk, &acme).await;
    let app = desk.ask(&buyer, "POST", "/v1/apps", json!({"name": "web"})).await.expect(201)["id"].clone();
    let wish = json!({"app": app, "api": "vat", "plan": "PRO"});
    let made = desk.ask(&buyer, "POST", "/v1/subscriptions", wish).await.expect(201);
    let path = format!("/v1/subscriptions/{}/suspension", made["id"].as_str().unwrap());
    desk.ask(&buyer, "PUT", &path, json!({"reason": "mine"})).await.expect_problem(403, "forbidden");
    desk.ask(&acme, "PUT", &path, json!({"reason": "unpaid"})).await.expect(200);
    desk.ask(&buyer, "DELETE", &path, Value::Null).await.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn a_suspended_release_is_not_promoted_and_a_suspended_plan_takes_nobody() {
    let desk = Desk::open().await;
    let (_, acme) = desk.provider("acme").await;
    let things = things_of(&desk, &acme).await;
    let release = "/v1/apis/vat/releases/1/suspension";
    desk.ask(&acme, "PUT", release, json!({"reason": "a fault"})).await.expect(200);
    let live = desk.ask(&acme, "PUT", "/v1/apis/vat/live", json!({"release": 1})).await;
    live.expect_problem(422, "unprocessable");
    assert!(live.json["detail"].as_str().unwrap().contains("a fault"), "{}", live.json);
    let plan = format!("/v1/plans/{}/suspension", things.plan);
    desk.ask(&acme, "PUT", &plan, json!({"reason": "sold out"})).await.expect(200);
    let app = desk.ask(&acme, "POST", "/v1/apps", json!({"name": "second"})).await.expect(201)["id"].clone();
    let wish = json!({"app": app, "api": "vat", "plan": "PRO"});
    let refused = desk.ask(&acme, "POST", "/v1/subscriptions", wish).await;
    refused.expect_problem(422, "unprocessable");
    assert!(refused.json["detail"].as_str().unwrap().contains("sold out"), "{}", refused.json);
}
