//! What the states of workflows went through, as their provider reads it.

use serde_json::{Value, json};

use crate::host::Place;

const PAY: &str = "[api]\nslug = \"pay\"\ntitle = \"Pay\"\n[component]\nworld = \"task\"\nwasm = \"pay.wasm\"\n\
                   [[routes]]\nmethod = \"POST\"\npath = \"/\"\n";

/// A workflow that is traced as `rule` says.
fn project(slug: &str, rule: &str) -> String {
    format!(
        "[api]\nslug = \"{slug}\"\ntitle = \"{slug}\"\n[workflow]\ndefinition = \"w.asl.json\"\n{rule}\n[[routes]]\n\
         method = \"POST\"\npath = \"/\"\n[[plans]]\nname = \"BASIC\"\n\
         quotas = [{{ object = \"requests\", amount = 100, per = \"month\", limit = \"hard\" }}]\n"
    )
}

/// Publishes it with this definition, and answers a key for it.
pub(crate) fn open(place: &Place, slug: &str, rule: &str, definition: &Value) -> String {
    let folder = place.path().join(slug);
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("w.asl.json"), definition.to_string()).unwrap();
    std::fs::write(folder.join("weir.toml"), project(slug, rule)).unwrap();
    place.run(&["publish", slug, "--organisation", "acme"]).expect_success();
    let subscribe = ["--json", "subscribe", "--api", slug, "--plan", "BASIC", "--app", slug];
    json_of(&place.run(&subscribe).expect_success())["key"]["secret"].as_str().unwrap().to_owned()
}

pub(crate) fn open_pay(place: &Place) {
    let folder = place.path().join("pay");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("pay.wasm"), tests::Component::task_echo().unwrap().bytes()).unwrap();
    std::fs::write(folder.join("weir.toml"), PAY).unwrap();
    place.run(&["publish", "pay", "--organisation", "acme"]).expect_success();
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Calls it, and answers the call's id.
fn call(place: &Place, slug: &str, key: &str, body: &Value) -> String {
    call_with(place, (slug, key), body, "x-none: 1")
}

/// The same with one more header.
pub(crate) fn call_with(place: &Place, (slug, key): (&str, &str), body: &Value, header: &str) -> String {
    let (body, json) = (body.to_string(), "content-type: application/json");
    let request = ["--json", "call", slug, "POST", "/", "--key", key, "-H", json, "-H", header, "-b", &body];
    let ran = place.run(&request);
    let told = json_of(&ran.out());
    let headers = told["headers"].as_array().unwrap();
    headers.iter().find(|header| header[0] == "x-request-id").unwrap()[1].as_str().unwrap().to_owned()
}

fn trace(place: &Place, call: &str) -> Value {
    json_of(&place.run(&["--json", "traces", call]).expect_success())
}

/// Pays for each of the body's items, and fails for an empty list.
pub(crate) fn lines() -> Value {
    json!({
        "StartAt": "Any?",
        "States": {
            "Any?": {
                "Type": "Choice",
                "Choices": [{ "Variable": "$.body[0]", "IsPresent": true, "Next": "Lines" }],
                "Default": "None",
            },
            "None": { "Type": "Fail", "Error": "Order.Empty", "Cause": "no lines" },
            "Lines": {
                "Type": "Map",
                "ItemsPath": "$.body",
                "ItemProcessor": {
                    "StartAt": "Pay",
                    "States": { "Pay": { "Type": "Task", "Resource": "component:pay", "End": true } },
                },
                "End": true,
            },
        },
    })
}

#[test]
fn a_release_keeps_the_runs_that_fail_and_all_of_them_where_it_says_so() {
    let place = Place::new();
    let host = place.start();
    open_pay(&place);
    let key = open(&place, "plain", "", &lines());
    let (paid, failed) = (call(&place, "plain", &key, &json!([7])), call(&place, "plain", &key, &json!([])));
    assert_eq!(trace(&place, &paid), json!({ "call": paid, "states": [] }));
    assert!(place.run(&["traces", &paid]).expect_success().contains("[traces] in weir.toml"));
    let kept = trace(&place, &failed);
    assert_eq!((&kept["run"]["outcome"], &kept["run"]["error"]), (&json!("guest_error"), &json!("Order.Empty")));
    let states: Vec<_> = kept["states"].as_array().unwrap().iter().map(|state| &state["state"]).collect();
    assert_eq!(json!(states), json!(["Any?", "None"]));
    let last = &kept["states"][1];
    assert_eq!((&last["error"], &last["cause"], last.get("output")), (&json!("Order.Empty"), &json!("no lines"), None));
    let listed = place.run(&["traces", "--api", "plain"]).expect_success();
    assert!(listed.contains(&failed) && listed.contains("Order.Empty") && !listed.contains(&paid), "{listed}");

    let key = open(&place, "all", "[traces]\nkeep = \"all\"", &lines());
    let paid = call(&place, "all", &key, &json!(["a", "x".repeat(5_000)]));
    let kept = trace(&place, &paid);
    assert_eq!((&kept["run"]["outcome"], kept["run"].get("error")), (&json!("ok"), None));
    let states = kept["states"].as_array().unwrap();
    let shown: Vec<_> =
        states.iter().map(|state| (state["state"].as_str().unwrap(), state["branch"].as_u64().unwrap())).collect();
    let [("Any?", 0), ("Lines", 0), ("Pay", one), ("Pay", other)] = shown[..] else { panic!("{shown:?}") };
    assert!(one > 0 && other > 0 && one != other, "each item has a branch of its own: {shown:?}");
    assert_eq!((&states[2]["input"], &states[2]["output"]), (&json!("a"), &json!("a")));
    assert!(states[2]["fuel"].as_u64().unwrap() > 0 && states[0]["fuel"] == 0, "{kept}");
    assert!(states[1]["total_us"].as_u64().unwrap() >= states[2]["total_us"].as_u64().unwrap());
    let cut = states[3]["input"].as_str().unwrap();
    assert!(cut.starts_with("\"xxx") && cut.ends_with("x…") && cut.len() < 4_200, "{} bytes", cut.len());
    let table = place.run(&["traces", &paid]).expect_success();
    assert!(table.contains("BRANCH") && table.contains("Lines"), "{table}");
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn a_run_that_is_tried_again_and_one_that_is_slow_say_so() {
    let place = Place::new();
    let host = place.start();
    let definition = json!({
        "StartAt": "Slow?",
        "States": {
            "Slow?": {
                "Type": "Choice",
                "Choices": [{ "Variable": "$.body", "BooleanEquals": true, "Next": "Try" }],
                "Default": "Done",
            },
            "Try": {
                "Type": "Task",
                "Resource": "component:nobody",
                "Retry": [{ "ErrorEquals": ["Lambda.ResourceNotFoundException"], "IntervalSeconds": 1, "MaxAttempts": 1 }],
                "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Done" }],
                "End": true,
            },
            "Done": { "Type": "Succeed" },
        },
    });
    let key = open(&place, "slow", "[traces]\nkeep = \"slow\"\nslower_than_ms = 900", &definition);
    let (fast, slow) = (call(&place, "slow", &key, &json!(false)), call(&place, "slow", &key, &json!(true)));
    assert_eq!(trace(&place, &fast)["states"], json!([]));
    let kept = trace(&place, &slow);
    let tried = &kept["states"][1];
    assert_eq!((&tried["state"], &tried["failures"]), (&json!("Try"), &json!(2)));
    assert_eq!(tried["error"], "Lambda.ResourceNotFoundException");
    assert!(tried["output"]["Cause"].is_string(), "it was caught: {tried}");
    assert!((900_000..20_000_000).contains(&tried["total_us"].as_u64().unwrap()), "{tried}");
    std::fs::write(place.path().join("slow/weir.toml"), project("slow", "[traces]\nkeep = \"slow\"")).unwrap();
    place.run(&["publish", "slow", "--organisation", "acme"]).expect_failure(&["slower_than_ms"]);
    assert_eq!(host.stop().0, Some(0));
}
