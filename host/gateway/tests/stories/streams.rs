//! Components that stream, through `wasi:http`: the head before the end, and everything that can go wrong in between.

use std::time::Duration;

use gateway::{Pace, Settings};
use tests::Component;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::host::{Host, Offer, Row};

const BLOCK: usize = 4_096;

fn impatient() -> Settings {
    Settings {
        head_timeout: Duration::from_mins(1),
        pace: Pace { idle: Duration::from_secs(1), grace: Duration::from_millis(500), bytes_per_second: 1_024 },
        ..Settings::for_cores(2)
    }
}

/// A house with a component under `/flow`, and a connection on which its call has begun.
async fn call(settings: Settings, handle: &str, body: &str) -> (Host, TcpStream) {
    let host = Host::with(settings).await;
    let mut offer = Offer::hard(10);
    offer.limits.wall = Duration::from_mins(1);
    let shop = host.open("flow", &Component::streaming(handle).unwrap(), offer).await;
    // A small buffer: what waits for the client waits in the host.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut socket = socket.connect(host.address).await.unwrap();
    let head = format!("POST /flow/x HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nconnection: close\r\n", shop.key);
    socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    (host, socket)
}

/// Reads until `mark` has come.
async fn read_until(socket: &mut TcpStream, mark: &str) -> String {
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(mark) {
        assert_ne!(socket.read_buf(&mut seen).await.unwrap(), 0, "{}", String::from_utf8_lossy(&seen));
    }
    String::from_utf8(seen).unwrap()
}

/// All that still comes, and whether the host ended it well.
async fn read_rest(socket: &mut TcpStream) -> (Vec<u8>, bool) {
    let mut rest = Vec::new();
    let ended = socket.read_to_end(&mut rest).await.is_ok();
    let whole = ended && rest.ends_with(b"0\r\n\r\n");
    (rest, whole)
}

async fn row(host: &Host) -> Row {
    while host.rows().is_empty() || host.gateway.load().calls > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    host.row()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_begins_before_its_request_has_ended() {
    let chunked = "transfer-encoding: chunked\r\n\r\n3\r\none\r\n";
    let (host, mut socket) = call(Settings::for_cores(2), "(call $begin) (call $echo) (call $end)", chunked).await;
    let begun = read_until(&mut socket, "one").await;
    assert!(begun.starts_with("HTTP/1.1 200 OK\r\n") && begun.contains("x-request-id: call_"), "{begun}");
    assert!(begun.contains("x-ratelimit-requests-remaining: 9"), "{begun}");
    socket.write_all(b"3\r\ntwo\r\n0\r\n\r\n").await.unwrap();
    let (rest, whole) = read_rest(&mut socket).await;
    assert!(whole && String::from_utf8_lossy(&rest).contains("two"), "{}", String::from_utf8_lossy(&rest));
    let row = row(&host).await;
    assert_eq!((row.status, row.outcome.as_str(), row.billed, row.client_gone), (200, "ok", 1, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_takes_his_time_gets_all_of_it() {
    let handle = "(call $begin) (call $write (i32.const 256)) (call $end)";
    let (host, mut socket) = call(Settings::for_cores(2), handle, "content-length: 0\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (all, whole) = read_rest(&mut socket).await;
    assert!(whole);
    let content: usize = all.split(|byte| *byte != b'a').map(<[u8]>::len).sum();
    assert_eq!(content / BLOCK, 256);
    assert_eq!(row(&host).await.outcome, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_who_leaves_a_stream_pays_for_it() {
    let handle = "(call $begin) (call $write (i32.const 1)) (call $wait (i64.const 200)) (call $write (i32.const 64))
                  (call $wait (i64.const 50)) (call $write (i32.const 64)) (call $end)";
    let (host, mut socket) = call(Settings::for_cores(2), handle, "content-length: 0\r\n\r\n").await;
    read_until(&mut socket, "aaaa").await;
    drop(socket);
    let row = row(&host).await;
    assert_eq!((row.outcome.as_str(), row.billed, row.client_gone), ("ok", 1, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_fails_is_reset_and_never_looks_whole() {
    let handle = "(call $begin) (call $write (i32.const 32)) (call $wait (i64.const 50)) unreachable";
    let (host, mut socket) = call(Settings::for_cores(2), handle, "content-length: 0\r\n\r\n").await;
    let (rest, whole) = read_rest(&mut socket).await;
    assert!(rest.starts_with(b"HTTP/1.1 200 OK\r\n") && !whole);
    let row = row(&host).await;
    assert_eq!((row.status, row.outcome.as_str(), row.billed), (200, "interrupted", 1));
    assert_eq!(row.error_code.as_deref(), Some("component-failed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_trickles_or_rests_is_stopped_as_too_slow() {
    let trickle = "(loop $again (call $send (i32.const 8192) (i32.const 1)) (call $wait (i64.const 20)) (br $again))";
    for slow in [trickle, "(call $wait (i64.const 3600000))"] {
        let handle = format!("(call $begin) (call $write (i32.const 1)) {slow}");
        let (host, mut socket) = call(impatient(), &handle, "content-length: 0\r\n\r\n").await;
        assert!(!read_rest(&mut socket).await.1);
        let row = row(&host).await;
        assert_eq!((row.outcome.as_str(), row.error_code.as_deref()), ("interrupted", Some("execution-timeout")));
        assert_eq!(host.gateway.load().guests, 0, "its place is free");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_is_given_up_and_the_guest_runs_on() {
    // More than the kernel keeps for a connection.
    let handle = "(call $begin) (call $write (i32.const 2048)) (call $end)";
    let (host, mut socket) = call(impatient(), handle, "content-length: 0\r\n\r\n").await;
    let row = row(&host).await;
    assert_eq!((row.outcome.as_str(), row.billed, row.client_gone), ("ok", 1, true));
    assert!(!read_rest(&mut socket).await.1, "what had been sent does not look whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_an_answer_by_the_byte_is_cut_off() {
    let settings = Settings {
        head_timeout: Duration::from_millis(400),
        pace: Pace { idle: Duration::from_mins(1), grace: Duration::from_millis(200), bytes_per_second: 16 << 20 },
        ..Settings::for_cores(2)
    };
    let host = Host::with(settings).await;
    let mut offer = Offer::default();
    offer.limits.request_body = types::ByteCount::mib(20);
    offer.limits.response_body = types::ByteCount::mib(20);
    let shop = host.open("echo", &Component::echo().unwrap(), offer).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut socket = socket.connect(host.address).await.unwrap();
    let length = 16 << 20;
    let head = format!("POST /echo/x HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n", shop.key);
    socket.write_all(format!("{head}content-length: {length}\r\n\r\n{}", "a".repeat(length)).as_bytes()).await.unwrap();
    let (mut taken, mut some) = (0, [0; 512]);
    while let Ok(count @ 1..) = socket.read(&mut some).await {
        taken += count;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(taken < length, "{taken} bytes");
    assert_eq!(host.row().outcome, "ok", "the answer was made; whether it was taken is the client's affair");
}
