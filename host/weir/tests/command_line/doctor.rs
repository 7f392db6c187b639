//! What the doctor finds, says, and has mended.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::host::{HOST_TOML, Place};

/// The finding of this name.
fn finding(place: &Place, name: &str) -> Value {
    let findings: Value = serde_json::from_str(&place.run(&["--json", "doctor"]).out()).unwrap();
    let named = findings["machine"].as_array().unwrap().iter().find(|check| check["name"] == name);
    named.unwrap_or_else(|| panic!("no {name} in {findings}")).clone()
}

#[test]
fn what_is_found_says_what_it_means_and_its_command_mends_it() {
    let place = Place::new();
    place.start().stop();
    assert_eq!(finding(&place, "secrets")["verdict"], "good");
    let token = place.data().join("operator.token");
    fs::set_permissions(&token, fs::Permissions::from_mode(0o644)).unwrap();
    let found = finding(&place, "secrets");
    assert_eq!(found["verdict"], "bad");
    assert!(found["means"].as_str().unwrap().contains("act as the operator"), "{found}");
    let human = place.run(&["doctor"]);
    assert!(human.out().contains("mend it:  chmod o-rwx"), "{}", human.out());
    human.expect_failure(&[]);
    let mended = Command::new("sh").arg("-c").arg(found["mend"].as_str().unwrap()).status().unwrap();
    assert!(mended.success());
    assert_eq!(finding(&place, "secrets")["verdict"], "good");
    assert_eq!(fs::metadata(&token).unwrap().permissions().mode() & 0o777, 0o640, "its group may read it as before");
}

#[test]
fn a_configuration_and_certificates_that_would_stop_a_start_are_found_before_it() {
    let place = Place::new();
    assert_eq!(finding(&place, "configuration")["verdict"], "good");
    let tls = "[control]\ntls = { certificate = \"a.pem\", key = \"a.key\" }\n";
    place.configure(&HOST_TOML.replace("[control]\n", tls));
    let found = finding(&place, "control TLS");
    assert_eq!(found["verdict"], "bad");
    assert!(found["found"].as_str().unwrap().contains("a.pem"), "{found}");
    place.configure("[gateway]\nlissen = 1\n");
    let found = finding(&place, "configuration");
    assert!(found["found"].as_str().unwrap().contains("lissen"), "{found}");
    place.run(&["doctor"]).expect_failure(&[]);
}
