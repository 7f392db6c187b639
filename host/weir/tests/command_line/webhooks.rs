//! Webhooks, from the command line to a receiver's socket.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use types::SecretValue;

use crate::aws::Client;
use crate::host::{HOST_TOML, Place};
use crate::metrics::scrape;

/// Takes every message.
struct Receiver {
    port: u16,
    received: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(stream.unwrap(), &kept));
            }
        });
        Self { port, received }
    }

    /// The body of a message of this kind, and whether `secret` has signed it.
    fn until(&self, kind: &str, secret: &SecretValue) -> Value {
        self.until_at("/hooks", kind, secret)
    }

    /// The same for a message that has come to `path`.
    fn until_at(&self, path: &str, kind: &str, secret: &SecretValue) -> Value {
        let (wanted, line) = (format!("\"type\":\"{kind}\""), format!("POST {path} "));
        for _ in 0..500 {
            let is_it = |one: &&String| one.contains(&wanted) && one.starts_with(&line);
            if let Some(found) = self.received.lock().unwrap().iter().find(is_it) {
                let (head, body) = found.split_once("\r\n\r\n").unwrap();
                let header = |name: &str| {
                    let line = head.lines().find(|line| line.starts_with(name)).unwrap();
                    line.split_once(": ").unwrap().1.to_owned()
                };
                let seconds = header("webhook-timestamp").parse().unwrap();
                let signed = delivery::signature(secret, &header("webhook-id"), seconds, body.as_bytes());
                assert_eq!(Some(header("webhook-signature")), signed);
                return serde_json::from_str(body).unwrap();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("no {kind} came: {:?}", self.received.lock().unwrap());
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<String>>) {
    let mut text = String::new();
    let mut part = [0; 4_096];
    while let Ok(count @ 1..) = stream.read(&mut part) {
        text.push_str(&String::from_utf8_lossy(&part[..count]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() >= length.parse().unwrap() {
            kept.lock().unwrap().push(std::mem::take(&mut text));
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        }
    }
}

#[test]
fn an_execution_that_ended_is_told_to_the_webhook_that_asks_for_it() {
    let (receiver, place) = (Receiver::start(), Place::new());
    let port = receiver.port;
    place.configure(&format!(
        "{HOST_TOML}[egress]\nallow_loopback_for_development = true\n[webhooks]\n\
         allow = [{{ host = \"127.0.0.1\", scheme = \"http\", port = {port} }}]\n"
    ));
    let host = place.start();
    let client = Client::of("acme", &place, &host);
    let run = |arguments: &[&str]| -> Value {
        let whole: Vec<&str> = ["--json"].iter().chain(arguments).copied().collect();
        serde_json::from_str(&place.run(&whole).expect_success()).unwrap()
    };
    let url = format!("http://127.0.0.1:{port}/hooks");
    let made = run(&["webhooks", "create", &url, "--events", "execution.failed", "--organisation", "acme"]);
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let secret = SecretValue::new(secret.to_owned());
    run(&["webhooks", "test", id]);
    assert_eq!(receiver.until("ping", &secret)["data"]["webhook"], id);

    let good = json!({ "StartAt": "Done", "States": { "Done": { "Type": "Pass", "End": true } } });
    client.ended(&client.start("good", &good));
    let bad = json!({ "StartAt": "No", "States": { "No": { "Type": "Fail", "Error": "Refused", "Cause": "no" } } });
    let failed = client.start("bad", &bad);
    let told = receiver.until("execution.failed", &secret);
    assert_eq!((&told["data"]["execution"], &told["data"]["error"]), (&json!(failed), &json!("Refused")));
    assert_eq!(receiver.received.lock().unwrap().len(), 2, "nobody asked for what succeeded");

    let samples = scrape(&host);
    let of = |name: &str| samples.get(name).copied().unwrap_or_else(|| panic!("{name} in {samples:#?}"));
    let ended =
        ["succeeded", "failed"].map(|status| of(&format!("weir_executions_ended_total{{status=\"{status}\"}}")));
    assert_eq!((of("weir_executions_started_total{by=\"operation\"}"), ended), (2.0, [1.0, 1.0]));
    assert_eq!((of("weir_executions_open"), of("weir_timers_late_seconds")), (0.0, 0.0));
    assert!(of("weir_delivery_attempts_total{kind=\"webhook\",outcome=\"accepted\"}") >= 1.0);
    assert_eq!(
        (of("weir_delivery_attempts_total{kind=\"mail\",outcome=\"dead\"}"), of("weir_deliveries_dead")),
        (0.0, 0.0)
    );
    let said = place.run(&["deliveries", "list", "--status", "delivered"]).expect_success();
    assert!(said.contains("execution.failed") && said.contains("ping") && said.contains(id), "{said}");
    let listed = run(&["deliveries", "list"]);
    let one = listed["items"][0]["id"].as_str().unwrap();
    let shown = place.run(&["deliveries", "show", one]).expect_success();
    assert!(shown.contains("204"), "{shown}");
    run(&["deliveries", "redeliver", one]);
    run(&["executions", "redrive", &failed]);
    run(&["webhooks", "disable", id]);
    assert!(place.run(&["webhooks", "list"]).expect_success().contains("by its owner"));
    run(&["webhooks", "delete", id]);
    let acts = place.run(&["audit", "list"]).expect_success();
    for action in ["webhook.create", "delivery.redeliver", "machine.create", "execution.redrive"] {
        assert!(acts.contains(action), "{action} in {acts}");
    }
    place.run(&["audit", "verify"]).expect_success();
    assert_eq!(host.stop().0, Some(0));
}

const PROJECT: &str = r#"
[api]
slug = "slow"
title = "Slow"
[workflow]
definition = "slow.asl.json"
starts = "standard"
[errors]
Refused = 402
[[routes]]
method = "POST"
path = "/{what}"
[[plans]]
name = "BASIC"
"#;

#[test]
fn the_app_whose_call_has_started_an_execution_is_told_that_it_is_over_and_sees_what_its_key_sees() {
    let (receiver, place) = (Receiver::start(), Place::new());
    let port = receiver.port;
    place.configure(&format!(
        "{HOST_TOML}[egress]\nallow_loopback_for_development = true\n[webhooks]\n\
         allow = [{{ host = \"127.0.0.1\", scheme = \"http\", port = {port} }}]\n"
    ));
    let host = place.start();
    let run = |arguments: &[&str]| -> Value {
        let whole: Vec<&str> = ["--json"].iter().chain(arguments).copied().collect();
        serde_json::from_str(&place.run(&whole).expect_success()).unwrap()
    };
    let folder = place.path().join("slow");
    std::fs::create_dir(&folder).unwrap();
    let refused =
        json!({ "StartAt": "No", "States": { "No": { "Type": "Fail", "Error": "Refused", "Cause": "too much" } } });
    std::fs::write(folder.join("slow.asl.json"), refused.to_string()).unwrap();
    std::fs::write(folder.join("weir.toml"), PROJECT).unwrap();
    place.run(&["publish", "slow"]).expect_success();
    let subscribe = |app: &str| run(&["subscribe", "--api", "slow", "--plan", "BASIC", "--app", app]);
    let (shop, _) = (subscribe("shop"), subscribe("other"));
    let mut secrets = Vec::new();
    for app in ["shop", "other"] {
        let url = format!("http://127.0.0.1:{port}/{app}");
        let made = run(&["webhooks", "create", &url, "--app", app]);
        secrets.push(SecretValue::new(made["secret"].as_str().unwrap().to_owned()));
    }
    let url = format!("http://127.0.0.1:{port}/hooks");
    let sellers = run(&["webhooks", "create", &url, "--organisation", "slow"]);
    let sellers = SecretValue::new(sellers["secret"].as_str().unwrap().to_owned());

    let key = shop["key"]["secret"].as_str().unwrap();
    let gateway = host.up["gateway"].as_str().unwrap();
    let mut begun = ureq::post(format!("{gateway}/slow/v1")).header("x-api-key", key).send_empty().unwrap();
    assert_eq!(begun.status(), 202);
    let begun: Value = begun.body_mut().read_json().unwrap();
    let told = receiver.until_at("/shop", "execution.failed", &secrets[0]);
    let place_of_it = format!("{gateway}{}", begun["location"].as_str().unwrap());
    let asked: Value = ureq::get(place_of_it).header("x-api-key", key).call().unwrap().body_mut().read_json().unwrap();
    assert_eq!(told["data"], asked, "told and asked are the same");
    assert_eq!((&told["data"]["id"], &told["data"]["error"]["status"]), (&begun["id"], &json!(402)));
    let its_seller = receiver.until("execution.failed", &sellers);
    assert!(its_seller["data"]["execution"].as_str().unwrap().ends_with(begun["id"].as_str().unwrap()));
    assert_eq!(receiver.received.lock().unwrap().len(), 2, "no other app is told");
    let listed = place.run(&["webhooks", "list", "--app", "shop"]).expect_success();
    assert!(listed.contains("/shop") && !listed.contains("/hooks") && !listed.contains("/other"), "{listed}");
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn a_host_whose_mail_is_half_configured_does_not_start() {
    let place = Place::new();
    place.configure(&format!("{HOST_TOML}[mail]\nsmtp = \"smtps://mail.example.com\"\n"));
    place.run(&["serve"]).expect_failure(&["mail.from is missing"]);
    place.configure(&format!("{HOST_TOML}[mail]\nsmtp = \"smtp+plain://mail.example.com\"\nfrom = \"a@b.example\"\n"));
    place.run(&["serve"]).expect_failure(&["for 127.0.0.1"]);
}
