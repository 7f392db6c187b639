//! Requests that are refused before they are admitted. None leaves a row.

use catalog::{Actor, NewKey};
use types::{KeyKind, Rate, RateWindow};

use crate::host::{Answer, Host, Offer};
use tests::Component;

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_open_nothing_are_told_so() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    let other = host.open("other", &Component::echo().unwrap(), Offer::default()).await;
    let refused = |answer: Answer| answer.problem();
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
async fn a_key_whose_time_is_over_says_so_and_its_successor_opens() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    let catalog = &host.house.catalog;
    let key = catalog.snapshot().keys_of(shop.app).next().unwrap().id;
    catalog.retire_key(Actor::Host, key, host.house.clock.now()).await.unwrap();
    let refused = host.post("/echo/x", &shop.key, "").await;
    assert_eq!(refused.problem(), (401, "key-expired".to_owned()));
    assert!(refused.header("www-authenticate").starts_with("Bearer"), "{refused:?}");
    let new = NewKey { app: shop.app, kind: KeyKind::Live, expires_at: None };
    let (_, successor) = catalog.create_key(Actor::Host, new).await.unwrap();
    assert_eq!(host.post("/echo/x", successor.reveal(), "").await.status, 200);
    assert_eq!(host.rows().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_opens_the_routes_that_it_includes_and_no_others() {
    let host = Host::start().await;
    let offer = Offer {
        routes: vec![("POST", "/words/{word}"), ("POST", "/{*rest}")],
        included: Some("/words/{word}"),
        ..Offer::default()
    };
    let shop = host.open("echo", &Component::echo().unwrap(), offer).await;
    assert_eq!(host.post("/echo/words/one", &shop.key, "open").await.body, "open");
    // The last is another spelling, which is another route.
    for path in ["/echo/words", "/echo/words/one/two", "/echo/w%6frds/one"] {
        let refused = host.post(path, &shop.key, "").await;
        assert_eq!(refused.problem(), (403, "endpoint-not-in-plan".to_owned()), "{path}");
    }
    assert_eq!(host.row().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_a_route_does_not_have_is_told_those_that_it_has() {
    let host = Host::start().await;
    let offer =
        Offer { routes: vec![("GET", "/words"), ("POST", "/words"), ("PUT", "/words/{word}")], ..Offer::default() };
    let shop = host.open("echo", &Component::echo().unwrap(), offer).await;
    let ask = async |method: &str, path: &str| {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n", shop.key);
        host.raw(&format!("{head}connection: close\r\n\r\n")).await
    };
    for (method, path, allow) in [
        ("DELETE", "/echo/words", "GET, POST, HEAD"),
        ("GET", "/echo/words/one", "PUT"),
        ("BREW", "/echo/words/one", "PUT"),
    ] {
        let refused = ask(method, path).await;
        assert_eq!(refused.problem(), (405, "method-not-allowed".to_owned()), "{method} {path}");
        assert_eq!(refused.header("allow"), allow, "{method} {path}");
    }
    assert_eq!(host.rows(), []);
    assert_eq!(host.denials().await, [(Some("echo".to_owned()), "method-not-allowed".to_owned(), 3)]);
    for (method, path) in [("GET", "/echo/words"), ("HEAD", "/echo/words"), ("PUT", "/echo/words/one")] {
        assert_eq!(ask(method, path).await.status, 200, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_stands_in_the_books_by_its_api_and_its_reason() {
    let host = Host::start().await;
    let rate = Rate { count: 1, window: RateWindow::Hour, burst: 1 };
    let capped = host.open("capped", &Component::echo().unwrap(), Offer::hard(1)).await;
    let paced = host.open("paced", &Component::echo().unwrap(), Offer::rate(rate)).await;
    let disabled = host.open("disabled", &Component::echo().unwrap(), Offer::default()).await;
    let key = host.house.catalog.snapshot().keys_of(disabled.app).next().unwrap().id;
    host.house.catalog.disable_key(Actor::Host, key, "leaked").await.unwrap();
    let requests = [
        ("/capped/x", &*capped.key, 200),
        ("/paced/x", &paced.key, 200),
        ("/capped/x", &capped.key, 429),
        ("/capped/x", &capped.key, 429),
        ("/paced/x", &paced.key, 429),
        ("/capped/x", "somebody-elses", 401),
        ("/paced/x", &capped.key, 403),
        ("/disabled/x", &disabled.key, 401),
        ("/nothing/x", &capped.key, 404),
    ];
    for (path, key, status) in requests {
        assert_eq!(host.post(path, key, "").await.status, status, "{path}");
    }
    let denials = [
        (None, "not-found", 1),
        (Some("capped"), "invalid-key", 1),
        (Some("capped"), "quota-exceeded", 2),
        // To the public it is an invalid one.
        (Some("disabled"), "key-disabled", 1),
        (Some("paced"), "not-subscribed", 1),
        (Some("paced"), "rate-limited", 1),
    ];
    let denials = denials.map(|(api, reason, calls)| (api.map(str::to_owned), reason.to_owned(), calls));
    assert_eq!(host.denials().await, denials);
    assert_eq!(host.rows().len(), 2, "those that were served");
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_lead_nowhere_are_told_so() {
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
