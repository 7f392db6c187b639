//! Requests that two readers could tell apart differently, byte by byte over a socket; and clients that do not stop.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::host::{Host, Offer, Shop};
use tests::Component;

/// Everything that comes back until the host closes. A reset is a failure: it can cost a client its answer.
async fn exchange(host: &Host, bytes: &str) -> String {
    let mut socket = host.connect().await;
    socket.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn echo(host: &Host, request_body: types::ByteCount) -> Shop {
    let mut offer = Offer::default();
    offer.limits.request_body = request_body;
    host.open("echo", &Component::echo().unwrap(), offer).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_could_be_read_in_two_ways_is_refused_and_ends_the_connection() {
    let host = Host::start().await;
    let shop = echo(&host, types::ByteCount::kib(64)).await;
    let hidden = format!("GET /echo/hidden HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n\r\n", shop.key);
    let length = hidden.len();
    let framed = [
        format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n{hidden}"),
        format!("content-length: 0\r\ncontent-length: {length}\r\n\r\n{hidden}"),
        format!("content-length: {length}\r\ncontent-length: {length}\r\n\r\n{hidden}"),
        format!("content-length: 0, {length}\r\n\r\n{hidden}"),
        format!("content-length: +{length}\r\n\r\n{hidden}"),
        format!("content-length: 0x{length:x}\r\n\r\n{hidden}"),
        format!("content-length : {length}\r\n\r\n{hidden}"),
        format!("content-length\t: {length}\r\n\r\n{hidden}"),
        format!("content-length:\r\n {length}\r\n\r\n{hidden}"),
        format!("x-a: b\r\n folded\r\n\r\n{hidden}"),
        format!(" content-length: {length}\r\n\r\n{hidden}"),
        format!("x-a: b\rcontent-length: {length}\r\n\r\n{hidden}"),
        format!("x-a: b\ncontent-length: {length}\r\n\r\n{hidden}"),
        format!("x-a: b\0\r\n\r\n{hidden}"),
        format!("x-a: b\r\n\n{hidden}"),
        format!("transfer-encoding: identity\r\n\r\n{hidden}"),
        format!("transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n{hidden}"),
        format!("transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("transfer-encoding: \u{b}chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("transfer-encoding : chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked\r\n\r\n3\nabc\n0\n\n{hidden}"),
        format!("transfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked\r\n\r\n3;\nx\r\nabc\r\n0\r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n{hidden}"),
        format!("host: y\r\ncontent-length: 0\r\nconnection: close\r\n\r\n{hidden}"),
    ];
    for framing in framed {
        let head = format!("POST /echo/x HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n", shop.key);
        let answer = exchange(&host, &format!("{head}{framing}")).await;
        let told = framing.split(&hidden).next();
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{told:?}: {answer}");
        assert!(answer.contains("\"code\":\"request-invalid\""), "{told:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{told:?}: {answer}");
    }
    for line in
        ["POST /echo/x\r HTTP/1.1", "POST /echo/x HTTP/1.1\r", "POST  /echo/x HTTP/1.1", "POST /echo/x HTTP/1.2"]
    {
        let answer = exchange(&host, &format!("{line}\r\nhost: x\r\n\r\n{hidden}")).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.matches("HTTP/1.1 ").count() == 1, "{line:?}: {answer}");
    }
    let old = format!(
        "POST /echo/x HTTP/1.0\r\nx-api-key: {}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
        shop.key
    );
    assert!(exchange(&host, &old).await.starts_with("HTTP/1.1 400 "), "HTTP/1.0 knows no chunks");
    assert_eq!(host.rows(), [], "nothing that was hidden in a body has run");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_said_after_the_answers_to_those_before_it() {
    let host = Host::start().await;
    let shop = echo(&host, types::ByteCount::kib(64)).await;
    let head = format!("POST /echo/x HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n", shop.key);
    let good = format!("{head}transfer-encoding: chunked\r\n\r\n5;ext=\"1\"\r\nfirst\r\n0\r\nx-trailer: y\r\n\r\n");
    let bad = format!("{head}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n");
    let answer = exchange(&host, &format!("{good}{good}{bad}{good}")).await;
    let statuses: Vec<&str> = answer.match_indices("HTTP/1.1 ").map(|(at, _)| &answer[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["200", "200", "400"], "{answer}");
    assert!(answer.contains("has both Content-Length and Transfer-Encoding"), "{answer}");
    assert_eq!(host.rows().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_on_past_a_refusal_can_still_read_it() {
    let host = Host::start().await;
    let shop = echo(&host, types::ByteCount::kib(4)).await;
    let length = 8 << 20;
    let chunk = format!("10000\r\n{}\r\n", "a".repeat(0x1_0000));
    let head = |key: &str| format!("POST /echo/x HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n");
    let uploads = [
        (format!("{}content-length: {length}\r\n\r\n{}", head(&shop.key), "a".repeat(length)), "413"),
        (format!("{}transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", head(&shop.key), chunk.repeat(128)), "413"),
        (format!("{}content-length: {length}\r\n\r\n{}", head("unknown"), "a".repeat(length)), "413"),
        (format!("{}x-a : b\r\ncontent-length: {length}\r\n\r\n{}", head(&shop.key), "a".repeat(length)), "400"),
    ];
    for (upload, status) in uploads {
        // Written to its last byte before anything is read, as simple clients do.
        let answer = exchange(&host, &upload).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.ends_with('}'), "{answer}");
    }
    assert_eq!(host.rows(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_stops_is_cut_off_in_the_end() {
    let host = Host::start().await;
    let shop = echo(&host, types::ByteCount::kib(4)).await;
    let mut socket = host.connect().await;
    let head = format!("POST /echo/x HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n", shop.key);
    socket.write_all(format!("{head}content-length: 1000000000\r\n\r\n").as_bytes()).await.unwrap();
    let block = vec![b'a'; 1 << 20];
    let mut sent = 0_usize;
    while socket.write_all(&block).await.is_ok() {
        sent += block.len();
        assert!(sent < 900_000_000, "the host takes whatever comes");
    }
    while host.gateway.load().connections > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(host.rows(), []);
}
