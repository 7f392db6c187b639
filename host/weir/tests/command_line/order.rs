//! The order example, from its folder to its consumers: a workflow of three components that are built as any provider
//! builds them.

use std::path::Path;

use serde_json::{Value, json};

use crate::host::Place;
use crate::shell::Shell;

fn plugin(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins").join(name);
    folder.canonicalize().unwrap().to_str().unwrap().to_owned()
}

fn order(sku: &str, card: &str, country: &str) -> Value {
    let line = json!({ "sku": "lamp", "quantity": 2 });
    let address =
        json!({ "name": "Ada", "street": "Main St 1", "city": "Town", "postcode": "10115", "country": country });
    json!({
        "order": "o-1", "lines": [line, { "sku": sku, "quantity": 1 }], "card": card,
        "amount": { "minor": 9_900, "currency": "EUR" }, "address": address,
    })
}

#[test]
fn the_table_of_cases_that_comes_with_it_passes() {
    let place = Place::bare();
    let cases = format!("{}/order.test.json", plugin("order"));
    let said = place.run(&["workflow", "test", &cases]).expect_success();
    assert!(said.ends_with("12 of 12 passed\n"), "{said}");
    let definition = format!("{}/order.asl.json", plugin("order"));
    place.run(&["workflow", "validate", &definition]).expect_success();
}

#[test]
fn an_order_is_paid_set_aside_and_sent_or_undone() {
    let place = Place::new();
    let host = place.start();
    let mut shell = Shell::new(&place);
    for name in ["payment", "procurement", "dispatch"] {
        shell.run(&format!("weir build {}", plugin(name)));
    }
    for name in ["payment", "procurement", "dispatch", "order"] {
        place.run(&["publish", &plugin(name), "--organisation", "examples"]).expect_success();
    }
    let subscribe = ["--json", "subscribe", "--api", "order", "--plan", "BASIC", "--app", "shop"];
    let subscribed: Value = serde_json::from_str(&place.run(&subscribe).expect_success()).unwrap();
    let key = subscribed["key"]["secret"].as_str().unwrap();
    let send = |body: &Value| -> (u64, Value) {
        let (body, json) = (body.to_string(), "content-type: application/json");
        let ran = place.run(&["--json", "call", "order", "POST", "/v1/orders", "--key", key, "-H", json, "-b", &body]);
        let told: Value = serde_json::from_str(&ran.out()).unwrap_or_else(|_| panic!("{}{}", ran.out(), ran.err()));
        (told["status"].as_u64().unwrap(), told["body"].clone())
    };

    let (status, sent) = send(&order("chair", "tok_visa", "DE"));
    assert_eq!((status, &sent["carrier"], &sent["days"]), (201, &json!("parcel"), &json!(2)), "{sent}");
    assert_eq!(sent["reservations"].as_array().unwrap().len(), 2);

    let (status, sent) = send(&order("chair", "tok_flaky", "DE"));
    assert_eq!(status, 201, "the card's network answers the third attempt: {sent}");

    let (status, declined) = send(&order("chair", "tok_declined", "DE"));
    let expected = json!(["Payment.Declined", "the card tok_declined was declined"]);
    assert_eq!((status, json!([declined["code"], declined["detail"]])), (402, expected));

    let (status, missing) = send(&order("candle", "tok_visa", "DE"));
    assert_eq!((status, &missing["code"]), (409, &json!("Procurement.OutOfStock")));
    let detail = missing["detail"].as_str().unwrap();
    let refund = detail.rsplit_once("was given back as ").unwrap().1;
    assert!(detail.starts_with("there are 0 of candle, not 1 (pay_") && refund.starts_with("ref_"), "{detail}");

    let (status, far) = send(&order("chair", "tok_visa", "US"));
    assert_eq!((status, &far["code"]), (422, &json!("Dispatch.Undeliverable")));
    assert!(far["detail"].as_str().unwrap().contains("was given back as ref_"), "{far}");

    let (status, odd) = send(&json!({ "order": "o-1" }));
    assert_eq!((status, &odd["code"]), (400, &json!("Order.Invalid")));
    let calls: Value =
        serde_json::from_str(&place.run(&["--json", "calls", "--api", "order"]).expect_success()).unwrap();
    let statuses: Vec<_> = calls["items"].as_array().unwrap().iter().map(|call| &call["status"]).collect();
    assert_eq!(json!(statuses), json!([400, 422, 409, 402, 201, 201]));
    assert_eq!(host.stop().0, Some(0));
}
