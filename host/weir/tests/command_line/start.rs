//! The first start and the next one.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::host::Place;

#[test]
fn the_first_start_makes_everything_and_the_second_finds_it() {
    let place = Place::new();
    let host = place.start();
    let token = host.up["operator_token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("weir_ctrl_"));
    for name in ["host.key", "operator.token"] {
        let mode = std::fs::metadata(place.data().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    for name in ["catalog.db", "usage.db", "traces.db", "components", "cache", "addresses.json"] {
        assert!(place.data().join(name).exists(), "{name}");
    }
    let kept = std::fs::read_to_string(place.data().join("operator.token")).unwrap();
    assert_eq!(kept.trim(), token);
    let addresses: Value =
        serde_json::from_slice(&std::fs::read(place.data().join("addresses.json")).unwrap()).unwrap();
    assert_eq!(addresses["control"], host.up["control"]);

    let (code, log) = host.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains(&token), "the log shows the token");
    assert!(!place.data().join("addresses.json").exists());

    let key = std::fs::read(place.data().join("host.key")).unwrap();
    let host = place.start();
    assert!(host.up["operator_token"].is_null(), "the token is shown once");
    assert_eq!(std::fs::read(place.data().join("host.key")).unwrap(), key);
    place.run(&["usage"]).expect_success();
}

#[test]
fn the_books_are_checked_beside_a_running_host_and_without_one() {
    let place = Place::new();
    let host = place.start();
    let verified = place.run(&["audit", "verify"]).expect_success();
    assert!(verified.contains("intact"), "{verified}");
    let beside = place.run(&["--json", "doctor", "--reconcile"]);
    let beside: Value = serde_json::from_str(&beside.out()).unwrap();
    assert_eq!(beside["books"]["mismatches"], serde_json::json!([]));
    assert_eq!(host.stop().0, Some(0));
    let offline = place.run(&["doctor", "--reconcile"]).out();
    assert!(offline.contains("the chain is intact"), "{offline}");
}

#[test]
fn a_lost_operator_token_is_replaced_at_the_next_start() {
    let place = Place::new();
    let first = place.start();
    let lost = first.up["operator_token"].clone();
    first.stop();
    std::fs::remove_file(place.data().join("operator.token")).unwrap();
    let second = place.start();
    assert!(second.up["operator_token"].is_string());
    assert_ne!(second.up["operator_token"], lost);
    place.run(&["audit", "verify"]).expect_success();
}
