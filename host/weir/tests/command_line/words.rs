//! What the commands say when something is missing.

use crate::host::Place;

#[test]
fn without_a_host_a_command_says_how_to_start_one() {
    let place = Place::bare();
    place.run(&["usage"]).expect_failure(&["no host runs on", "weir serve", "--control"]);
    place.run(&["call", "vat", "GET", "/v1/rates"]).expect_failure(&["no host runs on", "--gateway"]);
}

#[test]
fn a_project_that_is_not_right_is_explained_before_anything_is_sent() {
    let place = Place::bare();
    place.run(&["publish"]).expect_failure(&["weir.toml"]);
    let project = "[api]\nslug = \"vat\"\ntitle = \"VAT\"\n[component]\nworld = \"http\"\nwasm = \"vat.wasm\"\n";
    std::fs::write(place.path().join("weir.toml"), format!("{project}wsam = 1\n")).unwrap();
    place.run(&["publish"]).expect_failure(&["weir.toml", "wsam", "line 7"]);
    std::fs::write(place.path().join("weir.toml"), project).unwrap();
    place.run(&["publish"]).expect_failure(&["vat.wasm", "weir build"]);
}

#[test]
fn what_the_host_refuses_is_passed_on_in_its_words() {
    let place = Place::new();
    let host = place.start();
    place
        .run(&["subscribe", "--api", "vat", "--plan", "BASIC", "--app", "shop"])
        .expect_failure(&["no API vat", "404"]);
    place.run(&["--token", "weir_ctrl_none", "usage"]).expect_failure(&["401", "token"]);
    let text = place.path().join("vat.wasm");
    std::fs::write(&text, "this is no component").unwrap();
    let project = "[api]\nslug = \"vat\"\ntitle = \"VAT\"\n[component]\nworld = \"http\"\nwasm = \"vat.wasm\"\n";
    std::fs::write(place.path().join("weir.toml"), project).unwrap();
    place.run(&["publish"]).expect_failure(&["422", "component-refused"]);
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn a_call_without_a_key_prints_the_problem_and_fails() {
    let place = Place::new();
    let _host = place.start();
    let ran = place.run(&["call", "vat", "GET", "/v1/rates"]);
    assert!(ran.out().contains("\"code\""), "{}", ran.out());
    ran.expect_failure(&["x-request-id", "application/problem+json"]);
}
