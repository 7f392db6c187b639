//! A machine that a client of AWS has made, and the requests that its role lets it send.

use serde_json::{Value, json};

use crate::aws::Client;
use crate::host::{HOST_TOML, Place};
use crate::upstream::{NAMES, Upstream, json as answer};

/// Asks `url` with a connection, and ends with what comes back.
fn machine(url: &str) -> Value {
    json!({
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Task",
                "Resource": "arn:aws:states:::http:invoke",
                "Parameters": {
                    "ApiEndpoint": url,
                    "Method": "GET",
                    "Authentication": { "ConnectionArn": "arn:aws:events:eu-west-1:123456789012:connection/rates-key/1" },
                },
                "OutputPath": "$.ResponseBody",
                "End": true,
            },
        },
    })
}

#[test]
fn a_machine_reaches_what_its_role_grants_and_a_denied_one_says_what_to_do() {
    let upstream = Upstream::start(|_, _| answer("200 OK", r#"{"rate":1.25}"#));
    let place = Place::new();
    place.configure(&format!("{HOST_TOML}{}", upstream.egress()));
    std::fs::write(place.data().join("upstream.pem"), &upstream.certificate).unwrap();
    let host = place.start();
    let client = Client::of("acme", &place, &host);
    let there = machine(&format!("https://{}:{}/v1/usd", NAMES[0], upstream.port));
    let denied = |name: &str, told: &[&str]| {
        let ended = client.ended(&client.start(name, &there));
        assert_eq!((&ended["status"], &ended["error"]), (&json!("FAILED"), &json!("States.Permissions")), "{ended}");
        let cause = ended["cause"].as_str().unwrap();
        assert!(told.iter().all(|told| cause.contains(told)), "{told:?} in {cause}");
    };
    denied("before", &[NAMES[0], "the role workflows is not set", "weir workflow roles set workflows"]);

    let file = place.path().join("role.toml");
    let grant = "[[egress]]\nhost = \"*.shop.example\"\nport = PORT\n\n[[secrets]]\nname = \"rates-key\"\nhosts = [\"api.shop.example\"]\n";
    std::fs::write(&file, grant.replace("PORT", &upstream.port.to_string())).unwrap();
    let set = ["workflow", "roles", "set", "workflows", "role.toml", "--organisation", "acme"];
    place.run(&set).expect_failure(&["the secret rates-key is not set", "weir secrets set rates-key"]);
    let connection = r#"{"type": "api-key", "header": "x-api-key", "value": "s3cr3t"}"#;
    place.run_with(connection, &["secrets", "set", "rates-key", "--organisation", "acme"]).expect_success();
    assert!(place.run(&set).expect_success().contains("workflows: set, version 1"));
    let listed = place.run(&["workflow", "roles", "list"]).expect_success();
    assert!(listed.contains("https://*.shop.example") && listed.contains("rates-key"), "{listed}");

    let ended = client.ended(&client.start("after", &there));
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    assert_eq!(serde_json::from_str::<Value>(ended["output"].as_str().unwrap()).unwrap(), json!({ "rate": 1.25 }));
    let asked = upstream.asked();
    assert_eq!(asked.len(), 1, "a denied request does not leave");
    assert!(asked[0].contains("x-api-key: s3cr3t\r\n") && asked[0].contains("idempotency-key: "), "{}", asked[0]);

    std::fs::write(&file, "[[egress]]\nhost = \"elsewhere.example\"\n").unwrap();
    assert!(place.run(&set).expect_success().contains("workflows: set anew, version 2"));
    denied("elsewhere", &[NAMES[0]]);
    place.run(&["workflow", "roles", "rm", "workflows", "--organisation", "acme"]).expect_success();
    denied("removed", &["the role workflows is not set"]);
    assert_eq!(upstream.asked().len(), 1);

    let acts = place.run(&["--json", "audit", "list"]).expect_success();
    assert!(acts.contains("role.set") && acts.contains("role.remove") && acts.contains("elsewhere.example"), "{acts}");
    assert_eq!(host.stop().0, Some(0));
}
