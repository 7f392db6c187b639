//! `wasi:http` guests: answers that stream, and the ways of not giving one.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use sandbox::{Broken, Limits, Ran, WasiCall};
use types::{ByteCount, Outcome};

use crate::guests::{ALLOCATOR, House, context, encode};

/// As much of the standard interfaces as these guests use.
const WASI: &str = include_str!("../../../../tests/src/component/wasi.wit");

const MODULE: &str = r#"
  (import "wasi:http/types@0.2.0" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.0" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-response.body" (func $body (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-body.write" (func $write (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.0" "[resource-drop]outgoing-body" (func $drop-body (param i32)))
  (import "wasi:http/types@0.2.0" "[static]response-outparam.set"
    (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.0" "[resource-drop]response-outparam" (func $drop-out (param i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
    (func $put (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop-stream (param i32)))
  (memory (export "memory") 2)
  (global $top (mut i32) (i32.const 65536))
  (func $grow (param i32))
  (data (i32.const 64) "hello")
  (global $out (mut i32) (i32.const 0))
  (global $the-body (mut i32) (i32.const 0))
  (global $stream (mut i32) (i32.const 0))
  (func $begin
    (local $r i32)
    (local.set $r (call $response (call $fields)))
    (call $body (local.get $r) (i32.const 256))
    (global.set $the-body (i32.load (i32.const 260)))
    (call $set (global.get $out) (i32.const 0) (local.get $r)
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $write (global.get $the-body) (i32.const 256))
    (global.set $stream (i32.load (i32.const 260))))
  (func $hello (call $put (global.get $stream) (i32.const 64) (i32.const 5) (i32.const 256)))
  (func $end
    (call $drop-stream (global.get $stream))
    (call $finish (global.get $the-body) (i32.const 0) (i32.const 0) (i32.const 256)))
"#;

fn proxy(handle: &str) -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("wasi.wit", WASI).unwrap();
    let handler = r#"(func (export "wasi:http/incoming-handler@0.2.0#handle") (param i32 i32)"#;
    let module = format!("{MODULE}{ALLOCATOR}{handler} (global.set $out (local.get 1)) {handle})");
    encode(&resolve, package, "proxy", &module)
}

/// The head, if there was one, the body or why it broke off, and the facts.
async fn call(component: Vec<u8>, limits: Limits) -> (Option<u16>, Result<Bytes, Broken>, Ran<()>) {
    let house = House::new();
    let component = house.ready(component).await;
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let request = http::Request::builder().uri("http://corpus.test/").body(body).unwrap();
    let WasiCall { work, head, ran } = house.sandbox.call_wasi_http(&component, &context(), request, &Arc::new(limits));
    let read = async {
        let (status, body) = match head.await {
            Ok(response) => {
                let status = response.status().as_u16();
                (Some(status), response.into_body().collect().await.map(http_body_util::Collected::to_bytes))
            }
            Err(_) => (None, Ok(Bytes::new())),
        };
        (status, body, ran.await.unwrap())
    };
    let (read, ()) = tokio::join!(read, work);
    read
}

#[tokio::test]
async fn a_finished_body_arrives_whole() {
    let (status, body, ran) =
        call(proxy("(call $begin) (call $hello) (call $hello) (call $end)"), Limits::default()).await;
    assert_eq!((status, body.unwrap().as_ref()), (Some(200), b"hellohello".as_slice()));
    assert_eq!(ran.outcome, Outcome::Ok, "{ran:?}");
}

#[tokio::test]
async fn a_body_that_is_never_finished_does_not_look_whole() {
    let (status, body, ran) = call(proxy("(call $begin) (call $hello)"), Limits::default()).await;
    assert_eq!((status, body), (Some(200), Err(Broken::Unfinished)));
    assert_eq!(ran.outcome, Outcome::InvalidResponse, "{ran:?}");
}

#[tokio::test]
async fn a_body_that_is_dropped_does_not_look_whole() {
    let handle = "(call $begin) (call $hello) (call $drop-stream (global.get $stream))
                  (call $drop-body (global.get $the-body))";
    let (_, body, ran) = call(proxy(handle), Limits::default()).await;
    assert_eq!(body, Err(Broken::Unfinished));
    assert_eq!(ran.outcome, Outcome::InvalidResponse, "{ran:?}");
}

#[tokio::test]
async fn no_response_and_a_dropped_outparam_are_invalid_responses() {
    for handle in ["", "(call $drop-out (global.get $out))"] {
        let (status, _, ran) = call(proxy(handle), Limits::default()).await;
        assert_eq!((status, ran.outcome), (None, Outcome::InvalidResponse), "{ran:?}");
    }
}

#[tokio::test]
async fn a_response_set_twice_is_a_trap() {
    let (_, _, ran) = call(proxy("(call $begin) (call $begin)"), Limits::default()).await;
    assert_eq!(ran.outcome, Outcome::Trap, "{ran:?}");
}

#[tokio::test]
async fn a_trap_within_a_body_is_told() {
    // More than is buffered, so that the guest has to wait for its reader.
    let handle = format!("(call $begin) {} unreachable", "(call $hello)".repeat(20));
    let (status, _, ran) = call(proxy(&handle), Limits::default()).await;
    assert_eq!((status, ran.outcome), (Some(200), Outcome::Trap), "{ran:?}");
}

#[tokio::test]
async fn a_trap_before_anything_was_sent_leaves_no_head() {
    let (status, _, ran) = call(proxy("(call $begin) (call $hello) unreachable"), Limits::default()).await;
    assert_eq!((status, ran.outcome), (None, Outcome::Trap), "{ran:?}");
}

#[tokio::test]
async fn an_endless_body_is_cut_at_its_cap() {
    let handle = "(call $begin) (loop $again (call $hello) (br $again))";
    let limits = Limits { streamed_body: ByteCount::kib(1), wall: Duration::from_secs(5), ..Limits::default() };
    let (status, body, ran) = call(proxy(handle), limits).await;
    assert_eq!((status, body), (Some(200), Err(Broken::TooLarge)));
    // At once, and not when its fuel is spent.
    assert_eq!(ran.outcome, Outcome::OutputTooLarge, "{ran:?}");
    assert!(ran.spent.fuel < Limits::default().fuel, "{ran:?}");
}

#[tokio::test]
async fn handles_without_end_meet_their_limit() {
    let (_, _, ran) = call(proxy("(loop $again (drop (call $fields)) (br $again))"), Limits::default()).await;
    assert_eq!(ran.outcome, Outcome::HandleLimit, "{ran:?}");
}
