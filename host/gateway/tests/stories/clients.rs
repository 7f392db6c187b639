//! Clients that are slow, many, or speak HTTP/2.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use crate::host::{Answer, Host, Offer};
use gateway::{Pace, Settings};
use tests::Component;

fn impatient() -> Settings {
    Settings {
        head_timeout: Duration::from_millis(200),
        pace: Pace { idle: Duration::from_millis(200), grace: Duration::from_millis(100), bytes_per_second: 1_024 },
        ..Settings::for_cores(2)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_head_is_cut_off_with_a_word() {
    let host = Host::with(impatient()).await;
    let mut socket = host.connect().await;
    socket.write_all(b"GET /echo/x HTTP/1.1\r\nhost: x\r\nx-").await.unwrap();
    assert_eq!(Answer::read(socket).await.problem(), (408, "request-timeout".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_is_cut_off_with_a_word_and_leaves_no_row() {
    let host = Host::with(impatient()).await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    let mut socket = host.connect().await;
    let head =
        format!("POST /echo/x HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-length: 100\r\n\r\nhalf", shop.key);
    socket.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(Answer::read(socket).await.problem(), (408, "request-timeout".to_owned()));
    assert_eq!(host.rows(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_house_sheds_and_says_when_to_come_back() {
    let settings = Settings { calls_in_flight: 1, ..Settings::for_cores(2) };
    let host = Host::with(settings).await;
    let mut offer = Offer::default().fuel(50_000_000_000);
    offer.limits.wall = Duration::from_secs(2);
    let shop = host.open("slow", &Component::spinning().unwrap(), offer).await;
    let mut first = host.connect().await;
    let head = format!("GET /slow/x HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nconnection: close\r\n\r\n", shop.key);
    first.write_all(head.as_bytes()).await.unwrap();
    while host.gateway.load().guests == 0 {
        tokio::task::yield_now().await;
    }
    let shed = host.post("/slow/x", &shop.key, "").await;
    assert_eq!(shed.problem(), (503, "overloaded".to_owned()));
    assert!(!shed.header("retry-after").is_empty());
    assert_eq!(Answer::read(first).await.problem(), (504, "execution-timeout".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_place_in_time_is_recorded_as_overloaded() {
    let settings = Settings {
        guests: 1,
        guest_turn: Duration::from_mins(1),
        patience: Duration::from_millis(100),
        ..Settings::for_cores(2)
    };
    let host = Host::with(settings).await;
    let mut offer = Offer::hard(10).fuel(50_000_000_000);
    offer.limits.wall = Duration::from_secs(2);
    let shop = host.open("slow", &Component::spinning().unwrap(), offer).await;
    let mut first = host.connect().await;
    let head = format!("GET /slow/x HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nconnection: close\r\n\r\n", shop.key);
    first.write_all(head.as_bytes()).await.unwrap();
    while host.gateway.load().guests == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(host.post("/slow/x", &shop.key, "").await.problem(), (503, "overloaded".to_owned()));
    let row = host.row();
    assert_eq!((row.outcome.as_str(), row.billed), ("overloaded", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_many_calls_over_both_versions_of_http() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::hard(100)).await;
    for http2 in [false, true] {
        let mut builder = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new());
        builder.http2_only(http2);
        let client: hyper_util::client::legacy::Client<_, http_body_util::Full<bytes::Bytes>> = builder.build_http();
        for number in 0..10 {
            let request = http::Request::post(format!("http://{}/echo/x", host.address))
                .header("x-api-key", &shop.key)
                .body(http_body_util::Full::from(format!("call {number}")))
                .unwrap();
            let answer = client.request(request).await.unwrap();
            assert_eq!(answer.status(), 200);
            let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
            assert_eq!(body, format!("call {number}"));
        }
    }
    assert_eq!(host.rows().len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_answered_as_get_is_without_a_body_over_both_versions_of_http() {
    let host = Host::start().await;
    for http2 in [false, true] {
        let mut builder = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new());
        builder.http2_only(http2);
        let client: hyper_util::client::legacy::Client<_, http_body_util::Full<bytes::Bytes>> = builder.build_http();
        let mut answers = Vec::new();
        for method in ["GET", "HEAD"] {
            let request = http::Request::builder().method(method).uri(format!("http://{}/nothing/x", host.address));
            let answer = client.request(request.body(http_body_util::Full::default()).unwrap()).await.unwrap();
            let length = answer.headers()["content-length"].to_str().unwrap().parse::<usize>().unwrap();
            let status = answer.status();
            let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
            answers.push((status, length, body.len()));
        }
        let [(status, length, sent), head] = answers[..] else { panic!("two were asked for") };
        assert_eq!((sent, head), (length, (status, length, 0)), "HTTP/2: {http2}");
    }
}
