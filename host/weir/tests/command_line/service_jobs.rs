//! An execution that waits for a job of a service, from the operation that starts it to the row in the books.

use serde_json::{Value, json};

use crate::attempts::CREDENTIAL;
use crate::aws::Client;
use crate::host::{HOST_TOML, Host, Place};
use crate::upstream::{NAMES, Upstream, json as answer};

/// A service that takes jobs, of which each has ended at the second question after it; but for the one `endless`.
fn glue() -> Upstream {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    Upstream::start(move |request, _| {
        let operation = request.lines().find_map(|line| line.strip_prefix("x-amz-target: AWSGlue."));
        let body = match operation {
            Some("StartJobRun") if request.contains("unknown") => {
                return answer("400 Bad Request", r#"{"__type":"EntityNotFoundException","Message":"no such job"}"#);
            }
            Some("StartJobRun") => r#"{"JobRunId":"jr_1"}"#,
            Some("GetJobRun") if request.contains("endless") => r#"{"JobRun":{"Id":"jr_1","JobRunState":"RUNNING"}}"#,
            Some("GetJobRun") => match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) % 2 {
                0 => r#"{"JobRun":{"Id":"jr_1","JobRunState":"RUNNING"}}"#,
                _ => r#"{"JobRun":{"Id":"jr_1","JobRunState":"SUCCEEDED"}}"#,
            },
            _ => "{}",
        };
        answer("200 OK", body)
    })
}

fn place_of(upstream: &Upstream) -> Place {
    let place = Place::new();
    place.configure(&format!("{HOST_TOML}{}[aws]\norganisations = [\"acme\"]\n", upstream.egress()));
    std::fs::write(place.data().join("upstream.pem"), &upstream.certificate).unwrap();
    place
}

fn start(place: &Place, upstream: &Upstream) -> Host {
    start_for("AWS_ENDPOINT_URL_GLUE", place, upstream)
}

/// A host for which the operator has set up the service of this variable alone.
fn start_for(variable: &str, place: &Place, upstream: &Upstream) -> Host {
    let endpoint = format!("https://{}:{}", NAMES[0], upstream.port);
    place.start_with(&[&CREDENTIAL[..], &[(variable, &*endpoint)]].concat())
}

/// A machine that waits for a job.
fn waits_for(resource: &str, name: &str) -> Value {
    let task = json!({ "Type": "Task", "Resource": resource, "Parameters": { "JobName": name }, "End": true });
    json!({ "StartAt": "Work", "States": { "Work": task } })
}

/// The operations that the service was asked for, with their bodies.
fn told(upstream: &Upstream) -> Vec<(String, Value)> {
    let read = |request: String| {
        let target = request.lines().find_map(|line| line.strip_prefix("x-amz-target: AWSGlue.")).unwrap().to_owned();
        (target, serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap())
    };
    upstream.asked().into_iter().map(read).collect()
}

/// Resource, outcome and requests of each attempt, once there are so many.
fn rows(place: &Place, count: usize) -> Vec<(String, String, u32)> {
    let books = store::open_read_only(&place.data().join("usage.db")).unwrap();
    for _ in 0..1_000 {
        let mut rows = books.prepare("SELECT resource, outcome, egress_calls FROM attempts ORDER BY seq").unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        let rows: Vec<_> = rows.map(Result::unwrap).collect();
        if rows.len() >= count {
            return rows;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("there are no {count} rows");
}

const GLUE: &str = "arn:aws:states:::glue:startJobRun.sync";

#[test]
fn an_execution_waits_for_a_job_of_a_service_and_its_attempt_has_one_row() {
    let upstream = glue();
    let place = place_of(&upstream);
    let host = start(&place, &upstream);
    let client = Client::of("acme", &place, &host);
    let execution = client.start("waits", &waits_for(GLUE, "etl"));
    let ended = client.ended(&execution);
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    let output: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
    assert_eq!(output, json!({ "Id": "jr_1", "JobRunState": "SUCCEEDED" }));
    let question = ("GetJobRun".to_owned(), json!({ "JobName": "etl", "RunId": "jr_1" }));
    let start = ("StartJobRun".to_owned(), json!({ "JobName": "etl" }));
    assert_eq!(told(&upstream), [start, question.clone(), question]);
    let failed = client.ended(&client.start("fails", &waits_for(GLUE, "unknown")));
    assert_eq!(failed["error"], "Glue.EntityNotFoundException");
    let other = client.ended(&client.start("other", &waits_for("arn:aws:states:::glue:startCrawler.sync", "etl")));
    assert_eq!(other["error"], "Weir.UnsupportedResource");
    assert!(other["cause"].as_str().unwrap().contains("glue:startJobRun.sync"), "{other}");
    let rows = rows(&place, 3);
    let outcomes: Vec<_> = rows.iter().map(|(resource, outcome, sent)| (&**resource, &**outcome, *sent)).collect();
    let other = "arn:aws:states:::glue:startCrawler.sync";
    assert_eq!(outcomes, [(GLUE, "ok", 1), (GLUE, "guest_error", 1), (other, "refused", 0)]);
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn a_job_that_a_killed_host_waited_for_is_asked_after_and_stopped_by_the_next() {
    let upstream = glue();
    let place = place_of(&upstream);
    let host = start(&place, &upstream);
    let client = Client::of("acme", &place, &host);
    let execution = client.start("waits", &waits_for(GLUE, "endless"));
    let until = |operation: &str, count: usize| {
        for _ in 0..1_000 {
            if told(&upstream).iter().filter(|(one, _)| one == operation).count() >= count {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("no {operation}: {:?}", told(&upstream));
    };
    until("GetJobRun", 1);
    // Killed.
    drop(host);
    let before = told(&upstream).len();
    // A host without the service does not give the job up at once.
    let host = start_for("AWS_ENDPOINT_URL_SQS", &place, &upstream);
    let client = client.again(&host);
    std::thread::sleep(std::time::Duration::from_secs(1));
    let described = client.call("DescribeExecution", &json!({ "executionArn": execution }));
    assert_eq!(described["status"], "RUNNING", "{described}");
    assert_eq!(host.stop().0, Some(0));
    assert_eq!(told(&upstream).len(), before);
    let host = start(&place, &upstream);
    let client = client.again(&host);
    until("GetJobRun", before);
    client.call("StopExecution", &json!({ "executionArn": execution }));
    until("BatchStopJobRun", 1);
    let told = told(&upstream);
    let starts = told.iter().filter(|(operation, _)| operation == "StartJobRun").count();
    assert_eq!(starts, 1, "{told:?}");
    let stop = told.iter().find(|(operation, _)| operation == "BatchStopJobRun").unwrap();
    assert_eq!(stop.1, json!({ "JobName": "endless", "JobRunIds": ["jr_1"] }));
    assert_eq!(host.stop().0, Some(0));
}
