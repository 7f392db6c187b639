//! Envelopes with states of an operator's own, and what they make of calls.

use std::time::Duration;

use catalog::{Actor, NewKey, NewPlan};
use gateway::{ENVELOPE, Settings};
use serde_json::{Value, json};
use tests::Component;
use types::{ByteCount, Code, KeyKind};

use crate::host::{Answer, Host, Offer, Shop};

/// The page whose example runs here.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operators/envelope.md");

/// The envelope that the page shows: the plan BASIC reads only, and no answer has more than 64 KiB.
fn documented() -> String {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (_, example) = page.split_once("```json\n").unwrap();
    example.split_once("```").unwrap().0.to_owned()
}

/// The envelope that ships, with `states` in it: `step` leads to the one called "Own".
fn own_after(step: &str, states: &Value) -> String {
    let mut envelope: Value = serde_json::from_str(ENVELOPE).unwrap();
    envelope["States"][step]["Next"] = "Own".into();
    for (name, state) in states.as_object().unwrap() {
        envelope["States"][name] = state.clone();
    }
    envelope.to_string()
}

/// A Choice: where `variable` is `value` it leads to `then`, else to `otherwise`.
fn choice((variable, value): (&str, &str), then: &str, otherwise: &str) -> Value {
    let rule = json!({ "Variable": variable, "StringEquals": value, "Next": then });
    json!({ "Type": "Choice", "Choices": [rule], "Default": otherwise })
}

async fn house(envelope: String) -> Host {
    Host::with(Settings { envelope, ..Settings::for_cores(2) }).await
}

/// The key of one more app, which is on a plan of ten requests a day.
async fn key_on(host: &Host, shop: &Shop, plan: &str) -> String {
    let (catalog, by) = (&host.house.catalog, Actor::Host);
    let new = NewPlan { api: shop.api, name: plan.to_owned(), price: None, terms: Offer::hard(10).terms, routes: None };
    let plan = catalog.create_plan(by, new).await.unwrap();
    let app = catalog.create_app(by, host.organisation, "another").await.unwrap();
    catalog.subscribe(by, app, shop.api, plan).await.unwrap();
    let key = NewKey { app, kind: KeyKind::Live, expires_at: None };
    catalog.create_key(by, key).await.unwrap().1.reveal().to_owned()
}

fn detail(answer: &Answer) -> String {
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    problem["detail"].as_str().unwrap().to_owned()
}

/// Status, outcome and billed requests of each row.
fn told(host: &Host) -> Vec<(u16, String, i64)> {
    host.rows().into_iter().map(|row| (row.status, row.outcome, row.billed)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_ends_the_calls_of_one_plan_in_a_public_code_and_lets_others_through() {
    let host = house(documented()).await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::hard(1)).await;
    let refused = host.post("/echo/a", &shop.key, "hello").await;
    assert_eq!(refused.problem(), (403, "endpoint-not-in-plan".to_owned()));
    assert_eq!(detail(&refused), "The plan BASIC reads only.");
    assert_eq!(host.rows(), []);
    assert!(host.gateway.denials().contains(&(Code::EndpointNotInPlan, 1)), "{:?}", host.gateway.denials());

    let head = format!("GET /echo/a HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n", shop.key);
    assert_eq!(host.raw(&format!("{head}connection: close\r\n\r\n")).await.status, 200, "the one unit is still there");
    let key = key_on(&host, &shop, "PRO").await;
    let answer = host.post("/echo/a", &key, "hello").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "hello"));
    assert_eq!(told(&host), [(200, "ok".to_owned(), 1), (200, "ok".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_holds_what_its_page_says_and_nothing_of_key_query_headers_and_body() {
    let states = json!({
        "Own": choice(("$.api", "another"), "Meter", "All"),
        "All": { "Type": "Fail", "Error": "request-invalid", "CausePath": "States.JsonToString($)" },
    });
    let host = house(own_after("Invoke", &states)).await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    let answer = host.post("/echo/a/b?c=d", &shop.key, "hello").await;
    let document: Value = serde_json::from_str(&detail(&answer)).unwrap();
    let moment = document["request"]["time"].as_str().unwrap();
    let trace = document["request"]["traceparent"].as_str().unwrap();
    assert!(types::Timestamp::parse(moment).is_ok() && trace.starts_with("00-"), "{document}");
    let key = host.house.catalog.snapshot().keys_of(shop.app).next().unwrap().id;
    let expected = json!({
        "method": "POST", "path": "/a/b", "route": "/{*rest}", "api": "echo", "release": 1,
        "request": {
            "id": answer.header("x-request-id"), "sourceIp": "127.0.0.1", "time": moment, "traceparent": trace,
        },
        "caller": {
            "appId": shop.app.to_string(), "keyId": key.to_string(),
            "subscriptionId": shop.subscription.to_string(), "plan": "BASIC",
        },
        "response": { "status": 200, "bytes": 5 },
    });
    assert_eq!(document, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_refused_after_admission_is_recorded_and_gives_its_unit_back() {
    let states = json!({
        "Own": choice(("$.path", "/closed"), "Closed", "Invoke"),
        "Closed": { "Type": "Fail", "Error": "not-found", "Cause": "Closed for now." },
    });
    let host = house(own_after("Admit", &states)).await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::hard(1)).await;
    let refused = host.post("/echo/closed", &shop.key, "").await;
    assert_eq!((refused.problem(), detail(&refused)), ((404, "not-found".to_owned()), "Closed for now.".to_owned()));
    let row = host.row();
    assert_eq!((row.status, row.outcome.as_str(), row.billed, row.fuel), (404, "refused", 0, 0));
    assert_eq!(row.error_code.as_deref(), Some("not-found"));
    assert_eq!(row.call, refused.header("x-request-id"));
    assert_eq!(host.post("/echo/open", &shop.key, "").await.status, 200);
    assert_eq!(host.post("/echo/open", &shop.key, "").await.problem().1, "quota-exceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fail_that_names_no_code_is_the_hosts_fault_and_keeps_its_cause_from_the_client() {
    let states = json!({
        "Own": choice(("$.path", "/named"), "Named", "Is it unnamed?"),
        "Is it unnamed?": choice(("$.path", "/unnamed"), "Unnamed", "Admit"),
        "Named": { "Type": "Fail", "Error": "Plan.Ended", "Cause": "ask the sales department" },
        "Unnamed": { "Type": "Fail" },
    });
    let host = house(own_after("Authenticate", &states)).await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    for path in ["/echo/named", "/echo/unnamed"] {
        let answer = host.post(path, &shop.key, "").await;
        assert_eq!(answer.problem(), (500, "internal".to_owned()), "{path}");
        assert_eq!(detail(&answer), Code::Internal.title(), "{path}");
    }
    assert_eq!(host.rows(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_that_ends_well_without_invoke_is_the_hosts_fault() {
    for (step, next, expected) in [("Authenticate", "Admit", None), ("Admit", "Invoke", Some("host_error"))] {
        let states = json!({ "Own": choice(("$.path", "/early"), "Done", next), "Done": { "Type": "Succeed" } });
        let host = house(own_after(step, &states)).await;
        let shop = host.open("echo", &Component::echo().unwrap(), Offer::hard(1)).await;
        assert_eq!(host.post("/echo/early", &shop.key, "").await.problem(), (500, "internal".to_owned()), "{step}");
        let rows = host.rows();
        assert_eq!(rows.first().map(|row| row.outcome.as_str()), expected, "{step}");
        assert_eq!(host.post("/echo/a", &shop.key, "").await.status, 200, "nothing is billed or held");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fail_after_invoke_changes_the_answer_and_not_the_bill() {
    let host = house(documented()).await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    let key = key_on(&host, &shop, "PRO").await;
    let post = async |body: &str| {
        let (key, length) = (&key, body.len());
        let head = format!("POST /echo/a HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\nidempotency-key: {length}\r\n");
        host.raw(&format!("{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}")).await
    };
    let (most, over) = ("a".repeat(65_536), "a".repeat(65_537));
    assert_eq!(post(&most).await.body, most);
    let refused = post(&over).await;
    assert_eq!(refused.problem(), (502, "component-limit".to_owned()));
    assert_eq!(detail(&refused), "The answer has more than 64 KiB.");
    assert_eq!(refused.header("x-ratelimit-requests-remaining"), "8");
    let row = host.rows().pop().unwrap();
    assert_eq!((row.status, row.outcome.as_str(), row.billed, row.error_code), (200, "ok", 1, None));
    assert!(row.fuel > 0 && row.call == refused.header("x-request-id"));

    let again = post(&over).await;
    assert_eq!((again.status, again.body), (502, refused.body), "who repeats it is told the same");
    assert_eq!(told(&host).pop(), Some((502, "replayed".to_owned(), 0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_step_refused_and_how_a_component_failed_stand_whatever_the_envelope_makes_of_it() {
    let mut envelope: Value = serde_json::from_str(ENVELOPE).unwrap();
    for step in ["Authenticate", "Admit", "Invoke"] {
        envelope["States"][step]["Catch"] = json!([{ "ErrorEquals": ["States.ALL"], "Next": "Own" }]);
    }
    envelope["States"]["Own"] = json!({ "Type": "Fail", "Error": "not-found", "Cause": "Nothing is here." });
    let host = house(envelope.to_string()).await;
    let shop = host.open("trap", &Component::trapping().unwrap(), Offer::default()).await;
    assert_eq!(host.post("/trap/a", &shop.key, "").await.problem(), (502, "component-failed".to_owned()));
    assert_eq!(told(&host), [(502, "trap".to_owned(), 0)]);
    assert_eq!(host.post("/trap/a", "nobodys", "").await.problem(), (401, "invalid-key".to_owned()));
    let spent = host.open("echo", &Component::echo().unwrap(), Offer::hard(1)).await;
    assert_eq!(host.post("/echo/a", &spent.key, "").await.status, 200);
    assert_eq!(host.post("/echo/a", &spent.key, "").await.problem(), (429, "quota-exceeded".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn states_that_only_pass_wait_and_branch_leave_a_call_as_it_is() {
    let branch = |state: &str| json!({ "StartAt": state, "States": { state: { "Type": "Pass", "End": true } } });
    let states = json!({
        "Own": { "Type": "Pass", "Result": ["a", "b"], "ResultPath": "$.own", "Next": "A moment that has passed" },
        "A moment that has passed": { "Type": "Wait", "TimestampPath": "$.request.time", "Next": "Beside" },
        "Beside": { "Type": "Parallel", "Branches": [branch("Note")], "ResultPath": null, "Next": "Each" },
        "Each": { "Type": "Map", "ItemsPath": "$.own", "ItemProcessor": branch("Item"), "ResultPath": "$.own", "Next": "Ask" },
        "Ask": choice(("$.own[1]", "b"), "Admit", "Lost"),
        "Lost": { "Type": "Fail", "Error": "not-found" },
    });
    let host = house(own_after("Authenticate", &states)).await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::hard(1)).await;
    let answer = host.post("/echo/a", &shop.key, "hello").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "hello"));
    assert_eq!(told(&host), [(200, "ok".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_metered_and_recorded_by_an_envelope_that_ends_before_that() {
    let states = json!({ "Own": choice(("$.api", "echo"), "Done", "Meter"), "Done": { "Type": "Succeed" } });
    let host = house(own_after("Invoke", &states)).await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::hard(1)).await;
    let answer = host.post("/echo/a", &shop.key, "hello").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "hello"));
    assert_eq!(told(&host), [(200, "ok".to_owned(), 1)]);
    assert!(host.row().fuel > 0);
    assert_eq!(host.post("/echo/a", &shop.key, "").await.problem().1, "quota-exceeded");
}

/// A house whose envelope lets those answers through that have status 200 and so many bytes, with a component under
/// `/flow` that streams, and the answer of a call.
async fn streamed(bytes: usize, handle: &str, offer: Offer) -> (Host, Answer) {
    let whole = json!([
        { "Variable": "$.response.status", "NumericEquals": 200 },
        { "Variable": "$.response.bytes", "NumericEquals": bytes },
    ]);
    let states = json!({
        "Own": { "Type": "Choice", "Choices": [{ "And": whole, "Next": "Meter" }], "Default": "Other" },
        "Other": { "Type": "Fail", "Error": "not-found" },
    });
    let host = house(own_after("Invoke", &states)).await;
    let shop = host.open("flow", &Component::streaming(handle).unwrap(), offer).await;
    let answer = host.post("/flow/a", &shop.key, "").await;
    (host, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_held_whole_for_an_envelope_that_reads_the_response() {
    // Both later and larger than an answer that nobody reads would be held for.
    let handle = "(call $begin) (call $write (i32.const 50)) (call $wait (i64.const 50))
                  (call $write (i32.const 50)) (call $end)";
    let settings = Settings::for_cores(2);
    let length = 100 * 4_096;
    assert!(settings.stream_hold < Duration::from_millis(50) && settings.stream_buffer < ByteCount::of(length));
    let (host, answer) = streamed(length, handle, Offer::hard(10)).await;
    assert_eq!((answer.status, answer.header("content-length")), (200, "409600"));
    assert!(answer.body.len() == length && answer.body.bytes().all(|byte| byte == b'a'));
    assert_eq!(answer.header("x-ratelimit-requests-remaining"), "9");
    assert_eq!(told(&host), [(200, "ok".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_held_whole_may_have_all_of_its_cap_and_not_one_byte_more() {
    let cap = 4 * 4_096;
    let capped = || {
        let mut offer = Offer::hard(10);
        offer.limits.response_body = ByteCount::of(cap);
        offer
    };
    let (host, answer) = streamed(cap, "(call $begin) (call $write (i32.const 4)) (call $end)", capped()).await;
    assert_eq!((answer.status, answer.body.len()), (200, cap), "{}", answer.body);
    assert_eq!(told(&host), [(200, "ok".to_owned(), 1)]);

    let more = "(call $begin) (call $write (i32.const 4)) (call $send (i32.const 8192) (i32.const 1)) (call $end)";
    let (host, answer) = streamed(cap + 1, more, capped()).await;
    assert_eq!(answer.problem(), (502, "component-limit".to_owned()));
    assert_eq!(told(&host), [(502, "output_too_large".to_owned(), 0)]);
    assert_eq!(host.row().error_code.as_deref(), Some("component-limit"));
}
