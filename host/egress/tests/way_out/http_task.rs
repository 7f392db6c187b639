//! HTTP tasks of state machines, over TLS, with connections.

use std::sync::Arc;

use egress::{BoundSecret, Egress, Grant, Limits, Line, Secrets, Settings, TaskFault};
use serde_json::{Value, json};
use types::{Clock, HostKey, OrganisationId, SecretName, SecretValue, Timestamp};

use crate::server::{Act, Server};

struct Connections(u16);

impl Secrets for Connections {
    fn value(&self, _organisation: OrganisationId, name: &SecretName) -> Option<SecretValue> {
        let document = match name.as_str() {
            "key" => json!({ "type": "api-key", "header": "x-api-key", "value": "s3cr3t" }),
            "basic" => json!({ "type": "basic", "user": "u", "password": "p" }),
            "oauth" => {
                let endpoint = format!("https://api.shop.example:{}/token", self.0);
                json!({ "type": "oauth", "endpoint": endpoint, "client_id": "id", "client_secret": "s3cr3t" })
            }
            _ => return None,
        };
        Some(SecretValue::new(document.to_string()))
    }
}

/// A server under `api.shop.example`, and a line to it.
async fn at(answer: &str) -> (Server, Line) {
    let (server, pem) = crate::tls::server_with(&["api.shop.example"], Act::Answer(answer.as_bytes().to_vec())).await;
    let rules = json!([{ "host": "api.shop.example", "port": server.address.port() }]);
    let mut settings = Settings::closed(HostKey::from_bytes([3; 32]));
    settings.allow = serde_json::from_value(rules.clone()).unwrap();
    settings.loopback_for_development = true;
    settings.extra_roots = Some(pem);
    settings.nameservers = vec![crate::names::names_of("127.0.0.1").await];
    let secrets = Arc::new(Connections(server.address.port()));
    let egress = Egress::open(&settings, secrets, Clock::system()).unwrap();
    let bound = |name: &str| BoundSecret {
        placeholder: format!("weir-secret-{name}"),
        name: name.parse().unwrap(),
        hosts: vec!["api.shop.example".to_owned()],
        headers: Vec::new(),
    };
    let grant = Grant {
        api: "shop".into(),
        organisation: OrganisationId::generate(Timestamp::from_micros(1)),
        rules: serde_json::from_value(rules).unwrap(),
        secrets: ["key", "basic", "oauth", "gone"].map(bound).into(),
    };
    let line = egress.line(Arc::new(grant), Limits::default(), 0);
    (server, line)
}

fn task(server: &Server, more: Value) -> Value {
    let mut task =
        json!({ "ApiEndpoint": format!("https://api.shop.example:{}/v1", server.address.port()), "Method": "GET" });
    let Value::Object(more) = more else { panic!("{more} is no object") };
    for (name, value) in more {
        task[name] = value;
    }
    task
}

fn answer(status: &str, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nx-two: 1\r\nx-two: 2\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn fault(line: &Line, task: &Value) -> TaskFault {
    line.http_task(task).await.unwrap_err()
}

#[tokio::test]
async fn a_task_sends_its_parameters_and_reads_json() {
    let (server, line) = at(&answer("200 OK", "application/json; charset=utf-8", r#"{"n":1}"#)).await;
    let parameters = json!({
        "Method": "POST", "Headers": { "X-Own": "a" }, "QueryParameters": { "q": ["x y", 2] }, "RequestBody": { "a": [1] },
    });
    let result = line.http_task(&task(&server, parameters)).await.unwrap();
    assert_eq!((&result["StatusCode"], &result["StatusText"]), (&json!(200), &json!("OK")));
    assert_eq!(result["ResponseBody"], json!({ "n": 1 }));
    assert_eq!(result["Headers"]["x-two"], json!(["1", "2"]));
    let asked = &server.asked()[0];
    assert!(asked.starts_with("POST /v1?q=x%20y&q=2 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("x-own: a\r\n") && asked.contains("content-type: application/json\r\n"), "{asked}");
    assert!(asked.ends_with("\r\n\r\n{\"a\":[1]}"), "{asked}");
}

#[tokio::test]
async fn a_form_goes_out_as_one() {
    let (server, line) = at(&answer("200 OK", "text/plain", "fine")).await;
    let parameters = json!({ "Method": "POST", "RequestBody": { "a": ["1"] }, "Transform": { "RequestBodyEncoding": "URL_ENCODED" } });
    let result = line.http_task(&task(&server, parameters)).await.unwrap();
    assert_eq!(result["ResponseBody"], "fine");
    let asked = &server.asked()[0];
    assert!(asked.contains("application/x-www-form-urlencoded\r\n") && asked.ends_with("a%5B0%5D=1"), "{asked}");
}

#[tokio::test]
async fn a_status_outside_of_2xx_is_an_error_by_its_number_with_the_whole_answer() {
    for (status, name) in [("404 Not Found", "404"), ("302 Found", "302"), ("500 Oops", "500")] {
        let (server, line) = at(&answer(status, "application/json", r#"{"why":"x"}"#)).await;
        let fault = fault(&line, &task(&server, json!({}))).await;
        assert_eq!(fault.error, format!("States.Http.StatusCode.{name}"));
        let cause: Value = serde_json::from_str(&fault.cause).unwrap();
        assert_eq!(cause["ResponseBody"]["why"], "x");
        assert_eq!(server.asked().len(), 1, "nothing is followed");
    }
}

#[tokio::test]
async fn connections_prove_who_a_task_is() {
    let (server, line) =
        at(&answer("200 OK", "application/json", r#"{"access_token":"t0k3n","expires_in":3600}"#)).await;
    for (connection, header) in [
        ("arn:aws:events:eu-west-1:123456789012:connection/key/0b1c", "x-api-key: s3cr3t\r\n"),
        ("basic", "authorization: Basic dTpw\r\n"),
        ("oauth", "authorization: Bearer t0k3n\r\n"),
        ("oauth", "authorization: Bearer t0k3n\r\n"),
    ] {
        let parameters = json!({ "Authentication": { "ConnectionArn": connection } });
        let result = line.http_task(&task(&server, parameters)).await.unwrap();
        assert!(server.asked().last().unwrap().contains(header), "{connection}: {:?}", server.asked());
        assert!(!result.to_string().contains("s3cr3t"));
    }
    let tokens = server.asked().iter().filter(|asked| asked.starts_with("POST /token")).count();
    assert_eq!(tokens, 1, "a token is kept");
}

#[tokio::test]
async fn a_connection_that_is_not_granted_or_not_set_is_a_lack_of_permission() {
    let (server, line) = at(&answer("200 OK", "text/plain", "")).await;
    for connection in ["other", "gone"] {
        let fault = fault(&line, &task(&server, json!({ "Authentication": { "ConnectionArn": connection } }))).await;
        assert_eq!(fault.error, "States.Permissions", "{connection}: {fault}");
    }
    let fault = fault(&line, &json!({ "ApiEndpoint": "https://other.example/", "Method": "GET" })).await;
    assert_eq!(fault.error, "States.Permissions");
    assert_eq!(server.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn parameters_that_make_no_request_are_runtime_errors() {
    let (server, line) = at("").await;
    for wrong in [
        json!({ "ApiEndpoint": "http://api.shop.example/" }),
        json!({ "ApiEndpoint": "https://127.1/" }),
        json!({ "ApiEndpoint": null }),
        json!({ "Method": "TRACE" }),
        json!({ "Headers": { "Authorization": "x" } }),
        json!({ "Headers": { "X-Amz-Date": "x" } }),
        json!({ "Headers": { "Host": "x" } }),
        json!({ "Headers": { "a": "x\r\nb: c" } }),
        json!({ "QueryParameters": { "a": {} } }),
        json!({ "Authentication": { "ConnectionArn": 1 } }),
        json!({ "Transform": { "RequestBodyEncoding": "ROT13" } }),
    ] {
        let fault = fault(&line, &task(&server, wrong.clone())).await;
        assert_eq!(fault.error, "States.Runtime", "{wrong}: {fault}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn an_answer_larger_than_a_state_may_be_and_one_that_breaks_off_are_told_apart() {
    let (server, line) = at(&answer("200 OK", "text/plain", &"x".repeat(256 * 1024 + 1))).await;
    assert_eq!(fault(&line, &task(&server, json!({}))).await.error, "States.DataLimitExceeded");
    let (server, line) = at("not HTTP at all\r\n\r\n").await;
    assert_eq!(fault(&line, &task(&server, json!({}))).await.error, "States.Http.Socket");
}
