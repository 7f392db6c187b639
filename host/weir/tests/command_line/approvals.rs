//! An execution that asks a person, from its start over HTTP to the page and on to its end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::aws::Client;
use crate::host::Place;

/// A machine that asks, and goes on as it is told.
fn machine() -> Value {
    json!({
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Task",
                "Resource": "arn:aws:states:::approval:request.waitForTaskToken",
                "Parameters": {
                    "TaskToken.$": "$$.Task.Token",
                    "Title": "Refund <b>900 €</b>",
                    "Question": "The customer waits.",
                    "Details": { "note": "<script>alert(1)</script>" },
                    "AskedBy": "Billing & co",
                },
                "Catch": [{ "ErrorEquals": ["Approval.Rejected"], "Next": "No" }],
                "End": true,
            },
            "No": { "Type": "Fail", "Error": "NoRefund", "CausePath": "$.Cause" },
        },
    })
}

/// A browser without script.
struct Browser(ureq::Agent);

impl Browser {
    fn new() -> Self {
        Self(ureq::Agent::config_builder().http_status_as_error(false).build().into())
    }

    fn open(&self, url: &str) -> (u16, http::HeaderMap, String) {
        let mut answer = self.0.get(url).call().unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), answer.headers().clone(), text)
    }

    fn send(&self, url: &str, form: &[(&str, &str)]) -> (u16, String) {
        let mut answer = self.0.post(url).send_form(form.iter().copied()).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), text)
    }
}

/// The link of the only open approval, once there is one.
fn link(place: &Place) -> String {
    for _ in 0..500 {
        let said = place.run(&["--json", "workflow", "approvals"]).expect_success();
        let page: Value = serde_json::from_str(&said).unwrap();
        if let Some(link) = page["items"][0]["link"].as_str() {
            assert_eq!(page["items"].as_array().unwrap().len(), 1);
            return link.to_owned();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("nobody is asked");
}

#[test]
fn an_execution_waits_for_a_person_and_goes_on_as_he_decides() {
    let place = Place::new();
    let host = place.start();
    let (client, browser) = (Client::of("acme", &place, &host), Browser::new());
    let execution = client.start("ask", &machine());
    let url = link(&place);
    assert!(url.starts_with(host.up["control"].as_str().unwrap()), "{url}");

    // Looking decides nothing, however often.
    for _ in 0..2 {
        let (status, headers, page) = browser.open(&url);
        assert_eq!(status, 200);
        assert!(page.contains("Refund &lt;b&gt;900 €&lt;/b&gt;") && page.contains("Billing &amp; co"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script"), "{page}");
        assert!(page.contains("<meta name=\"viewport\"") && page.contains("value=\"approve\""), "{page}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(headers.get_all("content-type").iter().collect::<Vec<_>>(), ["text/html; charset=utf-8"]);
        assert!(headers["referrer-policy"] == "no-referrer" && headers["cache-control"] == "no-store");
    }
    let now = client.call("DescribeExecution", &json!({ "executionArn": execution }));
    assert_eq!(now["status"], "RUNNING");
    let (status, page) = browser.send(&url, &[("decision", "approve"), ("name", " "), ("comment", "<i>ok</i>")]);
    assert!(status == 400 && page.contains("say who you are") && page.contains("&lt;i&gt;ok"), "{page}");

    let (status, page) = browser.send(&url, &[("decision", "approve"), ("name", "Anna"), ("comment", "ok")]);
    assert!(status == 200 && page.contains("Approved") && page.contains("Anna"), "{page}");
    let ended = client.ended(&execution);
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    let output: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&output["decision"], &output["decidedBy"], &output["comment"]),
        (&json!("approved"), &json!("Anna"), &json!("ok"))
    );
    // The link decides once.
    let (_, page) = browser.send(&url, &[("decision", "reject"), ("name", "Eve"), ("comment", "")]);
    assert!(page.contains("Approved") && !page.contains("Eve"), "{page}");

    let acts = place.run(&["audit", "list"]).expect_success();
    assert!(acts.contains("approval.ask") && acts.contains("approval.approve"), "{acts}");
    place.run(&["audit", "verify"]).expect_success();
    assert!(place.run(&["workflow", "approvals", "--all"]).expect_success().contains("Anna"));
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn a_rejection_is_an_error_that_a_catch_can_match_and_a_restart_forgets_nothing() {
    let place = Place::new();
    let host = place.start();
    let client = Client::of("acme", &place, &host);
    let execution = client.start("ask", &machine());
    link(&place);
    host.stop();
    let host = place.start();
    let url = link(&place);
    let browser = Browser::new();
    let (status, _) = browser.send(&url, &[("decision", "reject"), ("name", "Bo"), ("comment", "too much")]);
    assert_eq!(status, 200);
    let client = client.again(&host);
    let ended = client.ended(&execution);
    assert_eq!((&ended["status"], &ended["error"]), (&json!("FAILED"), &json!("NoRefund")), "{ended}");
    assert!(ended["cause"].as_str().unwrap().contains("too much"), "{ended}");
    let (status, _, page) = browser.open(&url.replace("weir_appr_", "weir_appr_x"));
    assert!(status == 404 && page.contains("nothing here"), "{page}");
}

#[test]
fn an_execution_that_is_stopped_is_not_asked_about_any_more() {
    let place = Place::new();
    let host = place.start();
    let client = Client::of("acme", &place, &host);
    let execution = client.start("ask", &machine());
    let url = link(&place);
    client.call("StopExecution", &json!({ "executionArn": execution }));
    for _ in 0..500 {
        let (_, _, page) = Browser::new().open(&url);
        if page.contains("not asked any more") {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it is still asked");
}
