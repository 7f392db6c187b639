//! A backup of a host that works, and another host out of it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::host::{HOST_TOML, Host, Place};

const PROJECT: &str = "[api]\nslug = \"echo\"\ntitle = \"Echo\"\n[component]\nworld = \"http\"\nwasm = \"echo.wasm\"\n\
                       [[routes]]\nmethod = \"*\"\npath = \"/{*rest}\"\n[[plans]]\nname = \"BASIC\"\n";

/// Publishes an API and answers a key for it.
fn open(place: &Place) -> String {
    let folder = place.path().join("echo");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("echo.wasm"), tests::Component::echo().unwrap().bytes()).unwrap();
    fs::write(folder.join("weir.toml"), PROJECT).unwrap();
    place.run(&["publish", "echo"]).expect_success();
    let subscribed = ["--json", "subscribe", "--api", "echo", "--plan", "BASIC", "--app", "shop"];
    let subscribed: serde_json::Value = serde_json::from_str(&place.run(&subscribed).expect_success()).unwrap();
    subscribed["key"]["secret"].as_str().unwrap().to_owned()
}

/// Calls until told to stop, and notes the id of each answer.
fn load(host: &Host, key: &str, answered: &Mutex<BTreeSet<String>>, stop: &AtomicBool) {
    let agent = ureq::Agent::new_with_defaults();
    let url = format!("{}/echo/x", host.up["gateway"].as_str().unwrap());
    while !stop.load(Ordering::Relaxed) {
        // The host is killed at the end: a call that has no answer by then is not counted.
        let Ok(answer) = agent.get(&url).header("x-api-key", key).call() else { continue };
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        answered.lock().unwrap().insert(id);
    }
}

fn recorded(data: &Path) -> BTreeSet<String> {
    let reader = store::open_read_only(&data.join("usage.db")).unwrap();
    let mut rows = reader.prepare("SELECT call_id FROM call").unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_host_that_was_destroyed_under_load_comes_back_with_every_call_answered_before_its_backup() {
    let place = Place::new();
    let host = place.start();
    let key = open(&place);
    fs::write(place.path().join("may.csv"), "sku,n\na,1\n").unwrap();
    place.run(&["objects", "put", "may.csv", "orders/2026/may 1.csv", "--organisation", "echo"]).expect_success();
    let (answered, stop) = (Arc::new(Mutex::new(BTreeSet::new())), Arc::new(AtomicBool::new(false)));
    let before = std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| load(&host, &key, &answered, &stop));
        }
        while answered.lock().unwrap().len() < 200 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let before = answered.lock().unwrap().clone();
        let said = place.run(&["backup", "copy"]);
        said.expect_success();
        assert!(said.err().contains("host.key"), "{}", said.err());
        let during = answered.lock().unwrap().len();
        while answered.lock().unwrap().len() < during + 20 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        stop.store(true, Ordering::Relaxed);
        before
    });
    let key_kept = fs::read(place.data().join("host.key")).unwrap();
    drop(host);
    fs::remove_dir_all(place.data()).unwrap();
    assert!(!place.path().join("copy/host.key").exists() && !place.path().join("copy/operator.token").exists());

    fs::write(place.path().join("kept.key"), &key_kept).unwrap();
    let restored = place.run(&["--json", "restore", "copy", "--host-key", "kept.key"]).expect_success();
    let restored: serde_json::Value = serde_json::from_str(&restored).unwrap();
    assert_eq!(restored["books"]["mismatches"], serde_json::json!([]));
    let names: Vec<&str> = restored["files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(
        names[..5],
        ["workflows.db", "delivery.db", "catalog.db", "usage.db", "traces.db"],
        "what crosses is in the later ones"
    );
    assert_eq!(fs::metadata(place.data()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read(place.data().join("host.key")).unwrap(), key_kept);
    let missing: Vec<_> = before.difference(&recorded(&place.data())).cloned().collect();
    assert!(missing.is_empty(), "answered before the backup and not in it: {missing:?}");

    let host = place.start();
    place.run(&["call", "echo", "GET", "/x", "--key", &key]).expect_success();
    let object = ["objects", "get", "orders/2026/may 1.csv", "--organisation", "echo"];
    assert_eq!(place.run(&object).expect_success(), "sku,n\na,1\n");
    let listed = place.run(&["objects", "list", "orders", "--organisation", "echo"]).expect_success();
    assert!(listed.contains("2026/may 1.csv"), "{listed}");
    let books = place.run(&["doctor", "--reconcile"]).out();
    assert!(books.contains("the chain is intact"), "{books}");
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn a_backup_that_is_not_what_was_written_is_refused_and_nothing_is_made() {
    let place = Place::new();
    place.start().stop();
    place.run(&["backup", "copy"]).expect_success();
    let usage = place.path().join("copy/usage.db");
    let whole = fs::read(&usage).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    let list = fs::read_to_string(place.path().join("copy/backup.json")).unwrap();
    let other = place.path().join("other");
    let restore = |parts: &[&str]| {
        let ran = place.run(&["--data", other.to_str().unwrap(), "restore", "copy"]);
        ran.expect_failure(parts);
        assert!(!other.exists() && !other.with_file_name("other.unfinished").exists());
    };
    fs::write(&usage, &changed).unwrap();
    restore(&["usage.db", "is not what was backed up"]);
    fs::write(&usage, &whole).unwrap();

    fs::write(place.path().join("copy/backup.json"), list.replace("\"usage.db\"", "\"../usage.db\"")).unwrap();
    restore(&["../usage.db", "no file of a backup"]);
    fs::remove_file(place.path().join("copy/backup.json")).unwrap();
    restore(&["backup.json", "not finished"]);
    fs::write(place.path().join("copy/backup.json"), list).unwrap();
    place.run(&["--data", other.to_str().unwrap(), "restore", "copy"]).expect_success();
}

/// Everything in a folder and below it, with what may be done with it.
fn modes(folder: &Path) -> Vec<(String, u32)> {
    let mut found = vec![(folder.display().to_string(), fs::metadata(folder).unwrap().permissions().mode() & 0o777)];
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(modes(&entry));
        } else {
            let mode = fs::metadata(&entry).unwrap().permissions().mode() & 0o777;
            found.push((entry.display().to_string(), mode));
        }
    }
    found
}

/// A file of each kind that `host.toml` may name, one of them elsewhere.
fn name_files(place: &Place) {
    fs::create_dir_all(place.data().join("tls")).unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let elsewhere = place.path().join("elsewhere.pem");
    for certificate in [place.data().join("tls/one.pem"), place.data().join("ca.pem"), elsewhere.clone()] {
        fs::write(certificate, made.cert.pem()).unwrap();
    }
    fs::write(place.data().join("tls/one.key"), made.signing_key.serialize_pem()).unwrap();
    let listen = "listen = \"127.0.0.1:0\"";
    let tls = "tls = { certificate = \"tls/one.pem\", key = \"tls/one.key\" }";
    let other = format!("tls = {{ certificate = \"{}\", key = \"tls/one.key\" }}", elsewhere.display());
    let configuration = HOST_TOML.replacen(listen, &format!("{listen}\n{tls}"), 1);
    let control = configuration.replace("[control]\n", &format!("[control]\n{other}\n"));
    place.configure(&format!("{control}[egress]\nca_file = \"ca.pem\"\n"));
}

#[test]
fn what_the_configuration_names_is_in_the_backup_except_for_keys_and_what_lies_elsewhere() {
    let place = Place::bare();
    fs::create_dir(place.data()).unwrap();
    name_files(&place);
    place.start().stop();
    let said = place.run(&["backup", "copy"]);
    said.expect_success();
    assert!(said.err().contains("host.key") && said.err().contains("tls/one.key"), "{}", said.err());
    for (name, mode) in modes(&place.path().join("copy")) {
        assert_eq!(mode & 0o077, 0, "{name} is not for its owner alone: {mode:o}");
    }
    let list = fs::read(place.path().join("copy/backup.json")).unwrap();
    let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
    let elsewhere = place.path().join("elsewhere.pem");
    assert_eq!(list["left_out"], serde_json::json!(["host.key", "tls/one.key", elsewhere]));

    let restored = place.path().join("restored");
    fs::remove_file(&elsewhere).unwrap();
    let said = place.run(&["--data", restored.to_str().unwrap(), "restore", "copy"]);
    said.expect_success();
    let wanted = format!("{}, {}", restored.join("tls/one.key").display(), elsewhere.display());
    assert!(said.err().contains(&wanted), "{}", said.err());
    for name in ["tls/one.pem", "ca.pem", "host.toml"] {
        assert_eq!(fs::read(restored.join(name)).unwrap(), fs::read(place.data().join(name)).unwrap(), "{name}");
    }
    assert!(!restored.join("tls/one.key").exists());
}

#[test]
fn a_backup_of_a_newer_program_is_refused_by_its_version() {
    let place = Place::new();
    place.start().stop();
    place.run(&["backup", "copy"]).expect_success();
    let path = place.path().join("copy/backup.json");
    let mut list: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    list["weir_version"] = "99.1.2".into();
    for name in ["workflows.db", "catalog.db", "usage.db", "traces.db"] {
        let mut newer = list.clone();
        let files = newer["files"].as_array_mut().unwrap();
        files.iter_mut().find(|file| file["name"] == name).unwrap()["schema_version"] = 1_000.into();
        fs::write(&path, newer.to_string()).unwrap();
        let restore = place.run(&["--data", "other", "restore", "copy"]);
        restore.expect_failure(&["weir 99.1.2", name, "schema version 1000"]);
        assert!(!place.path().join("other").exists());
    }
}

#[test]
fn a_backup_that_cannot_be_noted_is_a_backup() {
    let place = Place::new();
    place.start().stop();
    fs::create_dir_all(place.data().join("last-backup.json/in-the-way")).unwrap();
    let said = place.run(&["backup", "copy"]);
    said.expect_success();
    assert!(said.err().contains("the backup is complete"), "{}", said.err());
    assert!(place.path().join("copy/backup.json").exists());
}

#[test]
fn nothing_is_written_over() {
    let place = Place::new();
    place.run(&["backup", "copy"]).expect_failure(&["no host has ever run", "--data"]);
    place.start().stop();
    place.run(&["backup", "copy"]).expect_success();
    place.run(&["backup", "copy"]).expect_failure(&["copy is not empty"]);
    place.run(&["restore", "copy"]).expect_failure(&["data is not empty"]);
    fs::write(place.path().join("short.key"), "short").unwrap();
    let other = ["--data", "other", "restore", "copy", "--host-key", "short.key"];
    place.run(&other).expect_failure(&["short.key", "5 bytes"]);
}

#[test]
fn the_doctor_asks_for_a_backup_until_there_is_one() {
    let place = Place::new();
    place.start().stop();
    assert!(place.run(&["doctor"]).out().contains("weir backup FOLDER"));
    place.run(&["backup", "copy"]).expect_success();
    let said = place.run(&["doctor"]).out();
    assert!(said.contains("the last one is of 20") && !said.contains("weir backup FOLDER"), "{said}");
}
