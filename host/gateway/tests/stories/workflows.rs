//! Routes that are served by their provider's own state machine.

use serde_json::{Value, json};
use types::{ByteCount, Fuel};

use crate::host::{Answer, Host, Offer};
use tests::Component;

const PAY: &str = "arn:aws:lambda:eu-west-1:123456789012:function:pay";

/// A machine whose one task is `resource`, with the request's body as its input.
fn one_task(resource: &str) -> Value {
    let work = json!({ "Type": "Task", "Resource": resource, "InputPath": "$.body", "End": true });
    json!({ "StartAt": "Work", "States": { "Work": work } })
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_answers_what_its_output_says_and_its_components_are_accounted_for() {
    let host = Host::start().await;
    host.open("pay", &Component::task_echo().unwrap(), Offer::default()).await;
    let definition = json!({
        "StartAt": "Pay",
        "States": {
            "Pay": {
                "Type": "Task",
                "Resource": PAY,
                "Parameters": { "amount.$": "$.body.amount", "who.$": "$.caller.plan" },
                "ResultPath": "$.paid",
                "Next": "Ship",
            },
            "Ship": {
                "Type": "Pass",
                "Parameters": {
                    "status": 201,
                    "headers": { "location.$": "States.Format('/orders/{}', $.pathParameters.rest)" },
                    "body": { "paid.$": "$.paid", "method.$": "$.method", "tags.$": "$.query.tag" },
                },
                "End": true,
            },
        },
    });
    let shop = host.open_workflow("orders", &definition, Offer::hard(10)).await;
    let answer = host.post_json("/orders/7?tag=a&tag=b", &shop.key, r#"{"amount": 12.5}"#).await;
    assert_eq!((answer.status, answer.header("location")), (201, "/orders/7"), "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/json");
    let expected = json!({ "paid": { "amount": 12.5, "who": "BASIC" }, "method": "POST", "tags": ["a", "b"] });
    assert_eq!(body(&answer), expected);
    let row = host.row();
    assert_eq!((row.status, row.outcome.as_str(), row.billed), (201, "ok", 1));
    assert!(row.fuel > 0, "what its component used is on the call: {row:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_invoked_by_its_name_in_the_input_too() {
    let host = Host::start().await;
    host.open("pay", &Component::task_echo().unwrap(), Offer::default()).await;
    let invoke = |function: &str| {
        let mut machine = one_task("arn:aws:states:::lambda:invoke");
        machine["States"]["Work"]["Parameters"] = json!({ "FunctionName": function, "Payload.$": "$" });
        machine
    };
    for (slug, function) in [("by-name", "pay"), ("by-arn", PAY), ("by-release", "pay:1"), ("latest", "pay:$LATEST")] {
        let shop = host.open_workflow(slug, &invoke(function), Offer::default()).await;
        let answer = host.post_json(&format!("/{slug}/a"), &shop.key, "[1]").await;
        assert_eq!((&body(&answer)["Payload"], &body(&answer)["StatusCode"]), (&json!([1]), &json!(200)), "{function}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_answered_by_the_releases_error_map_and_compensated_by_catch() {
    let host = Host::start().await;
    host.open("pay", &Component::task_declining().unwrap(), Offer::default()).await;
    host.open("refund", &Component::task_echo().unwrap(), Offer::default()).await;

    let shop = host.open_workflow("plain", &one_task("component:pay"), Offer::hard(10)).await;
    let answer = host.post_json("/plain/a", &shop.key, "{}").await;
    assert_eq!(answer.problem(), (402, "CardDeclined".to_owned()));
    assert_eq!(body(&answer)["detail"], "no cover on");
    assert_eq!((host.rows()[0].outcome.as_str(), host.rows()[0].billed), ("guest_error", 1));

    // By a function's ARN the cause is the document that functions fail with; a client reads its message all the same.
    let shop = host.open_workflow("arn", &one_task(PAY), Offer::default()).await;
    assert_eq!(body(&host.post_json("/arn/a", &shop.key, "{}").await)["detail"], "no cover on");

    let definition = json!({
        "StartAt": "Pay",
        "States": {
            "Pay": {
                "Type": "Task",
                "Resource": PAY,
                "Catch": [{ "ErrorEquals": ["CardDeclined"], "ResultPath": "$.failure", "Next": "Refund" }],
                "End": true,
            },
            "Refund": {
                "Type": "Task",
                "Resource": "component:refund",
                "Parameters": { "status": 409, "body": { "why.$": "States.StringToJson($.failure.Cause)" } },
                "End": true,
            },
        },
    });
    let shop = host.open_workflow("caught", &definition, Offer::default()).await;
    let answer = host.post_json("/caught/a", &shop.key, "{}").await;
    assert_eq!(answer.status, 409, "{answer:?}");
    assert_eq!(body(&answer), json!({ "why": { "errorMessage": "no cover on", "errorType": "CardDeclined" } }));
}

#[tokio::test(flavor = "multi_thread")]
async fn components_that_trap_or_run_on_fail_by_the_hosts_names() {
    let host = Host::start().await;
    host.open("trap", &Component::task_trapping().unwrap(), Offer::default()).await;
    host.open("spin", &Component::task_spinning().unwrap(), Offer::default().fuel(20_000_000)).await;
    host.open("slow", &Component::task_spinning().unwrap(), Offer::default().fuel(50_000_000_000)).await;
    let ends = [
        ("trap", "trap", 502, "component-failed"),
        ("spin", "out_of_fuel", 502, "component-limit"),
        ("slow", "deadline", 504, "execution-timeout"),
    ];
    for (number, (component, outcome, status, code)) in ends.into_iter().enumerate() {
        let mut offer = Offer::hard(10).fuel(50_000_000_000);
        // The others end by themselves; a busy machine may take its time.
        offer.limits.wall = std::time::Duration::from_secs(if component == "slow" { 2 } else { 30 });
        let slug = format!("uses-{component}");
        let shop = host.open_workflow(&slug, &one_task(&format!("component:{component}")), offer).await;
        let answer = host.post_json(&format!("/{slug}/a"), &shop.key, "{}").await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{component}");
        let row = &host.rows()[number];
        assert_eq!((row.outcome.as_str(), row.billed), (outcome, 0), "{component}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_components_of_a_call_share_the_fuel_of_its_release() {
    let host = Host::start().await;
    host.open("spin", &Component::task_spinning().unwrap(), Offer::default().fuel(50_000_000_000)).await;
    let mut machine = one_task("component:spin");
    machine["States"]["Work"]["Retry"] =
        json!([{ "ErrorEquals": ["Wasm.OutOfFuel"], "IntervalSeconds": 1, "MaxAttempts": 2 }]);
    let mut offer = Offer::hard(10).fuel(20_000_000);
    // It ends by its fuel; a busy machine may take its time.
    offer.limits.wall = std::time::Duration::from_secs(30);
    let shop = host.open_workflow("loops", &machine, offer).await;
    let answer = host.post_json("/loops/a", &shop.key, "{}").await;
    assert_eq!(answer.problem(), (502, "component-limit".to_owned()));
    let row = host.row();
    assert_eq!(row.fuel, 20_000_000, "the second try has nothing left: {row:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_does_not_offer_fails_by_a_name_that_can_be_caught_and_says_what_to_do() {
    let host = Host::start().await;
    for (slug, resource, error, told) in [
        ("queue", "arn:aws:states:::sqs:sendMessage", "Weir.UnsupportedResource", "component:NAME"),
        ("gone", "component:nobody", "Lambda.ResourceNotFoundException", "publish one of the task world"),
        ("self", "component:self", "Lambda.InvalidParameterValueException", "task world"),
    ] {
        let mut machine = one_task(resource);
        machine["States"]["Work"]["Catch"] = json!([{ "ErrorEquals": [error], "Next": "Tell" }]);
        machine["States"]["Tell"] = json!({ "Type": "Pass", "End": true });
        let shop = host.open_workflow(slug, &machine, Offer::default()).await;
        let caught = body(&host.post_json(&format!("/{slug}/a"), &shop.key, "{}").await);
        assert_eq!(caught["Error"], error);
        assert!(caught["Cause"].as_str().unwrap().contains(told), "{caught}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_of_another_organisation_is_not_there() {
    let mut host = Host::start().await;
    host.open("pay", &Component::task_echo().unwrap(), Offer::default()).await;
    host.organisation = host.house.catalog.create_organisation(catalog::Actor::Host, "others").await.unwrap();
    let shop = host.open_workflow("thief", &one_task(PAY), Offer::default()).await;
    assert_eq!(host.post_json("/thief/a", &shop.key, "{}").await.problem(), (502, "component-failed".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_worked_on_side_by_side_and_their_fuel_adds_up() {
    let host = Host::start().await;
    host.open("pay", &Component::task_echo().unwrap(), Offer::default()).await;
    let one = host.open_workflow("one", &one_task(PAY), Offer::default()).await;
    host.post_json("/one/a", &one.key, "1").await;
    let lines = json!({
        "StartAt": "Lines",
        "States": {
            "Lines": {
                "Type": "Map",
                "ItemsPath": "$.body",
                "ItemProcessor": {
                    "StartAt": "Line",
                    "States": { "Line": { "Type": "Task", "Resource": PAY, "End": true } },
                },
                "End": true,
            },
        },
    });
    let shop = host.open_workflow("lines", &lines, Offer::default()).await;
    let items: Vec<u32> = vec![7; 50];
    let answer = host.post_json("/lines/a", &shop.key, &json!(items).to_string()).await;
    assert_eq!(body(&answer), json!(items));
    let rows = host.rows();
    assert_eq!(rows[1].fuel, 50 * rows[0].fuel);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_json_too_large_or_of_another_kind_is_told_apart() {
    let host = Host::start().await;
    let machine = json!({ "StartAt": "Show", "States": { "Show": { "Type": "Pass", "OutputPath": "$.bodyBase64", "End": true } } });
    let mut offer = Offer::default();
    offer.limits.request_body = ByteCount::mib(1);
    offer.limits.fuel = Fuel::saturating(1_000);
    let shop = host.open_workflow("show", &machine, offer).await;
    let answer = host.post("/show/a", &shop.key, "plain").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "\"cGxhaW4=\""));
    assert_eq!(host.post_json("/show/a", &shop.key, "{").await.problem(), (400, "request-invalid".to_owned()));
    let large = "x".repeat(256 * 1024 + 1);
    assert_eq!(host.post("/show/a", &shop.key, &large).await.problem(), (413, "payload-too-large".to_owned()));
    assert_eq!(host.post_json("/show/a", &shop.key, "").await.body, "null");
    assert_eq!(host.rows().iter().map(|row| row.billed).collect::<Vec<_>>(), [1, 0, 0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fail_state_cannot_pass_for_a_failure_of_the_host() {
    let host = Host::start().await;
    for (number, name) in ["Wasm.HostError", "Wasm.Aborted", "Wasm.Overloaded"].into_iter().enumerate() {
        let machine = json!({ "StartAt": "End", "States": { "End": { "Type": "Fail", "Error": name } } });
        let slug = format!("liar-{number}");
        let shop = host.open_workflow(&slug, &machine, Offer::default()).await;
        let answer = host.post_json(&format!("/{slug}/a"), &shop.key, "{}").await;
        assert_eq!(answer.problem(), (502, "component-failed".to_owned()), "{name}");
        assert_eq!(host.rows()[number].outcome, "guest_error", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_through_tasks_that_answer_at_once_ends_with_the_calls_time_and_holds_up_nobody() {
    let host = Host::start().await;
    let mut machine = one_task("component:nobody");
    machine["States"]["Work"]["Catch"] = json!([{ "ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "Work" }]);
    let mut offer = Offer::hard(10);
    offer.limits.wall = std::time::Duration::from_secs(2);
    let shop = host.open_workflow("loop", &machine, offer).await;
    let echo = host.open("echo", &Component::echo().unwrap(), Offer::default()).await;
    let (looping, beside) = tokio::join!(host.post_json("/loop/a", &shop.key, "{}"), async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        host.post("/echo/a", &echo.key, "").await.status
    });
    assert_eq!(beside, 200);
    assert!(matches!(looping.problem(), (504 | 502, _)), "{looping:?}");
    assert_eq!(host.rows().iter().map(|row| row.billed).sum::<i64>(), 1, "the echo alone is billed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_the_run_gives_up_is_stopped_and_counts() {
    let host = Host::start().await;
    host.open("spin", &Component::task_spinning().unwrap(), Offer::default().fuel(500_000_000_000)).await;
    let mut machine = one_task("component:spin");
    machine["States"]["Work"]["TimeoutSeconds"] = json!(1);
    machine["States"]["Work"]["Catch"] = json!([{ "ErrorEquals": ["States.Timeout"], "Next": "Late" }]);
    machine["States"]["Late"] = json!({ "Type": "Pass", "Result": { "status": 202 }, "End": true });
    let mut offer = Offer::hard(10).fuel(500_000_000_000);
    offer.limits.wall = std::time::Duration::from_secs(30);
    let shop = host.open_workflow("late", &machine, offer).await;
    assert_eq!(host.post_json("/late/a", &shop.key, "{}").await.status, 202);
    let row = host.row();
    assert!(row.component_us > 900_000, "its time until then is on the call: {row:?}");
    assert_eq!((row.outcome.as_str(), row.billed), ("ok", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_is_ended_and_recorded_when_the_host_stops() {
    let mut settings = gateway::Settings::for_cores(2);
    settings.drain = std::time::Duration::from_millis(300);
    let host = Host::with(settings).await;
    let machine = json!({ "StartAt": "Rest", "States": { "Rest": { "Type": "Wait", "Seconds": 25, "End": true } } });
    let mut offer = Offer::hard(10);
    offer.limits.wall = std::time::Duration::from_secs(30);
    let shop = host.open_workflow("rest", &machine, offer).await;
    let (answer, ()) = tokio::join!(host.post_json("/rest/a", &shop.key, "{}"), async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        host.stop.cancel();
    });
    assert_eq!(answer.problem(), (503, "aborted".to_owned()));
    assert_eq!((host.row().outcome.as_str(), host.row().billed), ("aborted", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_grows_past_the_limit_as_base64_is_refused_as_too_large() {
    let host = Host::start().await;
    let machine = json!({ "StartAt": "End", "States": { "End": { "Type": "Succeed" } } });
    let shop = host.open_workflow("grow", &machine, Offer::hard(10)).await;
    let answer = host.post("/grow/a", &shop.key, &"x".repeat(200 * 1024)).await;
    assert_eq!(answer.problem(), (413, "payload-too-large".to_owned()));
}
