//! What comes back, and what stops it.

use std::time::Duration;

use bytes::Bytes;
use egress::{BodyFault, Denied, SendError, Timeouts};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};

use crate::house::{House, get, post, send, text};
use crate::server::{Act, Server};

fn short(limits: &mut egress::Limits) {
    limits.connect = Duration::from_millis(300);
    limits.first_byte = Duration::from_millis(100);
    limits.between_bytes = Duration::from_millis(100);
}

#[tokio::test]
async fn a_request_goes_out_as_it_was_made_and_its_answer_comes_back() {
    let server = Server::start(Act::Answer(
        b"HTTP/1.1 201 Created\r\nx-kept: 1\r\nkeep-alive: timeout=5\r\ncontent-length: 5\r\n\r\nhello".to_vec(),
    ))
    .await;
    let house = House::to(server.address);
    let line = house.line();
    let mut request = post(&format!("{}?q=1", server.url()), "what");
    request.headers_mut().insert("x-own", HeaderValue::from_static("2"));
    let response = send(&line, request).await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["x-kept"], "1");
    assert!(!response.headers().contains_key("keep-alive"));
    assert_eq!(text(response).await, "hello");
    let asked = server.asked();
    let (head, body) = asked[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v1?q=1 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("host: {}", server.address)) && head.contains("weir-depth: 1"), "{head}");
    assert!(head.contains("x-own: 2") && !head.contains("user-agent"), "{head}");
    assert_eq!(body, "what");
    let used = line.used();
    assert_eq!((used.requests, used.faults), (1, Vec::new()));
    assert!(used.bytes.get() > 9, "{:?}", used.bytes);
}

#[tokio::test]
async fn a_denied_request_connects_to_nobody_and_says_which_rule() {
    let server = Server::ok("").await;
    let house = House::with(serde_json::json!([{ "host": "127.0.0.1", "scheme": "http", "path": "/v2" }]), |_| {});
    let line = house.line();
    let error = send(&line, get(&server.url())).await.err().unwrap();
    assert!(matches!(error, SendError::Denied(Denied::NotInRelease)), "{error}");
    assert_eq!(server.connections(), 0);
    let used = line.used();
    assert_eq!((used.requests, used.bytes.get()), (0, 0));
    assert_eq!(used.faults, [format!("GET {}: denied: no [[egress]] of its release allows it", server.url())]);
}

#[tokio::test]
async fn a_fault_is_told_in_4_kib_whatever_the_request_was() {
    let house = House::to("127.0.0.1:9".parse().unwrap());
    let line = house.line();
    let mut request = get("http://127.0.0.1:9/");
    *request.method_mut() = "M".repeat(1 << 20).parse().unwrap();
    let error = send(&line, request).await.err().unwrap();
    assert!(matches!(error, SendError::Denied(Denied::MethodTooLong)), "{error}");
    let mut request = get(&format!("http://127.0.0.1:9/{}", "p".repeat(8_000)));
    request.headers_mut().insert("host", HeaderValue::from_static("x"));
    assert!(send(&line, request).await.is_err());
    let lengths: Vec<usize> = line.used().faults.iter().map(String::len).collect();
    assert!(lengths[0] < 100 && lengths[1] == 4_096, "{lengths:?}");
}

#[tokio::test]
async fn this_hosts_own_doors_are_closed_even_where_loopback_is_open() {
    let server = Server::ok("").await;
    let house = House::to(server.address);
    house.egress.listens(&[server.address]);
    let error = send(&house.line(), get(&server.url())).await.err().unwrap();
    assert!(matches!(error, SendError::Denied(Denied::Address(egress::AddressDenied::OwnListener))), "{error}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn loopback_is_closed_unless_the_operator_opens_it() {
    let server = Server::ok("").await;
    let rules = serde_json::json!([{ "host": "127.0.0.1", "scheme": "http", "port": server.address.port() }]);
    let house = House::with(rules, |settings| settings.loopback_for_development = false);
    let error = send(&house.line(), get(&server.url())).await.err().unwrap();
    assert!(matches!(error, SendError::Denied(Denied::Address(egress::AddressDenied::OwnMachine))), "{error}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn what_the_connection_owns_is_refused_in_headers() {
    let server = Server::ok("").await;
    let house = House::to(server.address);
    for name in ["host", "connection", "transfer-encoding", "upgrade", "weir-depth", "proxy-authorization"] {
        let mut request = get(&server.url());
        request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static("x"));
        let error = send(&house.line(), request).await.err().unwrap();
        assert!(matches!(error, SendError::Denied(Denied::Header(_))), "{name}: {error}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn what_the_connection_owns_is_refused_in_trailers() {
    let server = Server::ok("").await;
    let house = House::to(server.address);
    let mut trailers = HeaderMap::new();
    trailers.insert("transfer-encoding", HeaderValue::from_static("chunked"));
    let frames = [Ok(Frame::data(Bytes::from_static(b"x"))), Ok(Frame::trailers(trailers))];
    let body = StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
    let request = Request::builder().method("POST").uri(server.url()).body(body).unwrap();
    let error = send(&house.line(), request).await.err().unwrap();
    assert!(matches!(error, SendError::Denied(Denied::Header(_))), "{error}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let answer = b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
    let server = Server::start(Act::Answer(answer.to_vec())).await;
    let house = House::to(server.address);
    let response = send(&house.line(), get(&server.url())).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["location"]),
        (302, &HeaderValue::from_static("http://169.254.169.254/"))
    );
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_compressed_body_passes_as_it_is() {
    let packed = b"\x1f\x8b\x08\x00not really";
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", packed.len());
    let server = Server::start(Act::Answer([head.as_bytes(), packed].concat())).await;
    let house = House::to(server.address);
    let response = send(&house.line(), get(&server.url())).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), &packed[..]);
    assert!(!server.asked()[0].contains("accept-encoding"));
}

#[tokio::test]
async fn a_body_without_end_is_cut_at_its_cap() {
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat();
    let server = Server::start(Act::Flood(head, chunk)).await;
    let house = House::to(server.address);
    let line = house.line_of("shop", |limits| limits.response_body = types::ByteCount::kib(100));
    let fault = send(&line, get(&server.url())).await.unwrap().into_body().collect().await.err().unwrap();
    assert!(matches!(fault, BodyFault::TooLarge(102_400)), "{fault}");
    assert!(line.used().bytes.get() < 300_000);
}

#[tokio::test]
async fn a_flood_of_headers_is_cut() {
    let server = Server::start(Act::Flood(b"HTTP/1.1 200 OK\r\n".to_vec(), b"x-more: and more\r\n".repeat(100))).await;
    let house = House::to(server.address);
    let error = send(&house.line(), get(&server.url())).await.err().unwrap();
    assert!(matches!(error, SendError::HeadTooLarge), "{error:?}");
}

#[tokio::test]
async fn who_is_silent_is_given_up() {
    let house_to = |server: &Server| House::to(server.address);
    let silent = Server::start(Act::Rest(Vec::new())).await;
    let error = send(&house_to(&silent).line_of("shop", short), get(&silent.url())).await.err().unwrap();
    assert!(matches!(error, SendError::ResponseTimeout), "{error}");

    let stops = Server::start(Act::Rest(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec())).await;
    let response = send(&house_to(&stops).line_of("shop", short), get(&stops.url())).await.unwrap();
    let fault = response.into_body().collect().await.err().unwrap();
    assert!(matches!(fault, BodyFault::TooSlow), "{fault}");
}

#[tokio::test]
async fn a_sender_may_want_shorter_times_but_not_longer_ones() {
    let silent = Server::start(Act::Rest(Vec::new())).await;
    let house = House::to(silent.address);
    let wanted = Timeouts { first_byte: Some(Duration::from_millis(50)), ..Timeouts::default() };
    let error = house.line().send(get(&silent.url()), wanted).await.err().unwrap();
    assert!(matches!(error, SendError::ResponseTimeout), "{error}");
    let wanted = Timeouts { first_byte: Some(Duration::from_hours(1)), ..Timeouts::default() };
    let error = house.line_of("shop", short).send(get(&silent.url()), wanted).await.err().unwrap();
    assert!(matches!(error, SendError::ResponseTimeout), "{error}");
}

#[tokio::test]
async fn a_body_that_is_cut_short_is_broken() {
    let server = Server::start(Act::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec())).await;
    let house = House::to(server.address);
    let fault = send(&house.line(), get(&server.url())).await.unwrap().into_body().collect().await.err().unwrap();
    assert!(matches!(fault, BodyFault::Http(_)), "{fault}");
}

#[tokio::test]
async fn another_protocol_is_not_spoken() {
    let server = Server::start(Act::Rest(
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".to_vec(),
    ))
    .await;
    let house = House::to(server.address);
    assert!(send(&house.line(), get(&server.url())).await.is_err());
}

#[tokio::test]
async fn a_request_larger_than_its_cap_is_broken_off() {
    let server = Server::ok("").await;
    let house = House::to(server.address);
    let line = house.line_of("shop", |limits| limits.request_body = types::ByteCount::of(3));
    let error = send(&line, post(&server.url(), "four")).await.err().unwrap();
    assert!(matches!(error, SendError::RequestTooLarge(3)), "{error:?}");
}

#[tokio::test]
async fn a_call_sends_so_many_requests_and_so_many_at_once() {
    let server = Server::ok("").await;
    let house = House::to(server.address);
    let line = house.line_of("shop", |limits| (limits.requests, limits.at_once) = (3, 2));
    let first = send(&line, get(&server.url())).await.unwrap();
    let second = send(&line, get(&server.url())).await.unwrap();
    let error = send(&line, get(&server.url())).await.err().unwrap();
    assert!(matches!(error, SendError::TooMany("a call's requests at once")), "{error}");
    drop((first, second));
    let error = send(&line, get(&server.url())).await.err().unwrap();
    assert!(matches!(error, SendError::TooMany("a call's requests")), "{error}");
}
