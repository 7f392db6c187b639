//! Requests that are refused before they are admitted. None leaves a row.

use catalog::Actor;

use crate::host::{Host, Offer};
use tests::Component;

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_open_nothing_are_told_so() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    let other = host.open("other", &Component::echo().unwrap(), Offer::default()).await;
    let refused = |answer: crate::host::Answer| answer.problem();
    let missing = host.raw("GET /echo/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(missing.header("www-authenticate").starts_with("Bearer"));
    assert_eq!(refused(missing), (401, "missing-key".to_owned()));
    let mistyped = "weir_live_0123456789ABCDEFGHIJabcdefghij000000";
    assert_eq!(refused(host.post("/echo/x", mistyped, "").await), (401, "invalid-key".to_owned()));
    assert_eq!(refused(host.post("/echo/x", "somebody-elses", "").await), (401, "invalid-key".to_owned()));
    assert_eq!(refused(host.post("/echo/x", &other.key, "").await), (403, "not-subscribed".to_owned()));
    let snapshot = host.house.catalog.snapshot();
    let key = snapshot.keys_of(shop.app).next().unwrap().id;
    drop(snapshot);
    host.house.catalog.disable_key(Actor::Host, key, "leaked").await.unwrap();
    // Disabled and unknown read alike.
    assert_eq!(refused(host.post("/echo/x", &shop.key, "").await), (401, "invalid-key".to_owned()));
    assert_eq!(host.rows(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_methods_that_lead_nowhere_are_told_so() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    for path in ["/", "/nothing/x", "/-/nothing", "/-"] {
        assert_eq!(host.post(path, &shop.key, "").await.problem(), (404, "not-found".to_owned()), "{path}");
    }
    assert_eq!(host.raw("GET /-/healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_past_their_limits_are_refused_with_a_body() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    let key = &shop.key;
    let get = |target: &str, more: &str| {
        format!("GET {target} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n{more}connection: close\r\n\r\n")
    };
    let many = (0..120).map(|number| format!("x-{number}: 1\r\n")).collect::<Vec<_>>().concat();
    let large = format!("x-large: {}\r\n", "a".repeat(33 * 1_024));
    let huge = format!("x-large: {}\r\n", "a".repeat(200 * 1_024));
    let long = format!("/echo/{}", "a".repeat(9 * 1_024));
    let cases = [
        (get("/echo/x", &many), 431, "headers-too-large"),
        (get("/echo/x", &large), 431, "headers-too-large"),
        (get("/echo/x", &huge), 431, "headers-too-large"),
        (get(&long, ""), 414, "uri-too-long"),
        (get("/echo/x", "weir-depth: 5\r\n"), 508, "loop-detected"),
        ("GET /echo/x HTTP/1.1\r\nconnection: close\r\n\r\n".to_owned(), 400, "request-invalid"),
        ("GARBAGE\r\n\r\n".to_owned(), 400, "request-invalid"),
        ("GET /echo/x HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n".to_owned(), 400, "request-invalid"),
        ("GET /echo/\u{1} HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), 400, "request-invalid"),
    ];
    for (request, status, code) in cases {
        let answer = host.raw(&request).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{:?}", request.get(..60));
    }
    assert_eq!(host.rows(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_past_their_limit_are_refused_before_and_while_they_are_read() {
    let host = Host::start().await;
    let mut offer = Offer::default();
    offer.limits.request_body = types::ByteCount::kib(4);
    let shop = host.open("echo", &Component::echo().unwrap(), offer).await;
    let said = format!("POST /echo/x HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n", shop.key);
    let announced = host.raw(&format!("{said}content-length: 5000\r\n\r\n")).await;
    assert_eq!(announced.problem(), (413, "payload-too-large".to_owned()));
    let chunk = format!("1000\r\n{}\r\n", "a".repeat(4_096));
    let chunked = host.raw(&format!("{said}transfer-encoding: chunked\r\n\r\n{chunk}{chunk}")).await;
    assert_eq!(chunked.problem(), (413, "payload-too-large".to_owned()));
    assert_eq!(host.post("/echo/x", &shop.key, &"a".repeat(4_096)).await.status, 200);
    assert_eq!(host.rows().len(), 1);
}
