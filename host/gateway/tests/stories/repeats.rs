//! Requests with an `Idempotency-Key`.

use tokio::io::AsyncWriteExt as _;
use types::{Rate, RateWindow};

use crate::host::{Answer, Host, Offer, Shop};
use tests::Component;

impl Host {
    /// Posts `body` under an idempotency key, as the header has it.
    async fn once(&self, path: &str, shop: &Shop, key: &str, body: &str) -> Answer {
        self.raw(&request("POST", path, shop, &format!("idempotency-key: {key}\r\n"), body)).await
    }
}

fn request(method: &str, path: &str, shop: &Shop, more: &str, body: &str) -> String {
    let (key, length) = (&shop.key, body.len());
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n{more}content-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_gets_the_first_answer_and_is_not_billed() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::hard(1)).await;
    let first = host.once("/echo/a?b=1", &shop, "\"key-1\"", "hello").await;
    assert_eq!((first.status, first.body.as_str(), first.header("weir-replay-of")), (200, "hello", ""));
    // The quota is spent, and the key comes without its quotes.
    let again = host.once("/echo/a?b=1", &shop, "key-1", "hello").await;
    assert_eq!((again.status, again.body.as_str()), (200, "hello"));
    assert_eq!(again.header("weir-replay-of"), first.header("x-request-id"));
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    let rows = host.rows();
    let told: Vec<_> = rows.iter().map(|row| (row.call.as_str(), row.outcome.as_str(), row.billed)).collect();
    assert_eq!(told, [(first.header("x-request-id"), "ok", 1), (again.header("x-request-id"), "replayed", 0)]);
    assert_eq!(host.once("/echo/a", &shop, "key-2", "hello").await.problem().1, "quota-exceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_request_under_the_key_is_refused_and_another_route_has_its_own() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::hard(9)).await;
    assert_eq!(host.once("/echo/a", &shop, "k", "1").await.status, 200);
    let mismatch = || (422, "idempotency-mismatch".to_owned());
    assert_eq!(host.once("/echo/a", &shop, "k", "2").await.problem(), mismatch());
    assert_eq!(host.once("/echo/b", &shop, "k", "1").await.problem(), mismatch());
    assert_eq!(host.once("/echo/a?c", &shop, "k", "1").await.problem(), mismatch());
    let other = host.raw(&request("PUT", "/echo/a", &shop, "idempotency-key: k\r\n", "1")).await;
    assert_eq!(other.problem(), mismatch());
    assert_eq!(host.rows().len(), 1, "a refusal leaves no row");
    let elsewhere = host.open("other", &Component::echo().unwrap(), Offer::hard(9)).await;
    assert_eq!(host.once("/other/a", &elsewhere, "k", "2").await.body, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_first_still_runs_is_told_so() {
    let host = Host::start().await;
    let mut offer = Offer::hard(2).fuel(50_000_000_000);
    offer.limits.wall = std::time::Duration::from_secs(2);
    let shop = host.open("slow", &Component::spinning().unwrap(), offer).await;
    let mut first = host.connect().await;
    let text = request("POST", "/slow/x", &shop, "idempotency-key: k\r\n", "");
    first.write_all(text.as_bytes()).await.unwrap();
    while host.gateway.load().guests == 0 {
        tokio::task::yield_now().await;
    }
    let running = host.once("/slow/x", &shop, "k", "").await;
    assert_eq!(running.problem(), (409, "idempotency-conflict".to_owned()));
    // A failure is a result like any other: the component does not run again.
    let failed = Answer::read(first).await;
    assert_eq!(failed.problem(), (504, "execution-timeout".to_owned()));
    let again = host.once("/slow/x", &shop, "k", "").await;
    assert_eq!((again.status, again.body.as_str()), (504, failed.body.as_str()));
    assert_eq!(again.header("content-type"), "application/problem+json");
    let outcomes: Vec<_> = host.rows().into_iter().map(|row| (row.outcome, row.status)).collect();
    assert_eq!(outcomes, [("deadline".to_owned(), 504), ("replayed".to_owned(), 504)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_too_large_to_keep_is_named_and_does_not_run_again() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::hard(9)).await;
    let large = "x".repeat((64 << 10) + 1);
    let first = host.once("/echo/a", &shop, "k", &large).await;
    assert_eq!((first.status, first.body.len()), (200, large.len()));
    let again = host.once("/echo/a", &shop, "k", &large).await;
    assert_eq!(again.problem(), (409, "idempotency-conflict".to_owned()));
    assert!(again.body.contains(first.header("x-request-id")), "{again:?}");
    assert_eq!(host.rows().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_on_a_safe_method_says_nothing_and_a_bad_one_is_refused() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::hard(9)).await;
    for _ in 0..2 {
        let got = host.raw(&request("GET", "/echo/a", &shop, "idempotency-key: k\r\n", "")).await;
        assert_eq!((got.status, got.header("weir-replay-of")), (200, ""));
    }
    for bad in ["", "\"open", &"k".repeat(256), "a\r\nidempotency-key: a"] {
        assert_eq!(host.once("/echo/a", &shop, bad, "").await.problem(), (400, "request-invalid".to_owned()), "{bad}");
    }
    assert_eq!(host.rows().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_takes_a_token_of_the_rate() {
    let host = Host::start().await;
    let rate = Rate { count: 2, window: RateWindow::Hour, burst: 2 };
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::rate(rate)).await;
    assert_eq!(host.once("/echo/a", &shop, "k", "1").await.status, 200);
    let again = host.once("/echo/a", &shop, "k", "1").await;
    assert_eq!((again.status, again.header("x-ratelimit-remaining")), (200, "0"));
    assert_eq!(host.once("/echo/a", &shop, "k", "1").await.problem(), (429, "rate-limited".to_owned()));
}
