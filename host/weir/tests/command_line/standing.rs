//! What stands still and what takes another's place: typed at the command line, felt by the next call, and on record.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::desk::{json, open};
use crate::host::Place;

/// From the end of a suspension to the refusal of a call. The call is a process of its own, on a machine that may be busy.
const EFFECTIVE: Duration = Duration::from_secs(1);

fn all(place: &Place, arguments: &[&str]) -> Vec<Value> {
    let whole: Vec<&str> = [&["--json"], arguments].concat();
    json(&place.run(&whole).expect_success()).as_array().unwrap().clone()
}

fn id(thing: &Value) -> String {
    thing["id"].as_str().unwrap().to_owned()
}

/// Sends a call by hand, and answers its status and body.
fn call(gateway: &str, key: &str) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut answer = agent.get(format!("{gateway}/echo/x")).header("x-api-key", key).call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

#[test]
fn each_of_the_six_stands_still_within_a_second_with_its_reason_and_goes_on() {
    let place = Place::new();
    let host = place.start();
    let opened = open(&place, 1_000);
    let (gateway, secret) = (host.up["gateway"].as_str().unwrap(), opened["key"]["secret"].as_str().unwrap());
    let key = id(&all(&place, &["keys", "list", "shop"])[0]);
    let subscription = id(&all(&place, &["subscriptions"])[0]);
    let things: [(&[&str], &str, &str); 6] = [
        (&["api", "echo"], "api-suspended", "API echo"),
        (&["release", "echo", "1"], "api-suspended", "release 1 of echo"),
        (&["plan", "echo", "BASIC"], "subscription-suspended", "plan BASIC of echo"),
        (&["app", "shop"], "app-suspended", "app shop"),
        (&["key", &key], "key-suspended", &key),
        (&["subscription", &subscription], "subscription-suspended", &subscription),
    ];
    for (thing, code, what) in things {
        assert_eq!(call(gateway, secret).0, 200, "{thing:?}");
        let said = place.run(&[&["suspend"], thing, &["--reason", "unpaid since May"]].concat()).expect_success();
        let since = now();
        let (status, body) = call(gateway, secret);
        assert!(since.elapsed() < EFFECTIVE, "{thing:?}: {:?}", since.elapsed());
        assert!(said.contains(what) && said.contains("stands still"), "{said}");
        let problem = json(&body);
        assert_eq!((status, problem["code"].as_str()), (403, Some(code)), "{thing:?}: {body}");
        assert!(problem["detail"].as_str().unwrap().contains("unpaid since May"), "{body}");
        let said = place.run(&[&["resume"], thing].concat()).expect_success();
        assert!(said.contains(what) && said.contains("goes on"), "{said}");
    }
    assert_eq!(call(gateway, secret).0, 200);
    let acts = json(&place.run(&["--json", "audit", "list", "--limit", "12"]).expect_success());
    let acts: Vec<&str> = acts["items"].as_array().unwrap().iter().map(|act| act["action"].as_str().unwrap()).collect();
    let kinds = ["subscription", "key", "app", "plan", "release", "api"];
    let expected: Vec<String> =
        kinds.iter().flat_map(|kind| [format!("{kind}.resume"), format!("{kind}.suspend")]).collect();
    assert_eq!(acts, expected, "the newest first");
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn what_is_not_there_cannot_be_suspended_and_a_reason_must_be_given() {
    let place = Place::new();
    let _host = place.start();
    open(&place, 1_000);
    place.run(&["suspend", "api", "echo"]).expect_failure(&["--reason"]);
    place.run(&["suspend", "api", "none", "--reason", "x"]).expect_failure(&["no API none", "404"]);
    place.run(&["suspend", "plan", "echo", "GOLD", "--reason", "x"]).expect_failure(&["no such plan GOLD", "BASIC 1"]);
    place.run(&["suspend", "plan", "echo", "BASIC", "--number", "2", "--reason", "x"]).expect_failure(&["BASIC 1"]);
    place.run(&["suspend", "app", "none", "--reason", "x"]).expect_failure(&["no app \"none\""]);
    place.run(&["suspend", "api", "echo", "--reason", "maintenance"]).expect_success();
    let suspended = all(&place, &["resume", "api", "echo"]);
    assert_eq!((suspended.len(), suspended[0].get("suspended")), (1, None));
}

#[test]
fn a_key_and_its_successor_both_open_until_the_overlap_is_over() {
    let place = Place::new();
    let host = place.start();
    let opened = open(&place, 1_000);
    let (gateway, old) = (host.up["gateway"].as_str().unwrap(), opened["key"]["secret"].as_str().unwrap());
    let key = id(&all(&place, &["keys", "list", "shop"])[0]);
    place.run(&["keys", "rotate", &key, "--overlap", "soon"]).expect_failure(&["such as 24h"]);
    let made = json(&place.run(&["--json", "keys", "rotate", &key, "--overlap", "8s"]).expect_success());
    let new = made["secret"].as_str().unwrap();
    assert_eq!((call(gateway, old).0, call(gateway, new).0), (200, 200));
    let since = now();
    while call(gateway, old).0 == 200 {
        assert!(since.elapsed() < Duration::from_secs(30), "the old key goes on");
        std::thread::sleep(Duration::from_millis(100));
    }
    let (status, body) = call(gateway, old);
    assert_eq!((status, json(&body)["code"].as_str()), (401, Some("key-expired")), "{body}");
    assert_eq!(call(gateway, new).0, 200);
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn a_token_is_rotated_listed_without_its_secret_and_revoked() {
    let place = Place::new();
    let host = place.start();
    let old = host.up["operator_token"].as_str().unwrap();
    let made = json(&place.run(&["--json", "tokens", "rotate", "--overlap", "1h"]).expect_success());
    let new = made["secret"].as_str().unwrap();
    for token in [old, new] {
        place.run(&["--token", token, "audit", "verify"]).expect_success();
    }
    // The one that the command itself used has its successor where it was.
    let file = Path::new(host.up["data"].as_str().unwrap()).join("operator.token");
    assert_eq!(fs::read_to_string(&file).unwrap().trim(), new);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    place.run(&["audit", "verify"]).expect_success();
    let listed = place.run(&["--token", new, "tokens", "list"]).expect_success();
    assert!(listed.contains(&id(&made)) && !listed.contains(new) && listed.contains("read,publish,manage"), "{listed}");
    let tokens = all(&place, &["--token", new, "tokens", "list"]);
    let first = tokens.iter().find(|token| id(token) != id(&made)).unwrap();
    assert!(first["expires_at"].is_string() && made.get("expires_at").is_none(), "{first}");
    place.run(&["--token", new, "tokens", "revoke", &id(first), "--reason", "rotated"]).expect_success();
    place.run(&["--token", old, "audit", "verify"]).expect_failure(&["401"]);
    place.run(&["audit", "verify"]).expect_success();
    let listed = |arguments: &[&str]| all(&place, arguments).iter().any(|token| id(token) == id(first));
    assert!(!listed(&["tokens", "list"]) && listed(&["tokens", "list", "--revoked"]));
    let acts = place.run(&["--json", "--token", new, "audit", "list", "--subject", &id(first)]).expect_success();
    assert!(acts.contains("token.retire") && acts.contains("rotated"), "{acts}");
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn a_rotated_token_takes_its_place_wherever_it_was_kept_and_nowhere_else() {
    let place = Place::new();
    let host = place.start();
    let (control, first) = (host.up["control"].as_str().unwrap(), host.up["operator_token"].as_str().unwrap());
    let home = place.path().to_str().unwrap();
    let login = [("HOME", home), ("WEIR_TOKEN", first)];
    place.run_as(&login, &["login", control, "--profile", "far"]).expect_success();
    let file = Path::new(host.up["data"].as_str().unwrap()).join("operator.token");
    let kept = || fs::read_to_string(&file).unwrap().trim().to_owned();

    // One that is another's is shown alone.
    let other = json(&place.run(&["--json", "tokens", "rotate"]).expect_success());
    assert_eq!(kept(), other["secret"].as_str().unwrap(), "it is the folder's own");
    let own = place.run(&["tokens", "list"]).expect_success();
    assert!(own.contains(&id(&other)), "{own}");
    let far = [("HOME", home)];
    let said = place.run_as(&far, &["--profile", "far", "tokens", "rotate", &id(&other)]).expect_success();
    assert!(said.contains("shown this once") && !said.contains("has it now"), "{said}");
    assert_eq!(kept(), other["secret"].as_str().unwrap());

    let said = place.run_as(&far, &["--profile", "far", "tokens", "rotate"]).expect_success();
    assert!(said.contains("the profile far has it now"), "{said}");
    let profiles = fs::read_to_string(place.path().join(".config/weir/profiles.toml")).unwrap();
    assert!(!profiles.contains(first), "the old one is nowhere in the profiles");
    place.run_as(&far, &["--profile", "far", "audit", "verify"]).expect_success();
    assert_eq!(host.stop().0, Some(0));
}

#[expect(clippy::disallowed_methods, reason = "the host is a process of its own, and its clock the machine's")]
fn now() -> Instant {
    Instant::now()
}
