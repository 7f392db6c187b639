//! What `/metrics` says of calls that were made.

use std::collections::BTreeMap;
use std::fs;

use crate::host::{Host, Place};

const PROJECT: &str = "[api]\nslug = \"echo\"\ntitle = \"Echo\"\n[component]\nworld = \"http\"\nwasm = \"echo.wasm\"\n\
                       [[routes]]\nmethod = \"*\"\npath = \"/{*rest}\"\n[[plans]]\nname = \"BASIC\"\n\
                       quotas = [{ object = \"requests\", amount = 3, per = \"month\", limit = \"hard\" }]\n";

/// Every sample, by name and labels. What is no sample or comment fails.
pub(crate) fn scrape(host: &Host) -> BTreeMap<String, f64> {
    let url = format!("{}/metrics", host.up["control"].as_str().unwrap());
    let mut answer = ureq::get(&url).call().unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = answer.body_mut().read_to_string().unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line:?}"));
        (name.to_owned(), value.parse().unwrap())
    };
    samples.map(sample).collect()
}

#[test]
fn calls_and_refusals_are_counted_and_no_label_names_a_consumer() {
    let place = Place::new();
    let host = place.start();
    let folder = place.path().join("echo");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("echo.wasm"), tests::Component::echo().unwrap().bytes()).unwrap();
    fs::write(folder.join("weir.toml"), PROJECT).unwrap();
    place.run(&["publish", "echo"]).expect_success();
    let subscribed = ["--json", "subscribe", "--api", "echo", "--plan", "BASIC", "--app", "shop"];
    let subscribed: serde_json::Value = serde_json::from_str(&place.run(&subscribed).expect_success()).unwrap();
    let key = subscribed["key"]["secret"].as_str().unwrap();
    for _ in 0..3 {
        place.run(&["call", "echo", "GET", "/x", "--key", key]).expect_success();
    }
    place.run(&["call", "echo", "GET", "/x", "--key", key]).expect_failure(&["429"]);
    place.run(&["call", "echo", "GET", "/x", "--key", "weir_live_no"]).expect_failure(&["401"]);

    let samples = scrape(&host);
    let is = |name: &str, value: f64| assert_eq!(samples.get(name), Some(&value), "{name} in {samples:#?}");
    let by =
        |method: &str, status: u16| format!("http_request_method=\"{method}\",http_response_status_code=\"{status}\"");
    is(&format!("http_server_request_duration_seconds_count{{{}}}", by("GET", 200)), 3.0);
    is(&format!("http_server_request_duration_seconds_bucket{{{},le=\"+Inf\"}}", by("GET", 429)), 1.0);
    is("weir_usage_units_total{api=\"echo\",object=\"requests\",billable=\"true\"}", 3.0);
    is("weir_usage_units_total{api=\"echo\",object=\"requests\",billable=\"false\"}", 0.0);
    is("weir_admission_denied_total{reason=\"quota-exceeded\"}", 1.0);
    is("weir_admission_denied_total{reason=\"invalid-key\"}", 1.0);
    is("faas_invoke_duration_seconds_count{outcome=\"ok\"}", 3.0);
    is("weir_metering_lost_total", 0.0);
    is("weir_meter_unsettled", 0.0);
    is("weir_ledger_over_budget_bytes", 0.0);
    is("weir_wasm_pool_slots{state=\"free\"}", 2.0);
    assert!(samples["weir_meter_commit_seconds_count"] >= 3.0);
    for secret in ["shop", key, subscribed["app"]["id"].as_str().unwrap()] {
        assert!(samples.keys().all(|name| !name.contains(secret)), "{secret}");
    }
    assert_eq!(host.stop().0, Some(0));
}
