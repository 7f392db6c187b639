//! What guests answer and report: answers, failures, bad answers, the meter, tasks.

use std::sync::Arc;

use bytes::Bytes;
use sandbox::{FailureKind, Limits};
use types::{Fuel, Outcome};

use crate::guests::{House, OK, context, http, task};

/// A response of this status, these header words at 600 and no body.
fn answer(status: u32, headers: &str, count: u32) -> String {
    format!(
        "(i32.store16 (i32.const 520) (i32.const {status})) {headers}
         (i32.store (i32.const 524) (i32.const 600)) (i32.store (i32.const 528) (i32.const {count}))
         (i32.const 512)"
    )
}

/// A field in the list at 600: name and value by address and length.
fn field(index: u32, name: (u32, u32), value: (u32, u32)) -> String {
    let at = 600 + 16 * index;
    format!(
        "(i32.store (i32.const {at}) (i32.const {})) (i32.store (i32.const {}) (i32.const {}))
         (i32.store (i32.const {}) (i32.const {})) (i32.store (i32.const {}) (i32.const {}))",
        name.0,
        at + 4,
        name.1,
        at + 8,
        value.0,
        at + 12,
        value.1
    )
}

#[tokio::test]
async fn an_echo_answers_with_the_request_body() {
    let echo = "(i32.store16 (i32.const 520) (i32.const 201))
                (i64.store (i32.const 532) (i64.load (i32.add (local.get $args) (i32.const 156)))) (i32.const 512)";
    let ran = House::new().run(http("", echo), Limits::default()).await;
    assert_eq!(ran.outcome, Outcome::Ok, "{ran:?}");
    let answer = ran.answer.unwrap();
    assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (201, b"body".as_slice()));
    assert!(ran.spent.fuel > Fuel::ZERO && ran.spent.memory_peak.get() == 131_072);
}

#[tokio::test]
async fn the_same_call_spends_the_same_fuel() {
    let house = House::new();
    let component = house.ready(http("", OK)).await;
    let mut spent = Vec::new();
    for _ in 0..5 {
        let request = crate::guests::request();
        let ran = house.sandbox.call_http(&component, &context(), request, &Arc::new(Limits::default())).await;
        spent.push(ran.spent.fuel);
    }
    assert!(spent.windows(2).all(|pair| pair[0] == pair[1]), "{spent:?}");
}

#[tokio::test]
async fn a_bad_status_is_an_invalid_response() {
    let house = House::new();
    for status in [0, 99, 100, 600, 1000] {
        let ran = house.run(http("", &answer(status, "", 0)), Limits::default()).await;
        assert_eq!(ran.outcome, Outcome::InvalidResponse, "{status}: {ran:?}");
    }
}

#[tokio::test]
async fn a_header_that_could_split_or_frame_the_response_is_invalid() {
    let house = House::new();
    let data = r#"(data (i32.const 64) "x-a\0d\0ax-b") (data (i32.const 96) "connection")
                  (data (i32.const 128) "content-length") (data (i32.const 160) "+0")"#;
    let bad = [
        answer(200, &field(0, (64, 8), (160, 1)), 1),
        answer(200, &field(0, (64, 3), (66, 4)), 1),
        answer(200, &field(0, (96, 10), (160, 1)), 1),
        answer(200, &field(0, (128, 14), (160, 2)), 1),
        answer(200, &format!("{}{}", field(0, (128, 14), (161, 1)), field(1, (128, 14), (161, 1))), 2),
    ];
    for handle in bad {
        let ran = house.run(http(data, &handle), Limits::default()).await;
        assert_eq!(ran.outcome, Outcome::InvalidResponse, "{handle}: {ran:?}");
    }
}

#[tokio::test]
async fn a_flood_of_headers_is_too_large() {
    // A thousand fields, all of them the one at 600 again: an empty list of bytes each.
    let handle = "(i32.store16 (i32.const 520) (i32.const 200))
                  (i32.store (i32.const 524) (i32.const 65536)) (i32.store (i32.const 528) (i32.const 1000))
                  (i32.const 512)";
    let ran = House::new().run(http("", handle), Limits::default()).await;
    assert!(matches!(ran.outcome, Outcome::OutputTooLarge | Outcome::InvalidResponse), "{ran:?}");
}

#[tokio::test]
async fn a_failure_comes_back_by_name() {
    let data = r#"(data (i32.const 64) "unknown-country") (data (i32.const 96) "No such country.")"#;
    let handle = "(i32.store8 (i32.const 512) (i32.const 1))
                  (i32.store (i32.const 528) (i32.const 64)) (i32.store (i32.const 532) (i32.const 15))
                  (i32.store (i32.const 536) (i32.const 96)) (i32.store (i32.const 540) (i32.const 16))
                  (i32.const 512)";
    let ran = House::new().run(http(data, handle), Limits::default()).await;
    assert_eq!(ran.outcome, Outcome::GuestError, "{ran:?}");
    let failure = ran.failure.unwrap();
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Rejected, "unknown-country"));
}

#[tokio::test]
async fn what_is_metered_is_summed_and_survives_a_trap() {
    let data = r#"(data (i32.const 64) "pages") (data (i32.const 96) "requests")"#;
    let meter = "(call $add (i32.const 64) (i32.const 5) (i64.const 3) (i32.const 904))
                 (call $add (i32.const 64) (i32.const 5) (i64.const 4) (i32.const 904))
                 (if (i32.load8_u (i32.const 904)) (then unreachable))
                 (call $add (i32.const 64) (i32.const 5) (i64.const 4) (i32.const 904))
                 (if (i32.eqz (i32.load8_u (i32.const 904))) (then unreachable))
                 (call $add (i32.const 64) (i32.const 5) (i64.const -1) (i32.const 904))
                 (if (i32.eqz (i32.load8_u (i32.const 904))) (then unreachable))
                 (call $add (i32.const 96) (i32.const 8) (i64.const 1) (i32.const 904))
                 (if (i32.eqz (i32.load8_u (i32.const 904))) (then unreachable))";
    let house = House::new();
    let ran = house.run(http(data, &format!("{meter} {OK}")), Limits::default()).await;
    assert_eq!(ran.outcome, Outcome::Ok, "{ran:?}");
    assert_eq!(
        ran.reported.iter().map(|(name, units)| (name.as_str(), units.get())).collect::<Vec<_>>(),
        [("pages", 7)]
    );

    let trapped = "(call $add (i32.const 64) (i32.const 5) (i64.const 3) (i32.const 904)) unreachable";
    let ran = house.run(http(data, trapped), Limits::default()).await;
    assert_eq!(ran.outcome, Outcome::Trap, "{ran:?}");
    assert_eq!(ran.reported[0].1.get(), 3);
}

/// A task's answer or error whose two texts lie at 64 and 96.
fn task_result(tag: u32, first: u32, second: u32) -> String {
    format!(
        "(i32.store8 (i32.const 512) (i32.const {tag}))
         (i32.store (i32.const 516) (i32.const 64)) (i32.store (i32.const 520) (i32.const {first}))
         (i32.store (i32.const 524) (i32.const 96)) (i32.store (i32.const 528) (i32.const {second}))
         (i32.const 512)"
    )
}

async fn run_task(text: &str, result: &str) -> sandbox::Ran<Bytes> {
    let house = House::new();
    let component = house.ready(task(&format!(r#"(data (i32.const 64) "{text}")"#), result)).await;
    let limits = Arc::new(Limits::default());
    house.sandbox.call_task(&component, &context(), Bytes::from_static(b"{}"), &limits).await
}

#[tokio::test]
async fn a_task_answers_json_or_an_error_of_its_own() {
    let ran = run_task("[1, 2]", &task_result(0, 6, 0)).await;
    assert_eq!((ran.outcome, ran.answer.as_deref()), (Outcome::Ok, Some(b"[1, 2]".as_slice())), "{:?}", ran.detail);
    let ran = run_task("not JSON", &task_result(0, 8, 0)).await;
    assert_eq!(ran.outcome, Outcome::InvalidResponse, "{ran:?}");
    let ran = run_task("CardDeclined", &task_result(1, 12, 0)).await;
    assert_eq!((ran.outcome, ran.failure.unwrap().code.as_str()), (Outcome::GuestError, "CardDeclined"));
}

#[tokio::test]
async fn a_task_cannot_raise_an_error_in_the_hosts_name() {
    let ran = run_task("States.Timeout", &task_result(1, 14, 0)).await;
    assert_eq!(ran.outcome, Outcome::InvalidResponse, "{ran:?}");
}
