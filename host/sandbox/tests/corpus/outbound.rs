//! Guests that send requests: to where their release and the operator allow it, and to nowhere else.

use std::net::SocketAddr;
use std::sync::Arc;

use egress::{Egress, Secrets};
use sandbox::{CallContext, Limits, Ran, Sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use types::{Clock, HostKey, OrganisationId, Outcome, ReleaseId, SecretName, SecretValue, Timestamp};

use crate::guests::{House, OK, beside, context, request};

const WASI: &str = include_str!("../../../../tests/src/component/wasi.wit");
/// The host answers a request of the guest with its status, and an error with 400 and its number among the errors.
const DENIED: u16 = 415;

struct Nobody;

impl Secrets for Nobody {
    fn value(&self, _organisation: OrganisationId, _name: &SecretName) -> Option<SecretValue> {
        None
    }
}

/// A guest that gets `path` at `authority` over plain HTTP, so often, and answers with what the last one came to.
fn fetching(authority: &str, path: &str, times: u32) -> Vec<u8> {
    let packages = WASI.replace("package weir:guests;", "");
    let more = format!(
        r#"(import "wasi:http/types@0.2.0" "[constructor]fields" (func $fields (result i32)))
        (import "wasi:http/types@0.2.0" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
        (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
        (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-authority" (func $authority (param i32 i32 i32 i32) (result i32)))
        (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-path-with-query" (func $path (param i32 i32 i32 i32) (result i32)))
        (import "wasi:http/outgoing-handler@0.2.0" "handle" (func $send (param i32 i32 i32 i32)))
        (import "wasi:http/types@0.2.0" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32)))
        (import "wasi:http/types@0.2.0" "[method]future-incoming-response.get" (func $get (param i32 i32)))
        (import "wasi:http/types@0.2.0" "[resource-drop]future-incoming-response" (func $drop-future (param i32)))
        (import "wasi:http/types@0.2.0" "[method]incoming-response.status" (func $status (param i32) (result i32)))
        (import "wasi:http/types@0.2.0" "[resource-drop]incoming-response" (func $drop-response (param i32)))
        (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
        (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $drop-pollable (param i32)))
        (data (i32.const 64) "{authority}") (data (i32.const 256) "{path}")
        (func $fetch (result i32)
          (local $r i32) (local $p i32) (local $f i32) (local $s i32)
          (local.set $r (call $request (call $fields)))
          (drop (call $scheme (local.get $r) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
          (drop (call $authority (local.get $r) (i32.const 1) (i32.const 64) (i32.const {})))
          (drop (call $path (local.get $r) (i32.const 1) (i32.const 256) (i32.const {})))
          (call $send (local.get $r) (i32.const 0) (i32.const 0) (i32.const 2048))
          (if (i32.load8_u (i32.const 2048)) (then (return (i32.add (i32.const 400) (i32.load8_u (i32.const 2056))))))
          (local.set $f (i32.load (i32.const 2056)))
          (local.set $p (call $subscribe (local.get $f)))
          (call $block (local.get $p)) (call $drop-pollable (local.get $p))
          (call $get (local.get $f) (i32.const 2048))
          (if (i32.load8_u (i32.const 2064))
            (then (local.set $s (i32.add (i32.const 400) (i32.load8_u (i32.const 2072)))))
            (else
              (local.set $s (call $status (i32.load (i32.const 2072))))
              (call $drop-response (i32.load (i32.const 2072)))))
          (call $drop-future (local.get $f))
          (local.get $s))"#,
        authority.len(),
        path.len()
    );
    let handle = format!(
        "(local $n i32) (local $s i32)
         (loop $again
           (local.set $s (call $fetch))
           (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const {times}))))
         (drop {OK}) (i32.store16 (i32.const 520) (local.get $s)) (i32.const 512)"
    );
    beside(&packages, "import wasi:http/outgoing-handler@0.2.0;", &more, &handle)
}

/// A server that says 204 to everyone.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tasks = TaskTracker::new();
    let inner = tasks.clone();
    tasks.spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            inner.spawn(async move {
                let mut request = [0; 4096];
                while socket.read(&mut request).await.is_ok_and(|read| read > 0) {
                    if socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

/// Runs the guest once on a host that allows plain HTTP to `allowed`, under a release that grants what `granted` says.
async fn run(component: Vec<u8>, allowed: SocketAddr, granted: serde_json::Value) -> Ran<http::Response<bytes::Bytes>> {
    let key = HostKey::from_bytes([7; 32]);
    let rule = serde_json::json!([{ "host": "127.0.0.1", "scheme": "http", "port": allowed.port() }]);
    let mut settings = egress::Settings::closed(key);
    settings.allow = serde_json::from_value(rule).unwrap();
    settings.loopback_for_development = true;
    let egress = Egress::open(&settings, Arc::new(Nobody), Clock::system()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let settings = sandbox::Settings { egress: Some(egress), ..House::settings(&folder) };
    let house = House { sandbox: Sandbox::start(settings, Clock::system()).unwrap(), folder };
    let component = house.ready(component).await;
    let organisation = OrganisationId::generate(Timestamp::from_micros(1));
    let release = ReleaseId::generate(Timestamp::from_micros(1));
    let granted = serde_json::from_value(granted).unwrap();
    let outbound = house.sandbox.outbound((organisation, &"corpus".into()), release.as_u128(), &granted);
    let context = CallContext { outbound, ..context() };
    house.sandbox.call_http(&component, &context, request(), &Arc::new(Limits::default())).await
}

fn status(ran: &Ran<http::Response<bytes::Bytes>>) -> u16 {
    assert_eq!(ran.outcome, Outcome::Ok, "{ran:?}");
    ran.answer.as_ref().unwrap().status().as_u16()
}

fn to(server: SocketAddr) -> serde_json::Value {
    serde_json::json!({ "allow": [{ "host": "127.0.0.1", "scheme": "http", "port": server.port(), "path": "/v1" }] })
}

#[tokio::test]
async fn a_guest_reaches_what_both_lists_allow_and_it_is_counted() {
    let server = server().await;
    let ran = run(fetching(&server.to_string(), "/v1/x?y", 2), server, to(server)).await;
    assert_eq!(status(&ran), 204);
    assert_eq!(ran.spent.egress_calls, 2);
    assert!(ran.spent.egress_bytes.get() > 0, "{ran:?}");
    assert!(ran.logs.is_empty(), "{ran:?}");
}

#[tokio::test]
async fn a_guest_is_told_of_a_denial_and_its_provider_of_the_rule() {
    let server = server().await;
    let elsewhere = fetching(&server.to_string(), "/v2", 1);
    let ran = run(elsewhere, server, to(server)).await;
    assert_eq!((status(&ran), ran.spent.egress_calls), (DENIED, 0));
    let line = &ran.logs[0].text;
    assert!(
        line.starts_with("egress: GET http://127.0.0.1:") && line.contains("no [[egress]] of its release"),
        "{line}"
    );
}

#[tokio::test]
async fn without_a_grant_every_request_is_denied() {
    let server = server().await;
    let ran = run(fetching(&server.to_string(), "/v1", 1), server, serde_json::json!({})).await;
    assert_eq!((status(&ran), ran.spent.egress_calls), (DENIED, 0));
}

#[tokio::test]
async fn a_guest_that_sends_without_end_meets_its_limit_and_no_trap() {
    let server = server().await;
    let ran = run(fetching(&server.to_string(), "/v1", 30), server, to(server)).await;
    // The eleventh and all later ones: connection-limit-reached.
    assert_eq!((status(&ran), ran.spent.egress_calls), (411, 10));
    assert_eq!(ran.logs.len(), 20, "{ran:?}");
}
