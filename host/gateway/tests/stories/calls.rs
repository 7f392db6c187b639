//! Calls that are admitted, and how they end.

use types::{Rate, RateWindow};

use crate::host::{Answer, Host, Offer};
use tests::Component;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_answered_recorded_and_shows_its_limits() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::hard(10)).await;
    let head = format!("POST /echo/hello?a=1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n", shop.key);
    let answer =
        host.raw(&format!("{head}x-request-id: mine\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "hello"));
    assert_eq!(answer.header("content-length"), "5");
    assert!(answer.header("ratelimit").starts_with("\"Requests\";r=9;t="), "{answer:?}");
    assert_eq!(answer.header("x-ratelimit-requests-remaining"), "9");
    let row = host.row();
    assert_eq!(row.call, answer.header("x-request-id"));
    assert_eq!((row.status, row.outcome.as_str(), row.billed), (200, "ok", 1));
    assert_eq!(row.client_request_id.as_deref(), Some("mine"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_is_found_by_its_host_name_too() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    let head = format!("POST /x HTTP/1.1\r\nhost: ECHO.example:80\r\nx-rapidapi-key: {}\r\n", shop.key);
    let answer = host.raw(&format!("{head}content-length: 2\r\nconnection: close\r\n\r\nhi")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "hi"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_quota_refuses_before_the_component_runs_and_leaves_no_row() {
    let host = Host::start().await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::hard(1)).await;
    assert_eq!(host.post("/echo/a", &shop.key, "1").await.status, 200);
    let refused = host.post("/echo/a", &shop.key, "2").await;
    assert_eq!(refused.problem(), (429, "quota-exceeded".to_owned()));
    assert!(refused.body.contains("You have exceeded the DAILY quota for Requests on your current plan, BASIC."));
    assert!(refused.header("retry-after").parse::<u64>().unwrap() <= 86_400);
    assert_eq!(refused.header("x-ratelimit-requests-remaining"), "0");
    assert_eq!(host.rows().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_comes_too_fast_takes_no_quota() {
    let host = Host::start().await;
    let rate = Rate { count: 1, window: RateWindow::Hour, burst: 1 };
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::rate(rate)).await;
    assert_eq!(host.post("/echo/a", &shop.key, "1").await.status, 200);
    let refused = host.post("/echo/a", &shop.key, "2").await;
    assert_eq!(refused.problem(), (429, "rate-limited".to_owned()));
    assert!(refused.header("ratelimit").starts_with("\"rph\";r=0;t="), "{refused:?}");
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(host.rows().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_that_loop_trap_or_hoard_fail_alone_and_bill_nothing() {
    let host = Host::start().await;
    let ends = [
        ("spin", Component::spinning(), Offer::hard(1).fuel(50_000_000), "out_of_fuel", 502, "component-limit"),
        ("slow", Component::spinning(), Offer::hard(1).fuel(50_000_000_000), "deadline", 504, "execution-timeout"),
        ("trap", Component::trapping(), Offer::hard(1), "trap", 502, "component-failed"),
        ("hoard", Component::hoarding(), Offer::hard(1), "memory_limit", 502, "component-limit"),
    ];
    for (number, (slug, component, mut offer, outcome, status, code)) in ends.into_iter().enumerate() {
        // The others end by themselves; a busy machine may take its time.
        offer.limits.wall = std::time::Duration::from_secs(if slug == "slow" { 2 } else { 30 });
        let shop = host.open(slug, &component.unwrap(), offer).await;
        let answer = host.post(&format!("/{slug}/x"), &shop.key, "").await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{slug}");
        let row = &host.rows()[number];
        assert_eq!((row.status, row.outcome.as_str(), row.billed), (status, outcome, 0), "{slug}");
        assert_eq!(row.error_code.as_deref(), Some(code), "{slug}");
        assert_eq!(row.call, answer.header("x-request-id"));
    }
    // The one unit of each plan is still there.
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::hard(1)).await;
    assert_eq!(host.post("/echo/x", &shop.key, "still here").await.body, "still here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_makes_no_call_free() {
    let host = Host::start().await;
    let mut offer = Offer::hard(1).fuel(50_000_000_000);
    offer.limits.wall = std::time::Duration::from_millis(700);
    let shop = host.open("slow", &Component::spinning().unwrap(), offer).await;
    let mut socket = host.connect().await;
    let head = format!("GET /slow/x HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n\r\n", shop.key);
    socket.write_all(head.as_bytes()).await.unwrap();
    while host.gateway.load().guests == 0 {
        tokio::task::yield_now().await;
    }
    drop(socket);
    while host.gateway.load().calls > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let row = host.row();
    assert_eq!((row.outcome.as_str(), row.client_gone), ("deadline", true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_lets_calls_end_and_aborts_those_that_do_not() {
    let settings =
        gateway::Settings { drain: std::time::Duration::from_millis(200), ..gateway::Settings::for_cores(2) };
    let host = Host::with(settings).await;
    let offer = Offer {
        limits: catalog::Limits { wall: std::time::Duration::from_mins(1), ..Default::default() },
        ..Offer::default()
    };
    let shop = host.open("slow", &Component::spinning().unwrap(), offer.fuel(50_000_000_000)).await;
    let (host, path) = (std::sync::Arc::new(host), "/slow/x");
    let (asking, key) = (std::sync::Arc::clone(&host), shop.key.clone());
    let answer = tokio_util::task::TaskTracker::new().spawn(async move { asking.post(path, &key, "").await });
    while host.gateway.load().guests == 0 {
        tokio::task::yield_now().await;
    }
    host.stop.cancel();
    let answer = answer.await.unwrap();
    assert_eq!(answer.problem(), (503, "aborted".to_owned()));
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!((host.row().outcome.as_str(), host.row().billed), ("aborted", 0));
}

/// Reads until `mark` has come.
async fn read_until(socket: &mut TcpStream, mark: &str) {
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(mark) {
        assert_ne!(socket.read_buf(&mut seen).await.unwrap(), 0, "{}", String::from_utf8_lossy(&seen));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_lets_calls_under_way_end_well_and_refuses_those_that_come_too_late() {
    let host = Host::start().await;
    let echo = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    let waiting = Component::streaming("(call $begin) (call $echo) (call $end)").unwrap();
    let flow = host.open("flow", &waiting, Offer::default()).await;
    let begin = async |bytes: &str| {
        let mut socket = host.connect().await;
        socket.write_all(bytes.as_bytes()).await.unwrap();
        socket
    };
    let head = |path: &str, key: &str| format!("POST {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n");
    let asking = head("/echo/x", &echo.key);
    let mut idle = begin(&format!("{asking}content-length: 4\r\n\r\nidle")).await;
    read_until(&mut idle, "\r\n\r\nidle").await;
    // Several: one of which no byte was read yet when the stop comes is closed without an answer.
    let mut late = Vec::new();
    for _ in 0..4 {
        late.push(begin(&asking).await);
    }
    let mut upload = begin(&format!("{asking}content-length: 8\r\n\r\nhalf")).await;
    while host.gateway.load().in_flight != 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(host.gateway.load().calls, 1, "a stop waits for what is still arriving");
    let streamed = head("/flow/x", &flow.key);
    let mut stream = begin(&format!("{streamed}transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n")).await;
    read_until(&mut stream, "half\r\n").await;
    while host.gateway.load().in_flight != 2 {
        tokio::task::yield_now().await;
    }

    host.stop.cancel();
    while TcpStream::connect(host.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(idle.read(&mut [0]).await.unwrap(), 0, "it is closed");
    upload.write_all(b"done").await.unwrap();
    let answer = Answer::read(upload).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "halfdone"));

    let mut refused = 0;
    for mut socket in late {
        let is_read = socket.write_all(b"content-length: 0\r\n\r\n").await.is_ok();
        if is_read && socket.peek(&mut [0]).await.is_ok_and(|seen| seen > 0) {
            let answer = Answer::read(socket).await;
            assert_eq!(answer.problem(), (503, "draining".to_owned()));
            assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0, "{answer:?}");
            refused += 1;
        }
    }
    assert_ne!(refused, 0, "none of them was answered");

    stream.write_all(b"4\r\ndone\r\n0\r\n\r\n").await.unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "4\r\ndone\r\n0\r\n\r\n");
    let ended: Vec<_> = host.rows().into_iter().map(|row| (row.status, row.outcome)).collect();
    assert_eq!(ended, vec![(200, "ok".to_owned()); 3]);
    assert_eq!(host.denials().await, [(None, "draining".to_owned(), refused)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_components_own_failure_is_recorded_by_the_code_that_the_client_reads() {
    let host = Host::start().await;
    let shop = host.open("picky", &Component::refusing().unwrap(), Offer::hard(1)).await;
    let answer = host.post("/picky/x", &shop.key, "").await;
    assert_eq!(answer.problem(), (415, "unsupported-media".to_owned()));
    let row = host.row();
    assert_eq!((row.status, row.outcome.as_str()), (415, "guest_error"));
    assert_eq!(row.error_code.as_deref(), Some("unsupported-media"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_says_its_status_and_what_is_wrong_with_the_request() {
    let host = Host::start().await;
    let shop = host.open("words", &Component::explaining().unwrap(), Offer::default()).await;
    let detail = r#"{"status":404,"errors":[{"pointer":"/word","detail":"is not there"}],"more":1}"#;
    let answer = host.post("/words/x", &shop.key, detail).await;
    assert_eq!(answer.problem(), (404, "no-such-word".to_owned()));
    let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(problem["errors"], serde_json::json!([{ "pointer": "/word", "detail": "is not there" }]));
    let row = host.row();
    assert_eq!((row.status, row.error_code.as_deref()), (404, Some("no-such-word")));

    for unfit in ["", "404", r#"{"status":200}"#, r#"{"status":"404"}"#] {
        assert_eq!(host.post("/words/x", &shop.key, unfit).await.problem().0, 400, "{unfit}");
    }
}
