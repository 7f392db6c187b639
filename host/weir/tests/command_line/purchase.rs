//! The purchase example: a call starts it, a person approves it, a supplier answers with his token, and the host is started
//! anew in between.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::aws::Client;
use crate::host::{Host, Place};
use crate::shell::Shell;

fn plugin(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins").join(name);
    folder.canonicalize().unwrap().to_str().unwrap().to_owned()
}

fn purchase(minor: u64) -> Value {
    let address = json!({ "name": "Ada", "street": "Main St 1", "city": "Town", "postcode": "10115", "country": "DE" });
    json!({
        "order": "p-1", "lines": [{ "sku": "candle", "quantity": 500 }], "card": "tok_visa",
        "amount": { "minor": minor, "currency": "EUR" }, "address": address,
    })
}

/// What `look` finds, once it does.
fn once<T>(look: impl Fn() -> Option<T>) -> T {
    for _ in 0..500 {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it does not come so far");
}

fn json_of(place: &Place, arguments: &[&str]) -> Value {
    serde_json::from_str(&place.run(&[&["--json"], arguments].concat()).expect_success()).unwrap()
}

/// The ARN of the execution of this name.
fn arn(place: &Place, name: &str) -> String {
    let list = ["executions", "list", "--organisation", "examples", "--region", "local", "--name", name];
    json_of(place, &list)["items"][0]["arn"].as_str().unwrap().to_owned()
}

/// The token that the supplier was handed.
fn token(place: &Place, arn: &str) -> String {
    once(|| {
        let history = json_of(place, &["executions", "history", arn]);
        let asked = history["items"].as_array().unwrap().iter().find_map(|event| {
            let details = &event["taskScheduledEventDetails"];
            (details["resource"] == "invoke.waitForTaskToken")
                .then(|| details["parameters"].as_str().unwrap().to_owned())
        });
        let asked: Value = serde_json::from_str(&asked?).unwrap();
        Some(asked["Payload"]["callback"].as_str().unwrap().to_owned())
    })
}

/// How the execution at `location` stands, as its consumer sees it.
fn standing(host: &Host, location: &str, key: &str) -> Value {
    let url = format!("{}{location}", host.up["gateway"].as_str().unwrap());
    ureq::get(url).header("x-api-key", key).call().unwrap().body_mut().read_json().unwrap()
}

/// Its end.
fn ended(host: &Host, location: &str, key: &str) -> Value {
    once(|| Some(standing(host, location, key)).filter(|now| now["status"] != "RUNNING"))
}

#[test]
fn the_table_of_cases_that_comes_with_the_purchase_passes() {
    let place = Place::bare();
    let cases = format!("{}/purchase.test.json", plugin("purchase"));
    let said = place.run(&["workflow", "test", &cases]).expect_success();
    assert!(said.ends_with("8 of 8 passed\n"), "{said}");
}

#[test]
fn a_purchase_is_approved_paid_delivered_and_sent_and_the_host_may_stop_in_between() {
    let place = Place::new();
    let host = place.start();
    let client = Client::of("examples", &place, &host);
    let mut shell = Shell::new(&place);
    for name in ["payment", "procurement", "dispatch"] {
        shell.run(&format!("weir build {}", plugin(name)));
    }
    for name in ["payment", "procurement", "dispatch", "purchase"] {
        place.run(&["publish", &plugin(name), "--organisation", "examples"]).expect_success();
    }
    let subscribed = json_of(&place, &["subscribe", "--api", "purchase", "--plan", "BASIC", "--app", "shop"]);
    let key = subscribed["key"]["secret"].as_str().unwrap();
    let buy = |minor: u64| {
        let (body, kind) = (purchase(minor).to_string(), "content-type: application/json");
        let call = ["call", "purchase", "POST", "/v1/purchases", "--key", key, "-H", kind, "-b", &body];
        let told = json_of(&place, &call);
        assert_eq!(told["status"], 202, "{told}");
        (told["body"]["id"].as_str().unwrap().to_owned(), told["body"]["location"].as_str().unwrap().to_owned())
    };

    let (small, small_at) = buy(9_900);
    let (large, large_at) = buy(250_000);
    let supplier = token(&place, &arn(&place, &small));
    let page = once(|| json_of(&place, &["workflow", "approvals"])["items"][0]["link"].as_str().map(str::to_owned));
    host.stop();
    let host = place.start();
    let client = client.again(&host);
    assert_eq!(standing(&host, &small_at, key)["status"], "RUNNING");

    let delivered = json!({ "delivery": "del_1", "weight_g": 1_200 }).to_string();
    client.call("SendTaskSuccess", &json!({ "taskToken": supplier, "output": delivered }));
    let bought = ended(&host, &small_at, key);
    assert_eq!((&bought["status"], &bought["output"]["carrier"]), (&json!("SUCCEEDED"), &json!("parcel")), "{bought}");

    // The address of the page is that of the host as it was started first.
    let page = page.replace(page.split("/approvals").next().unwrap(), host.up["control"].as_str().unwrap());
    let decision = [("decision", "approve"), ("name", "Anna"), ("comment", "")];
    assert_eq!(ureq::post(page).send_form(decision).unwrap().status(), 200);
    let supplier = token(&place, &arn(&place, &large));
    host.stop();
    let host = place.start();
    let client = client.again(&host);
    let no = json!({ "taskToken": supplier, "error": "Supplier.SoldOut", "cause": "no candles this year" });
    client.call("SendTaskFailure", &no);
    let failed = ended(&host, &large_at, key);
    assert_eq!(
        (&failed["status"], &failed["error"]["code"]),
        (&json!("FAILED"), &json!("Supplier.SoldOut")),
        "{failed}"
    );
    let detail = failed["error"]["detail"].as_str().unwrap();
    assert!(detail.contains("no candles this year") && detail.contains("was given back"), "{failed}");
    // Its calls are two; what its executions did has rows of its own, and the books agree.
    place.run(&["doctor", "--reconcile"]).expect_success();
}
