//! A workflow that sends requests, from its project to what the other side is asked and what the call's row says.

use serde_json::{Value, json};

use crate::host::{HOST_TOML, Place};
use crate::upstream::{NAMES, Upstream, json as answer};

const PROJECT: &str = r#"
[api]
slug = "rates"
title = "Rates"
[workflow]
definition = "rates.asl.json"
[[egress]]
host = "*.shop.example"
port = PORT
[[secrets]]
name = "rates-key"
hosts = ["api.shop.example", "other.shop.example"]
[errors]
"States.Http.StatusCode.422" = 422
[[routes]]
method = "POST"
path = "/{what}"
[[plans]]
name = "BASIC"
quotas = [{ object = "requests", amount = 100, per = "month", limit = "hard" }]
"#;

/// The connection's document.
const CONNECTION: &str = r#"{"type": "api-key", "header": "x-api-key", "value": "s3cr3t"}"#;

/// Asks the place that the body names, and tells what it came to.
fn definition() -> Value {
    let told = |status: u16| {
        json!({
            "Type": "Pass", "End": true,
            "Parameters": { "status": status, "body": { "error.$": "$.Error", "cause.$": "$.Cause" } },
        })
    };
    json!({
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Task",
                "Resource": "arn:aws:states:::http:invoke",
                "Parameters": {
                    "ApiEndpoint.$": "$.body.url",
                    "Method": "POST",
                    "Authentication": { "ConnectionArn": "arn:aws:events:eu-west-1:123456789012:connection/rates-key/1" },
                    "RequestBody": { "of.$": "$.pathParameters.what" },
                },
                "ResultSelector": { "status.$": "$.StatusCode", "body.$": "$.ResponseBody" },
                "Retry": [{ "ErrorEquals": ["States.Http.StatusCode.503"], "IntervalSeconds": 1, "MaxAttempts": 2 }],
                "Catch": [
                    { "ErrorEquals": ["States.Http.StatusCode.404"], "Next": "Missing" },
                    { "ErrorEquals": ["States.Permissions"], "Next": "Denied" },
                ],
                "End": true,
            },
            "Missing": told(404),
            "Denied": told(403),
        },
    })
}

fn set_connection(place: &Place) {
    place.run_with(CONNECTION, &["secrets", "set", "rates-key", "--organisation", "rates"]).expect_success();
}

/// A host with the workflow published, and a key for it.
fn open(place: &Place, upstream: &Upstream, project: &str) -> String {
    let folder = place.path().join("rates");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("rates.asl.json"), definition().to_string()).unwrap();
    std::fs::write(folder.join("weir.toml"), project.replace("PORT", &upstream.port.to_string())).unwrap();
    if project.contains("[[secrets]]") {
        place.run(&["publish", "rates"]).expect_failure(&["the secret rates-key is not set", "weir secrets set"]);
        set_connection(place);
    }
    place.run(&["publish", "rates"]).expect_success();
    let subscribe = ["--json", "subscribe", "--api", "rates", "--plan", "BASIC", "--app", "shop"];
    let subscribed: Value = serde_json::from_str(&place.run(&subscribe).expect_success()).unwrap();
    subscribed["key"]["secret"].as_str().unwrap().to_owned()
}

fn configured(upstream: &Upstream) -> Place {
    let place = Place::new();
    place.configure(&format!("{HOST_TOML}{}", upstream.egress()));
    std::fs::write(place.data().join("upstream.pem"), &upstream.certificate).unwrap();
    place
}

/// Calls `/{what}`, which asks the upstream's `what` under the name `host`.
fn call(place: &Place, key: &str, what: &str, (host, port): (&str, u16)) -> (u64, Value) {
    let body = json!({ "url": format!("https://{host}:{port}/v1/{what}") }).to_string();
    let json = "content-type: application/json";
    let (path, request) = (format!("/{what}"), ["--json", "call", "rates", "POST"]);
    let more = ["--key", key, "-H", json, "-b", &body];
    let ran = place.run(&[&request[..], &[path.as_str()], &more[..]].concat());
    let told: Value = serde_json::from_str(&ran.out()).unwrap_or_else(|_| panic!("{}{}", ran.out(), ran.err()));
    (told["status"].as_u64().unwrap(), told["body"].clone())
}

/// The last call: its id, its requests out and their bytes.
fn last_row(place: &Place) -> (String, u32, i64) {
    let reader = store::open_read_only(&place.data().join("usage.db")).unwrap();
    let text = "SELECT call_id, egress_calls, egress_bytes FROM call ORDER BY seq DESC LIMIT 1";
    reader.query_row(text, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap()
}

fn keys_of(asked: &[String]) -> Vec<&str> {
    asked.iter().map(|asked| asked.lines().find_map(|line| line.strip_prefix("idempotency-key: ")).unwrap()).collect()
}

#[test]
fn a_workflow_asks_a_service_with_its_connection_and_the_call_accounts_for_it() {
    let upstream = Upstream::start(|asked, before| match asked.split(' ').nth(1).unwrap() {
        "/v1/usd" => answer("200 OK", r#"{"rate":1.25}"#),
        "/v1/busy" if before < 2 => answer("503 Service Unavailable", "{}"),
        "/v1/busy" => answer("200 OK", r#"{"rate":2}"#),
        "/v1/odd" => answer("422 Unprocessable Content", r#"{"inner":"not for consumers"}"#),
        _ => answer("404 Not Found", r#"{"why":"no such currency"}"#),
    });
    let place = configured(&upstream);
    let host = place.start();
    let key = open(&place, &upstream, PROJECT);
    let there = (NAMES[0], upstream.port);

    assert_eq!(call(&place, &key, "usd", there), (200, json!({ "rate": 1.25 })));
    let asked = upstream.asked().remove(0);
    assert!(asked.contains("x-api-key: s3cr3t\r\n") && asked.ends_with("{\"of\":\"usd\"}"), "{asked}");
    let (id, requests, bytes) = last_row(&place);
    assert_eq!(requests, 1);
    assert!(bytes > 100, "heads and bodies of both: {bytes}");
    assert!(keys_of(&[asked])[0].starts_with(&id), "the call's own id, and a number");

    assert_eq!(call(&place, &key, "busy", there), (200, json!({ "rate": 2 })));
    let asked = upstream.asked();
    let keys = keys_of(&asked[1..]);
    assert_eq!((keys.len(), keys[0]), (2, keys[1]), "both attempts are one invocation");
    assert_ne!(keys[0], keys_of(&asked)[0]);
    assert_eq!(last_row(&place).1, 2);

    let (status, body) = call(&place, &key, "xyz", there);
    assert_eq!((status, &body["error"]), (404, &json!("States.Http.StatusCode.404")));
    let whole: Value = serde_json::from_str(body["cause"].as_str().unwrap()).unwrap();
    assert_eq!(whole["ResponseBody"]["why"], "no such currency");

    let (status, problem) = call(&place, &key, "odd", there);
    assert_eq!((status, &problem["code"]), (422, &json!("States.Http.StatusCode.422")));
    assert!(!problem.to_string().contains("not for consumers"), "{problem}");
    let logged = place.run(&["logs", &last_row(&place).0]).expect_success();
    assert!(logged.contains("not for consumers"), "its provider reads all of it: {logged}");

    let before = upstream.asked().len();
    place.run(&["secrets", "rm", "rates-key", "--organisation", "rates"]).expect_success();
    let (status, body) = call(&place, &key, "usd", there);
    assert_eq!((status, &body["cause"]), (403, &json!("the connection rates-key is not set, or cannot be read")));
    let (id, requests, _) = last_row(&place);
    assert_eq!((requests, upstream.asked().len()), (0, before), "nothing is sent without it");
    let logged = place.run(&["logs", &id]).expect_success();
    assert!(logged.contains("egress: ") && logged.contains("the connection rates-key is not set"), "{logged}");
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn what_its_release_or_the_operator_does_not_allow_is_denied_and_says_what_to_do() {
    let upstream = Upstream::start(|_, _| answer("200 OK", "{}"));
    let place = configured(&upstream);
    let host = place.start();
    let open_to_nothing = PROJECT
        .replace("[[secrets]]\nname = \"rates-key\"\nhosts = [\"api.shop.example\", \"other.shop.example\"]\n", "");
    let key =
        open(&place, &upstream, &open_to_nothing.replace("[[egress]]\nhost = \"*.shop.example\"\nport = PORT\n", ""));
    let denied = |host: &str, told: &[&str]| {
        let (status, body) = call(&place, &key, "usd", (host, upstream.port));
        assert_eq!((status, &body["error"]), (403, &json!("States.Permissions")), "{body}");
        let cause = body["cause"].as_str().unwrap();
        assert!(told.iter().all(|told| cause.contains(told)), "{told:?} in {cause}");
        assert_eq!(last_row(&place).1, 0);
    };
    denied(NAMES[0], &["api.shop.example", "[[egress]] of its weir.toml", "[egress] of host.toml"]);

    std::fs::write(place.path().join("rates/weir.toml"), PROJECT.replace("PORT", &upstream.port.to_string())).unwrap();
    set_connection(&place);
    let published = place.run(&["publish", "rates"]).expect_success();
    assert!(published.contains("may call * https://*.shop.example"), "{published}");
    denied("elsewhere.example", &["the connection rates-key is not granted"]);
    denied(NAMES[1], &["the operator of this host does not allow it: ask for a line in [egress] of host.toml"]);
    assert_eq!(upstream.asked(), Vec::<String>::new());
    assert_eq!(call(&place, &key, "usd", (NAMES[0], upstream.port)).0, 200);
    assert_eq!(host.stop().0, Some(0));
}
