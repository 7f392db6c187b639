//! Hosts that a user logs in to, and the commands by which apps, keys and releases are looked after.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::host::{Host, Place};

const PROJECT: &str = "[api]\nslug = \"echo\"\ntitle = \"Echo\"\n[component]\nworld = \"http\"\nwasm = \"echo.wasm\"\n\
                       grants = [\"logging\"]\n[[routes]]\nmethod = \"*\"\npath = \"/{*rest}\"\n[[plans]]\n\
                       name = \"BASIC\"\n\
                       quotas = [{ object = \"requests\", amount = AMOUNT, per = \"month\", limit = \"hard\" }]\n";

/// Makes the project of an API whose component logs, and answers its folder's name.
fn project(place: &Place, amount: u32) -> &'static str {
    let folder = place.path().join("echo");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("echo.wasm"), tests::Component::logging().unwrap().bytes()).unwrap();
    fs::write(folder.join("weir.toml"), PROJECT.replace("AMOUNT", &amount.to_string())).unwrap();
    "echo"
}

/// Publishes it, and answers what `weir subscribe` said.
pub(crate) fn open(place: &Place, amount: u32) -> Value {
    place.run(&["publish", project(place, amount)]).expect_success();
    json(&place.run(&["--json", "subscribe", "--api", "echo", "--plan", "BASIC", "--app", "shop"]).expect_success())
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn control(host: &Host) -> &str {
    host.up["control"].as_str().unwrap()
}

#[test]
fn a_login_is_kept_for_its_owner_and_used_for_its_host_alone() {
    let place = Place::new();
    let host = place.start();
    let token = host.up["operator_token"].as_str().unwrap();
    let home = place.path().to_str().unwrap();
    let env = [("HOME", home)];
    let file = place.path().join(".config/weir/profiles.toml");

    let wrong = [("HOME", home), ("WEIR_TOKEN", "weir_ctrl_wrong")];
    place.run_as(&wrong, &["login", control(&host)]).expect_failure(&["401"]);
    assert!(!file.exists(), "a token that opens nothing is not kept");

    let given = [("HOME", home), ("WEIR_TOKEN", token)];
    place.run_as(&given, &["login", control(&host), "--profile", "far"]).expect_success();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    place.run_as(&env, &["audit", "verify"]).expect_success();
    let listed = place.run_as(&env, &["login"]).expect_success();
    assert!(listed.contains("far") && !listed.contains(token), "{listed}");

    let other = ["--control", "http://127.0.0.1:9", "audit", "verify"];
    place.run_as(&env, &other).expect_failure(&["no token"]);
    place.run_as(&env, &["--profile", "near", "audit", "verify"]).expect_failure(&["near", "far", "weir login"]);
    place.run_as(&env, &["logout"]).expect_success();
    place.run_as(&env, &["audit", "verify"]).expect_failure(&["no host runs on"]);
}

#[test]
fn the_token_in_the_data_folder_goes_to_the_host_on_that_folder_alone() {
    let place = Place::new();
    let host = place.start();
    place.run(&["--control", &format!("{}/", control(&host)), "audit", "verify"]).expect_success();

    let stranger = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    let url = format!("http://{}", stranger.local_addr().unwrap());
    place.run(&["--control", &url, "audit", "verify"]).expect_failure(&["no token for http://127.0.0.1", "--token"]);
    assert_eq!(host.stop().0, Some(0));
    place.run(&["--control", &url, "audit", "verify"]).expect_failure(&["no token for", "--token"]);
    assert!(stranger.accept().is_err(), "nobody asked the stranger anything");
}

#[test]
fn what_was_published_to_another_host_is_not_said_to_be_at_this_one() {
    let (near, far) = (Place::new(), Place::new());
    let (near_host, far_host) = (near.start(), far.start());
    let near_gateway = near_host.up["gateway"].as_str().unwrap();
    assert!(near.run(&["publish", project(&near, 4)]).expect_success().contains(near_gateway));
    let token = far_host.up["operator_token"].as_str().unwrap();
    let said = near.run(&["--control", control(&far_host), "--token", token, "publish", "echo"]).expect_success();
    assert!(!said.contains(near_gateway), "{said}");
}

#[test]
fn keys_are_made_listed_without_their_secret_and_disabled_from_the_next_call_on() {
    let place = Place::new();
    let host = place.start();
    open(&place, 4);
    let made = json(&place.run(&["--json", "keys", "new", "shop", "--test"]).expect_success());
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert!(secret.starts_with("weir_test_"));
    place.run(&["call", "echo", "GET", "/x", "--key", secret]).expect_success();
    let listed = place.run(&["keys", "list", "shop"]).expect_success();
    assert!(listed.contains(id) && !listed.contains(secret), "{listed}");
    place.run(&["keys", "disable", id, "--reason", "leaked"]).expect_success();
    place.run(&["call", "echo", "GET", "/x", "--key", secret]).expect_failure(&["401"]);
    place.run(&["keys", "list", "nobody"]).expect_failure(&["no app \"nobody\"", "weir apps"]);
    assert!(place.run(&["apps"]).expect_success().contains("shop"));
    let subscriptions = place.run(&["subscriptions", "--api", "echo"]).expect_success();
    assert!(subscriptions.contains("BASIC") && subscriptions.contains("active"), "{subscriptions}");
    let releases = place.run(&["releases", "echo"]).expect_success();
    assert!(releases.lines().nth(1).unwrap().starts_with("1        all"), "{releases}");
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn usage_is_drawn_to_the_end_of_what_is_included_and_in_ascii_where_nothing_else_shows() {
    let place = Place::new();
    let _host = place.start();
    let key = open(&place, 4)["key"]["secret"].as_str().unwrap().to_owned();
    place.run(&["call", "echo", "GET", "/x", "--key", &key]).expect_success();
    let plain = place.run(&["usage"]).expect_success();
    let bar = format!("{}{} 25 %", "#".repeat(10), ".".repeat(30));
    assert!(plain.contains(&bar), "{plain}");
    let data = place.data();
    let env = [("LC_ALL", "C.UTF-8"), ("WEIR_DATA", data.to_str().unwrap())];
    let blocks = place.run_as(&env, &["usage", "--now"]).expect_success();
    assert!(blocks.contains(&format!("{}{} 25 %", "█".repeat(10), "░".repeat(30))), "{blocks}");
    let json = json(&place.run(&["--json", "usage"]).expect_success());
    assert_eq!(json[0]["objects"][0]["used"], 1);
}

#[test]
fn logs_are_followed_call_by_call() {
    let place = Place::new();
    let _host = place.start();
    let key = open(&place, 1_000)["key"]["secret"].as_str().unwrap().to_owned();
    place.run(&["call", "echo", "GET", "/before", "--key", &key]).expect_success();
    place.run(&["logs"]).expect_failure(&["--follow"]);
    let mut follower = place.follow(&["--json", "logs", "--follow", "--api", "echo"]);
    // What the follower tells of is what comes after it has asked for the first time: calls go on until it has told.
    let told = std::sync::atomic::AtomicBool::new(false);
    let line = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !told.load(std::sync::atomic::Ordering::Relaxed) {
                place.run(&["call", "echo", "GET", "/x", "--key", &key]).expect_success();
                std::thread::sleep(std::time::Duration::from_millis(200));
            }
        });
        let line = follower.next_line();
        told.store(true, std::sync::atomic::Ordering::Relaxed);
        json(&line.unwrap())
    });
    let calls = json(&place.run(&["--json", "calls", "--api", "echo", "--limit", "1000"]).expect_success());
    let ids: Vec<&Value> = calls["items"].as_array().unwrap().iter().map(|call| &call["id"]).collect();
    assert!(ids[..ids.len() - 1].contains(&&line["call"]), "{line} is of the call before, or of none: {ids:?}");
    assert!(!line["text"].as_str().unwrap().is_empty());
}

#[test]
fn shells_and_manuals_know_every_command() {
    let place = Place::bare();
    for shell in ["bash", "zsh", "fish"] {
        let script = place.run(&["completions", shell]).expect_success();
        assert!(script.contains("subscriptions") && script.contains("backup"), "{shell}");
    }
    assert!(place.run(&["man"]).expect_success().contains(".TH weir 1"));
    place.run(&["man", "pages"]).expect_success();
    assert!(fs::read_to_string(place.path().join("pages/weir-restore.1")).unwrap().contains("host\\-key"));
}
