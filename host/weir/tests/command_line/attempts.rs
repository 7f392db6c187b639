//! What attempts at tasks leave in the books: one row each, whoever made them, and whatever cut them off.

use std::time::Duration;

use serde_json::{Value, json};

use crate::aws::Client;
use crate::host::{HOST_TOML, Host, Place};
use crate::upstream::{NAMES, Upstream, json as answer};

const HTTP: &str = "arn:aws:states:::http:invoke";
const SQS: &str = "arn:aws:states:::sqs:sendMessage";
/// As whom services of AWS are asked.
pub(crate) const CREDENTIAL: [(&str, &str); 3] =
    [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE00001"), ("AWS_SECRET_ACCESS_KEY", "s3cr3t")];

/// A machine with one state, which asks for `resource`.
fn one(resource: &str, parameters: &Value, more: &[(&str, Value)]) -> Value {
    let mut state = json!({ "Type": "Task", "Resource": resource, "Parameters": parameters, "End": true });
    for (name, value) in more {
        state[*name] = value.clone();
    }
    json!({ "StartAt": "Ask", "States": { "Ask": state } })
}

struct Scene {
    upstream: Upstream,
    place: Place,
}

impl Scene {
    /// `/v1/usd` answers at once, `/v1/slow` after a second, `/v1/never` not at all; anything else is a queue.
    fn new() -> Self {
        let upstream = Upstream::start(|asked, _| match asked.split(' ').nth(1).unwrap() {
            "/v1/usd" => answer("200 OK", r#"{"rate":1.25}"#),
            "/v1/slow" => {
                std::thread::sleep(Duration::from_secs(1));
                answer("200 OK", "{}")
            }
            "/v1/never" => {
                std::thread::sleep(Duration::from_mins(10));
                String::new()
            }
            "/" => answer("200 OK", r#"{"MessageId":"m1"}"#),
            _ => answer("404 Not Found", "{}"),
        });
        let place = Place::new();
        place.configure(&format!("{HOST_TOML}{}[aws]\norganisations = [\"acme\"]\n", upstream.egress()));
        std::fs::write(place.data().join("upstream.pem"), &upstream.certificate).unwrap();
        Self { upstream, place }
    }

    fn start(&self) -> Host {
        let endpoint = format!("https://{}:{}", NAMES[0], self.upstream.port);
        let endpoint = ("AWS_ENDPOINT_URL_SQS", &*endpoint);
        self.place.start_with(&[&CREDENTIAL[..], &[endpoint]].concat())
    }

    /// An organisation whose machines may ask the upstream.
    fn client(&self, host: &Host) -> Client {
        let client = Client::of("acme", &self.place, host);
        let grant = format!("[[egress]]\nhost = \"*.shop.example\"\nport = {}\n", self.upstream.port);
        std::fs::write(self.place.path().join("role.toml"), grant).unwrap();
        let set = ["workflow", "roles", "set", "workflows", "role.toml", "--organisation", "acme"];
        self.place.run(&set).expect_success();
        client
    }

    fn get(&self, what: &str) -> Value {
        json!({ "ApiEndpoint": format!("https://{}:{}/v1/{what}", NAMES[0], self.upstream.port), "Method": "GET" })
    }

    fn until_asked(&self, count: usize) {
        while self.upstream.asked().len() < count {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The rows of attempts, once there are so many.
    fn rows(&self, count: usize) -> Vec<Row> {
        let books = store::open_read_only(&self.place.data().join("usage.db")).unwrap();
        let sql = "SELECT execution, attempt, resource, outcome, egress_calls, egress_bytes > 0, organisation, link IS NOT NULL
            FROM attempts ORDER BY seq";
        let read = || -> Vec<Row> {
            let mut rows = books.prepare(sql).unwrap();
            let rows = rows.query_map([], |row| {
                Ok(Row {
                    execution: row.get(0)?,
                    attempt: row.get(1)?,
                    told: (row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?),
                    organisation: row.get(6)?,
                    has_link: row.get(7)?,
                })
            });
            rows.unwrap().map(Result::unwrap).collect()
        };
        for _ in 0..1_000 {
            let rows = read();
            if rows.len() >= count {
                assert!(rows.iter().all(|row| row.organisation == "acme" && row.has_link), "{rows:?}");
                return rows;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{:?} are no {count} rows", read());
    }
}

#[derive(Debug)]
struct Row {
    execution: String,
    attempt: u32,
    /// The resource, the outcome, how many requests left, and whether bytes did.
    told: (String, String, u32, bool),
    organisation: String,
    has_link: bool,
}

fn told(resource: &str, outcome: &str, requests: u32) -> (String, String, u32, bool) {
    (resource.to_owned(), outcome.to_owned(), requests, requests > 0)
}

#[test]
fn each_attempt_at_a_request_or_a_service_has_one_row_with_what_was_sent() {
    let scene = Scene::new();
    let host = scene.start();
    let client = scene.client(&host);
    let again = json!([{ "ErrorEquals": ["States.Http.StatusCode.404"], "IntervalSeconds": 1, "MaxAttempts": 1 }]);
    let message = json!({ "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/1/q", "MessageBody": "hello" });
    for (name, machine, status, rows) in [
        ("asks", one(HTTP, &scene.get("usd"), &[]), "SUCCEEDED", vec![told(HTTP, "ok", 1)]),
        (
            "fails",
            one(HTTP, &scene.get("xyz"), &[("Retry", again)]),
            "FAILED",
            vec![told(HTTP, "guest_error", 1), told(HTTP, "guest_error", 1)],
        ),
        ("sends", one(SQS, &message, &[]), "SUCCEEDED", vec![told(SQS, "ok", 1)]),
        (
            "denied",
            one(HTTP, &json!({ "ApiEndpoint": "https://elsewhere.example/", "Method": "GET" }), &[]),
            "FAILED",
            vec![told(HTTP, "refused", 0)],
        ),
    ] {
        let before = scene.rows(0).len();
        let execution = client.start(name, &machine);
        assert_eq!(client.ended(&execution)["status"], status, "{name}");
        let all = scene.rows(before + rows.len());
        let its: Vec<_> = all.iter().skip(before).collect();
        assert!(its.iter().all(|row| row.execution == execution), "{name}: {its:?}");
        assert_eq!(its.iter().map(|row| row.told.clone()).collect::<Vec<_>>(), rows, "{name}");
        let attempts: Vec<u32> = its.iter().map(|row| row.attempt).collect();
        assert_eq!(attempts, (1..).take(rows.len()).collect::<Vec<_>>(), "{name}");
    }
    assert_eq!(host.stop().0, Some(0));
    scene.place.run(&["doctor", "--reconcile"]).expect_success();
    assert_eq!(scene.rows(0).len(), 5, "none comes twice");
}

#[test]
fn an_attempt_that_a_kill_cut_off_has_one_row_however_its_execution_goes_on() {
    let scene = Scene::new();
    let host = scene.start();
    let client = scene.client(&host);
    let late = client.start("late", &one(HTTP, &scene.get("never"), &[("TimeoutSeconds", json!(2))]));
    let stopped = client.start("stopped", &one(HTTP, &scene.get("never"), &[]));
    scene.until_asked(2);
    // Killed.
    drop(host);
    std::thread::sleep(Duration::from_millis(2_100));
    let host = scene.start();
    let client = client.again(&host);
    assert_eq!(client.ended(&late)["error"], "States.Timeout");
    client.call("StopExecution", &json!({ "executionArn": stopped }));
    drop(host);
    let host = scene.start();
    let rows = scene.rows(2);
    for (execution, outcomes) in [(&late, &["interrupted"][..]), (&stopped, &["aborted", "interrupted"][..])] {
        let its: Vec<_> = rows.iter().filter(|row| row.execution == *execution).collect();
        assert!(its.len() == 1 && its[0].attempt == 1 && outcomes.contains(&&*its[0].told.1), "{rows:?}");
    }
    assert_eq!(host.stop().0, Some(0));
    assert_eq!(scene.rows(0).len(), 2, "none comes twice");
}

#[test]
fn a_run_whose_caller_hangs_up_goes_on_and_its_attempts_have_their_rows() {
    let scene = Scene::new();
    let host = scene.start();
    let client = scene.client(&host);
    let machine = client.machine("quick", "EXPRESS", &one(HTTP, &scene.get("slow"), &[]));
    let start = json!({ "stateMachineArn": machine });
    client.hang_up("StartSyncExecution", &start, Duration::from_millis(300));
    let rows = scene.rows(1);
    assert_eq!(rows[0].told, told(HTTP, "ok", 1));
    assert_eq!(host.stop().0, Some(0));
}
