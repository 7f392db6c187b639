//! What stops a start, in words that say what to do.

use std::net::TcpListener;

use crate::host::{HOST_TOML, Place};

#[test]
fn an_unknown_key_is_named_with_its_file_and_line() {
    let place = Place::bare();
    place.configure("[gateway]\nlissen = \"127.0.0.1:0\"\n");
    let file = place.data().join("host.toml");
    place.run(&["serve"]).expect_failure(&["lissen", "line 2", file.to_str().unwrap(), "does not start"]);
}

#[test]
fn a_port_in_use_is_named_with_its_setting() {
    let place = Place::bare();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    place.configure(&HOST_TOML.replacen("127.0.0.1:0", &format!("127.0.0.1:{port}"), 1));
    let said = ["in use", "[gateway]", "host.toml", &format!("port {port}")];
    place.run(&["serve"]).expect_failure(&said);
    drop(taken);
    place.start();
}

#[test]
fn a_second_host_on_the_folder_is_refused_and_the_first_goes_on() {
    let place = Place::new();
    let host = place.start();
    let data = place.data();
    place.run(&["serve"]).expect_failure(&["another host", data.to_str().unwrap(), "--data"]);
    place.run(&["usage"]).expect_success();
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn an_envelope_that_skips_the_meter_stops_the_start() {
    let place = Place::new();
    place.configure(&HOST_TOML.replacen("[control]", "envelope = \"mine.json\"\n[control]", 1));
    let mine = r#"{"StartAt":"Done","States":{"Done":{"Type":"Succeed"}}}"#;
    std::fs::write(place.data().join("mine.json"), mine).unwrap();
    place.run(&["serve"]).expect_failure(&["mine.json", "envelope"]);
}

#[test]
fn a_host_key_that_was_cut_short_stops_the_start() {
    let place = Place::new();
    place.start().stop();
    std::fs::write(place.data().join("host.key"), b"short").unwrap();
    place.run(&["serve"]).expect_failure(&["host.key", "5 bytes", "restore"]);
}
