//! The wire protocol of Step Functions: signatures, targets, bodies, and errors as clients of AWS read them.

use std::time::Duration;

use axum::body::Body;
use http::{HeaderValue, Request};
use serde_json::{Value, json};
use sigv4::Signer;
use types::{Clock, SecretValue, Timestamp};

use crate::house::{Answer, Desk};

/// An operation that AWS does not have either.
const NONSENSE: &str = "AWSStepFunctions.Nonsense";

/// A credential in the clear.
struct Credential {
    id: String,
    secret: SecretValue,
}

async fn credential(desk: &Desk, token: &str) -> Credential {
    let made = desk.ask(token, "POST", "/v1/aws-credentials", json!({ "name": "ci" })).await.expect(201);
    Credential {
        id: made["access_key_id"].as_str().unwrap().to_owned(),
        secret: SecretValue::new(made["secret_access_key"].as_str().unwrap().to_owned()),
    }
}

/// A signed request for `target`, as an SDK sends it.
fn request(credential: &Credential, target: &str, body: &[u8]) -> Request<Body> {
    signed_at(credential, (target, "127.0.0.1:8081"), body, Clock::system().now())
}

fn signed_at(credential: &Credential, (target, host): (&str, &str), body: &[u8], now: Timestamp) -> Request<Body> {
    let request = Request::post("/")
        .header("host", host)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", target);
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let Credential { id, secret } = credential;
    let signer = Signer { access_key_id: id, secret, session_token: None, region: "eu-central-1", service: "states" };
    signer.sign(&mut parts, body, now).unwrap();
    Request::from_parts(parts, Body::from(body.to_vec()))
}

/// Checks that this is an error of AWS's form with this status and name.
#[track_caller]
fn expect_fault(answer: &Answer, status: u16, name: &str) {
    assert_eq!((answer.status.as_u16(), answer.json["__type"].as_str()), (status, Some(name)), "{}", answer.json);
    assert!(answer.json["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", answer.json);
    assert_eq!(answer.headers["content-type"], "application/x-amz-json-1.0");
    assert_eq!(answer.headers["x-amzn-errortype"], name);
    assert_eq!(answer.headers["x-amzn-requestid"], answer.headers["x-request-id"]);
}

async fn refused(desk: &Desk, request: Request<Body>, name: &str) {
    expect_fault(&desk.send(request).await, 400, name);
}

#[tokio::test]
async fn a_signed_request_comes_as_far_as_the_operations_whatever_its_host_is_called() {
    let desk = Desk::open().await;
    let credential = credential(&desk, &desk.provider("acme").await.1).await;
    refused(&desk, request(&credential, NONSENSE, b"{}"), "UnknownOperationException").await;
    let now = Clock::system().now();
    let sync = signed_at(&credential, (NONSENSE, "sync-states.example.test"), b"", now);
    refused(&desk, sync, "UnknownOperationException").await;
}

#[tokio::test]
async fn a_request_that_nobody_or_somebody_else_has_signed_is_refused() {
    let desk = Desk::open().await;
    let (_, token) = desk.provider("acme").await;
    let credential = credential(&desk, &token).await;
    let mut unsigned = request(&credential, NONSENSE, b"{}");
    unsigned.headers_mut().remove("authorization");
    refused(&desk, unsigned, "MissingAuthenticationTokenException").await;
    let mut bearer = request(&credential, NONSENSE, b"{}");
    bearer.headers_mut().insert("authorization", HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    refused(&desk, bearer, "IncompleteSignatureException").await;
    let wrong = Credential { id: credential.id.clone(), secret: SecretValue::generate_access_key() };
    refused(&desk, request(&wrong, NONSENSE, b"{}"), "InvalidSignatureException").await;
    for id in ["WEIRAAAAAAAAAAAAAAAA", "AKIAIOSFODNN7EXAMPLE"] {
        let unknown = Credential { id: id.to_owned(), secret: SecretValue::generate_access_key() };
        refused(&desk, request(&unknown, NONSENSE, b"{}"), "UnrecognizedClientException").await;
    }
}

#[tokio::test]
async fn what_was_changed_on_the_way_is_refused() {
    let desk = Desk::open().await;
    let credential = credential(&desk, &desk.provider("acme").await.1).await;
    let mut other_target = request(&credential, NONSENSE, b"{}");
    other_target.headers_mut().insert("x-amz-target", HeaderValue::from_static("AWSStepFunctions.Other"));
    refused(&desk, other_target, "InvalidSignatureException").await;
    let (parts, _) = request(&credential, NONSENSE, b"{}").into_parts();
    let other_body = Request::from_parts(parts, Body::from("{ }"));
    refused(&desk, other_body, "InvalidSignatureException").await;
    let skewed = Clock::system().now().after(Duration::from_mins(6));
    let early = signed_at(&credential, (NONSENSE, "127.0.0.1"), b"{}", skewed);
    refused(&desk, early, "InvalidSignatureException").await;
}

#[tokio::test]
async fn a_deleted_credential_signs_nothing_more() {
    let desk = Desk::open().await;
    let (_, token) = desk.provider("acme").await;
    let credential = credential(&desk, &token).await;
    let path = format!("/v1/aws-credentials/{}", credential.id);
    desk.ask(&token, "DELETE", &path, Value::Null).await.expect(200);
    refused(&desk, request(&credential, NONSENSE, b"{}"), "UnrecognizedClientException").await;
    desk.ask(&token, "DELETE", &path, Value::Null).await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn what_is_not_the_protocol_is_refused() {
    let desk = Desk::open().await;
    let credential = credential(&desk, &desk.provider("acme").await.1).await;
    for target in ["", "Nonsense", "DynamoDB_20120810.ListTables", "AWSStepFunctions.a b"] {
        refused(&desk, request(&credential, target, b"{}"), "UnknownOperationException").await;
    }
    for body in ["{", "[]", "1", "nonsense"] {
        refused(&desk, request(&credential, NONSENSE, body.as_bytes()), "SerializationException").await;
    }
    let mut other_kind = request(&credential, NONSENSE, b"{}");
    other_kind.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    refused(&desk, other_kind, "SerializationException").await;
    let mut encoded = request(&credential, NONSENSE, b"{}");
    encoded.headers_mut().insert("content-encoding", HeaderValue::from_static("aws-chunked"));
    refused(&desk, encoded, "SerializationException").await;
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(1024 * 1024));
    let answer = desk.send(request(&credential, NONSENSE, large.as_bytes())).await;
    expect_fault(&answer, 413, "RequestEntityTooLargeException");
}

#[tokio::test]
async fn a_credential_is_shown_once_and_belongs_to_its_organisation() {
    let desk = Desk::open().await;
    let ((acme, token), (_, other)) = (desk.provider("acme").await, desk.provider("shop").await);
    let made = desk.ask(&token, "POST", "/v1/aws-credentials", json!({ "name": "ci" })).await.expect(201);
    let (id, secret) = (made["access_key_id"].as_str().unwrap(), made["secret_access_key"].as_str().unwrap());
    assert_eq!((id.len(), secret.len(), made["organisation"].as_str()), (20, 40, Some(acme.to_string().as_str())));
    assert_eq!(made["account"].as_str().unwrap().len(), 12);
    let listed = desk.ask(&token, "GET", "/v1/aws-credentials", Value::Null).await.expect(200);
    assert_eq!(listed["items"][0]["access_key_id"], id);
    assert!(!listed.to_string().contains(secret), "{listed}");
    let elsewhere = desk.ask(&other, "GET", "/v1/aws-credentials", Value::Null).await.expect(200);
    assert_eq!(elsewhere["items"], json!([]));
    let path = format!("/v1/aws-credentials/{id}");
    desk.ask(&other, "DELETE", &path, Value::Null).await.expect_problem(404, "not-found");
    let named = json!({ "name": "ci", "organisation": acme });
    desk.ask(&other, "POST", "/v1/aws-credentials", named).await.expect_problem(404, "not-found");
    desk.ask(&token, "POST", "/v1/aws-credentials", json!({ "name": "" })).await.expect_problem(400, "request-invalid");
}

#[tokio::test]
async fn what_a_signed_request_changes_is_an_act_of_its_credential() {
    let desk = Desk::open().await;
    let credential = credential(&desk, &desk.provider("acme").await.1).await;
    let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"#;
    let body = json!({ "name": "orders", "definition": definition, "roleArn": "r" }).to_string();
    let made =
        desk.send(request(&credential, "AWSStepFunctions.CreateStateMachine", body.as_bytes())).await.expect(200);
    let body = json!({ "stateMachineArn": made["stateMachineArn"] }).to_string();
    desk.send(request(&credential, "AWSStepFunctions.DeleteStateMachine", body.as_bytes())).await.expect(200);
    let acts = desk.workflows.acts(10).await.unwrap();
    let of = format!("\"actor\":\"{}\"", credential.id);
    assert!(acts.len() == 2 && acts.iter().all(|(_, act)| act.contains(&of)), "{acts:?}");
}

#[tokio::test]
async fn a_credential_opens_nothing_under_v1() {
    let desk = Desk::open().await;
    let credential = credential(&desk, &desk.provider("acme").await.1).await;
    let mut parts = Request::get("/v1/whoami").header("host", "127.0.0.1").body(()).unwrap().into_parts().0;
    let Credential { id, secret } = &credential;
    let signer = Signer { access_key_id: id, secret, session_token: None, region: "eu-central-1", service: "states" };
    signer.sign(&mut parts, b"", Clock::system().now()).unwrap();
    desk.send(Request::from_parts(parts, Body::empty())).await.expect_problem(401, "unauthorised");
}

#[tokio::test]
async fn executions_are_searched_shown_and_stopped_by_the_control_planes_own_routes() {
    let desk = Desk::open().await;
    let (owner, acme) = desk.provider("acme").await;
    let account = desk.catalog.snapshot().organisation(owner).unwrap().account.clone();
    let caller =
        workflows::Caller { organisation: owner, account, region: "eu-west-1".to_owned(), actor: "host".to_owned() };
    let definition = r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1000, "End": true}}}"#;
    let machine = json!({"name": "orders", "definition": definition, "roleArn": "r"});
    let machine = desk.workflows.call(&caller, "CreateStateMachine", machine).await.unwrap();
    let start = json!({"stateMachineArn": machine["stateMachineArn"], "name": "one", "input": "{\"n\": 1}"});
    desk.workflows.call(&caller, "StartExecution", start).await.unwrap();

    let found = desk.ask(&acme, "GET", "/v1/executions?status=RUNNING&name=o", Value::Null).await.expect(200);
    let arn = found["items"][0]["arn"].as_str().unwrap().to_owned();
    assert_eq!((&found["items"][0]["machine"], &found["items"][0]["name"]), (&json!("orders"), &json!("one")));
    let path = format!("/v1/executions/{arn}");
    let shown = desk.ask(&acme, "GET", &path, Value::Null).await.expect(200);
    assert_eq!((&shown["input"], &shown["status"]), (&json!({"n": 1}), &json!("RUNNING")));
    let events = desk.ask(&acme, "GET", &format!("{path}/history"), Value::Null).await.expect(200);
    assert_eq!(events["items"][0]["type"], "ExecutionStarted");
    let why = json!({"error": "Enough", "cause": "a test"});
    let stopped = desk.ask(&acme, "POST", &format!("{path}/stop"), why).await.expect(200);
    assert_eq!((&stopped["status"], &stopped["error"]), (&json!("ABORTED"), &json!("Enough")));
    let none = desk.ask(&acme, "GET", "/v1/executions?status=RUNNING", Value::Null).await.expect(200);
    assert_eq!(none["items"], json!([]));
    let refused = desk.ask(&acme, "GET", "/v1/executions?status=GONE", Value::Null).await;
    refused.expect_problem(400, "request-invalid");
}
