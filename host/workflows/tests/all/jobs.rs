//! Jobs that services do: started once, asked after until they have ended, and stopped when nobody waits for them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use types::{Clock, ManualClock, Timestamp};
use workflows::Settings;

use crate::house::{House, lines, text};
use crate::service::Says;

/// A step that tells of what an attempt has used cannot be written while this is there, and an end from outside can.
const FAULTY: &str = "CREATE TEMP TRIGGER faulty BEFORE INSERT ON main.outbox WHEN NEW.topic = 'settle'
    BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END";
const GLUE: &str = "arn:aws:states:::glue:startJobRun.sync";

/// A machine with one state that waits for a job.
fn job(resource: &str, more: &[(&str, Value)]) -> Value {
    let mut state = json!({ "Type": "Task", "Resource": resource, "End": true });
    for (name, value) in more {
        state[*name] = value.clone();
    }
    json!({ "StartAt": "Work", "States": { "Work": state } })
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..4_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("not so in time: {what}");
}

impl House {
    async fn with_job(&self, definition: &Value, input: Value) -> String {
        let machine = self.machine("machine", definition).await;
        let execution = self.start(&machine, input).await;
        self.until_submitted(&execution).await;
        execution
    }

    /// Until it is in the file that the service has the job.
    async fn until_submitted(&self, execution: &str) {
        while !lines(&self.history(execution).await).iter().any(|line| line.contains("TaskSubmitted")) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn started(&self) -> Vec<String> {
        self.desk.service.started.lock().unwrap().clone()
    }

    fn stopped(&self) -> Vec<String> {
        self.desk.service.stopped.lock().unwrap().clone()
    }

    async fn until_stopped(&self, expected: &[String]) {
        until("the jobs are stopped", || self.stopped() == expected).await;
    }

    /// Until it waits in the file alone. `hands` are those of its clock.
    async fn until_parked(&self, hands: &ManualClock) {
        until("it leaves the memory", || {
            hands.advance(Duration::from_millis(100));
            self.workflows.live() == 0
        })
        .await;
    }
}

fn manual() -> (Clock, Arc<ManualClock>) {
    ManualClock::at(Timestamp::from_micros(1_763_800_000_000_000))
}

/// Nothing is taken up: there is no room for it.
fn idle() -> Settings {
    Settings { live_max: 0, ..Settings::default() }
}

#[tokio::test]
async fn a_job_is_waited_for_in_the_file_and_its_description_is_the_result() {
    let (clock, hands) = manual();
    let house = House::with(clock);
    let metered = "arn:aws:states:::glue:meteredStart.sync";
    let execution = house.with_job(&job(metered, &[]), json!({ "JobName": "etl" })).await;
    house.until_parked(&hands).await;
    let asked = house.desk.service.asked.load(Ordering::SeqCst);
    assert!(asked >= 4, "it has been asked after: {asked}");
    let house = house.reopened().await;
    assert_eq!(house.describe(&execution).await["status"], "RUNNING");
    house.desk.service.say(Says::Succeeded);
    hands.advance(Duration::from_mins(2));
    let ended = house.ended(&execution).await;
    assert_eq!((&ended["status"], &ended["output"]), (&json!("SUCCEEDED"), &json!(r#"{"JobRunState":"SUCCEEDED"}"#)));
    assert_eq!(house.desk.service.asked.load(Ordering::SeqCst), asked + 1, "one question has told it");
    assert_eq!((house.started().len(), house.stopped().len()), (1, 0));
    assert_eq!(house.workflows.outbox(10).await.unwrap().len(), 1, "questions are in no books");
    let events = house.history(&execution).await;
    let expected = [
        "1 ExecutionStarted 0",
        "2 TaskStateEntered 0",
        "3 TaskScheduled 2",
        "4 TaskStarted 3",
        "5 TaskSubmitted 4",
        "6 TaskSucceeded 5",
        "7 TaskStateExited 6",
        "8 ExecutionSucceeded 7",
    ];
    assert_eq!(lines(&events), expected);
    let submitted = &events[4]["taskSubmittedEventDetails"];
    assert_eq!((&submitted["resourceType"], &submitted["resource"]), (&json!("glue"), &json!("meteredStart.sync")));
    assert_eq!(submitted["output"], json!({ "JobRunId": house.started()[0] }).to_string());
    assert_eq!(events[5]["taskSucceededEventDetails"]["output"], r#"{"JobRunState":"SUCCEEDED"}"#);
}

#[tokio::test]
async fn a_crash_after_any_commit_starts_no_second_job_that_the_service_could_not_tell_from_the_first() {
    let mut cuts = 0;
    for steps in 0.. {
        let house = House::new().reopened_with(Settings { dies_after: Some(steps), ..Settings::default() }).await;
        house.desk.service.say(Says::Succeeded);
        let machine = house.machine("machine", &job(GLUE, &[])).await;
        let execution = house.start(&machine, json!({})).await;
        while house.describe(&execution).await["status"] == "RUNNING" && !house.workflows.is_dead() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let was_cut = house.workflows.is_dead();
        let house = house.reopened().await;
        assert_eq!(house.ended(&execution).await["status"], "SUCCEEDED", "cut after {steps} steps");
        let started = house.started();
        assert!(started.iter().all(|id| *id == started[0]), "cut after {steps} steps: {started:?}");
        // The second step is the one that notes what the service answered.
        assert!(started.len() == 1 || steps == 1, "cut after {steps} steps: {started:?}");
        assert_eq!(house.history(&execution).await.len(), 8, "cut after {steps} steps");
        assert!(house.stopped().is_empty());
        if !was_cut {
            break;
        }
        cuts += 1;
    }
    assert_eq!(cuts, 3);
}

#[tokio::test]
async fn a_stop_of_the_execution_stops_the_job_and_is_tried_again() {
    let house = House::new();
    house.desk.service.refuses.store(1, Ordering::SeqCst);
    let execution = house.with_job(&job(GLUE, &[]), json!({})).await;
    house.call("StopExecution", json!({ "executionArn": execution })).await;
    house.until_stopped(&house.started()).await;
    assert_eq!(text(&house.describe(&execution).await, "status"), "ABORTED");
}

#[tokio::test]
async fn a_stop_of_an_execution_that_nobody_runs_stops_its_job() {
    let house = House::new();
    let execution = house.with_job(&job(GLUE, &[]), json!({})).await;
    let house = house.reopened_with(idle()).await;
    assert!(house.stopped().is_empty(), "a host that stops lets jobs go on");
    house.call("StopExecution", json!({ "executionArn": execution })).await;
    house.until_stopped(&house.started()).await;
}

#[tokio::test]
async fn a_job_whose_start_is_answered_after_the_stop_of_its_execution_is_stopped() {
    let house = House::new();
    let machine = house.machine("machine", &job("arn:aws:states:::glue:slowStart.sync", &[])).await;
    let execution = house.start(&machine, json!({})).await;
    until("it is started", || !house.started().is_empty()).await;
    house.call("StopExecution", json!({ "executionArn": execution })).await;
    house.until_stopped(&house.started()).await;
}

#[tokio::test]
async fn a_job_that_the_file_does_not_know_of_is_stopped_with_its_execution() {
    let house = House::new();
    let machine = house.machine("machine", &job("arn:aws:states:::glue:meteredStart.sync", &[])).await;
    house.workflows.statement(FAULTY).await.unwrap();
    let execution = house.start(&machine, json!({})).await;
    until("it is started", || !house.started().is_empty()).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    house.call("StopExecution", json!({ "executionArn": execution })).await;
    house.workflows.statement("DROP TRIGGER temp.faulty").await.unwrap();
    house.until_stopped(&house.started()).await;
}

#[tokio::test]
async fn a_host_that_stops_before_a_step_is_written_writes_no_other_in_its_place() {
    let house = House::new();
    let machine = house.machine("machine", &job("arn:aws:states:::glue:meteredStart.sync", &[])).await;
    house.workflows.statement(FAULTY).await.unwrap();
    let execution = house.start(&machine, json!({})).await;
    until("it is started", || !house.started().is_empty()).await;
    // The step is tried again after longer and longer pauses: the host stops in one of them.
    tokio::time::sleep(Duration::from_millis(400)).await;
    house.workflows.statement("DROP TRIGGER temp.faulty").await.unwrap();
    house.workflows.stop();
    house.desk.service.say(Says::Succeeded);
    let house = house.reopened().await;
    assert_eq!(house.ended(&execution).await["status"], "SUCCEEDED");
    assert_eq!(lines(&house.history(&execution).await)[4..6], ["5 TaskSubmitted 4", "6 TaskSucceeded 5"]);
    assert_eq!(house.workflows.outbox(10).await.unwrap().len(), 1, "the attempt has its row");
}

#[tokio::test]
async fn a_job_that_takes_longer_than_its_task_may_is_stopped() {
    let house = House::new();
    let execution = house.with_job(&job(GLUE, &[("TimeoutSeconds", json!(1))]), json!({})).await;
    assert_eq!(house.ended(&execution).await["error"], "States.Timeout");
    house.until_stopped(&house.started()).await;
    let events = house.history(&execution).await;
    assert_eq!(lines(&events)[4..], ["5 TaskSubmitted 4", "6 TaskTimedOut 5", "7 ExecutionFailed 6"]);
}

#[tokio::test]
async fn a_job_of_an_execution_that_takes_longer_than_it_may_is_stopped() {
    let house = House::new();
    let mut definition = job(GLUE, &[]);
    definition["TimeoutSeconds"] = json!(1);
    let execution = house.with_job(&definition, json!({})).await;
    assert_eq!(house.ended(&execution).await["status"], "TIMED_OUT");
    house.until_stopped(&house.started()).await;
}

#[tokio::test]
async fn a_job_beside_a_branch_that_fails_is_stopped() {
    let house = House::new();
    let definition = json!({ "StartAt": "Both", "States": { "Both": { "Type": "Parallel", "Next": "Done",
        "Catch": [{ "ErrorEquals": ["Beside"], "Next": "Wait" }], "Branches": [
            job(GLUE, &[]),
            { "StartAt": "First", "States": { "First": { "Type": "Wait", "Seconds": 1, "Next": "Fail" },
                "Fail": { "Type": "Fail", "Error": "Beside" } } }] },
        "Wait": { "Type": "Wait", "Seconds": 3600, "Next": "Done" }, "Done": { "Type": "Succeed" } } });
    let execution = house.with_job(&definition, json!({})).await;
    house.until_stopped(&house.started()).await;
    assert_eq!(house.describe(&execution).await["status"], "RUNNING", "the execution goes on");
}

#[tokio::test]
async fn a_job_that_has_failed_is_a_failed_task_and_a_retry_starts_another() {
    let house = House::new();
    house.desk.service.say(Says::FailedOnce);
    let again = json!([{ "ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 1 }]);
    let execution = house.with_job(&job(GLUE, &[("Retry", again)]), json!({})).await;
    assert_eq!(house.ended(&execution).await["status"], "SUCCEEDED");
    let started: Vec<_> = house.started().iter().map(|id| id.replace(&execution, "")).collect();
    assert_eq!(started, [":1/1", ":1/2"]);
    assert!(house.stopped().is_empty(), "nothing is left to stop");
    let events = house.history(&execution).await;
    let failed = events.iter().find(|event| event["type"] == "TaskFailed").unwrap();
    let expected = json!({ "error": "States.TaskFailed", "cause": r#"{"JobRunState":"FAILED"}"#,
        "resourceType": "glue", "resource": "startJobRun.sync" });
    assert_eq!(failed["taskFailedEventDetails"], expected);
}

#[tokio::test]
async fn a_redrive_starts_a_new_job() {
    let house = House::new();
    house.desk.service.say(Says::Failed);
    let execution = house.with_job(&job(GLUE, &[]), json!({})).await;
    assert_eq!(house.ended(&execution).await["error"], "States.TaskFailed");
    house.desk.service.say(Says::Succeeded);
    house.call("RedriveExecution", json!({ "executionArn": execution })).await;
    assert_eq!(house.ended(&execution).await["status"], "SUCCEEDED");
    let started = house.started();
    assert!(started.len() == 2 && started[0] != started[1], "{started:?}");
}

#[tokio::test]
async fn ten_questions_in_a_row_that_nobody_answers_fail_the_task_and_the_job_is_stopped() {
    let (clock, hands) = manual();
    let house = House::with(clock);
    let service = Arc::clone(&house.desk.service);
    service.say(Says::Silent);
    let execution = house.with_job(&job(GLUE, &[]), json!({})).await;
    // One answer between them counts from the beginning.
    until("three are not answered", || {
        hands.advance(Duration::from_millis(100));
        service.asked.load(Ordering::SeqCst) >= 3
    })
    .await;
    service.say(Says::Runs);
    until("one is", || {
        hands.advance(Duration::from_millis(100));
        service.asked.load(Ordering::SeqCst) >= 4
    })
    .await;
    service.say(Says::Silent);
    until("the job is stopped", || {
        hands.advance(Duration::from_millis(500));
        !house.stopped().is_empty()
    })
    .await;
    let ended = house.ended(&execution).await;
    assert_eq!((&ended["error"], &ended["cause"]), (&json!("States.Http.Socket"), &json!("nobody answers")));
    let asked = service.asked.load(Ordering::SeqCst);
    assert!((14..=16).contains(&asked), "{asked}");
    assert_eq!(house.stopped(), house.started());
}

#[tokio::test]
async fn a_service_that_may_not_be_asked_fails_the_task_at_once() {
    let house = House::new();
    house.desk.service.say(Says::Denied);
    let execution = house.with_job(&job(GLUE, &[]), json!({})).await;
    assert_eq!(house.ended(&execution).await["error"], "Glue.AccessDeniedException");
    house.until_stopped(&house.started()).await;
    assert_eq!(house.desk.service.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_job_that_is_named_by_too_much_is_not_kept() {
    let house = House::new();
    let machine = house.machine("machine", &job(GLUE, &[])).await;
    let execution = house.start(&machine, json!({ "handle_bytes": 5_000 })).await;
    assert_eq!(house.ended(&execution).await["error"], "States.Runtime");
    house.until_stopped(&house.started()).await;
}

#[tokio::test]
async fn a_job_of_an_execution_that_the_host_cannot_run_is_stopped() {
    let house = House::new().reopened_with(Settings { panics_at: 2..5, ..Settings::default() }).await;
    house.desk.service.say(Says::Succeeded);
    let machine = house.machine("machine", &job(GLUE, &[])).await;
    let execution = house.start(&machine, json!({})).await;
    assert_eq!(house.ended(&execution).await["error"], "States.Runtime");
    house.until_stopped(&house.started()).await;
}

#[tokio::test]
async fn a_question_that_nobody_waits_for_any_more_does_not_keep_its_execution_in_memory() {
    let (clock, hands) = manual();
    let house = House::with(clock);
    house.desk.service.say(Says::Nothing);
    let caught = json!([{ "ErrorEquals": ["States.Timeout"], "Next": "Wait" }]);
    let definition = json!({ "StartAt": "Work", "States": {
        "Work": { "Type": "Task", "Resource": GLUE, "TimeoutSeconds": 60, "Catch": caught, "Next": "Wait" },
        "Wait": { "Type": "Wait", "Seconds": 86_400, "End": true } } });
    let execution = house.with_job(&definition, json!({})).await;
    until("it is asked after", || {
        hands.advance(Duration::from_millis(100));
        house.desk.service.asked.load(Ordering::SeqCst) == 1
    })
    .await;
    hands.advance(Duration::from_mins(1));
    house.until_stopped(&house.started()).await;
    until("it leaves the memory", || house.workflows.live() == 0).await;
    assert_eq!(house.describe(&execution).await["status"], "RUNNING");
}

#[tokio::test]
async fn a_question_writes_nothing_while_something_else_is_under_way() {
    let (clock, hands) = manual();
    let house = House::with(clock);
    let never = json!({ "StartAt": "Never", "States": {
        "Never": { "Type": "Task", "Resource": "component:never", "End": true } } });
    let definition = json!({ "StartAt": "Both", "States": { "Both": { "Type": "Parallel", "End": true,
        "Branches": [job(GLUE, &[]), never] } } });
    house.with_job(&definition, json!({})).await;
    let asked = || house.desk.service.asked.load(Ordering::SeqCst);
    let until_asked = async |times| {
        until("it is asked after", || {
            hands.advance(Duration::from_millis(500));
            asked() >= times
        })
        .await;
    };
    until_asked(4).await;
    let before = house.workflows.stats().operations;
    until_asked(6).await;
    assert_eq!(house.workflows.stats().operations, before);
}

#[tokio::test]
async fn a_host_that_stops_notes_the_jobs_that_services_are_about_to_take() {
    let house = House::new();
    let machine = house.machine("machine", &job("arn:aws:states:::glue:briefStart.sync", &[])).await;
    let execution = house.start(&machine, json!({})).await;
    until("it is started", || !house.started().is_empty()).await;
    house.desk.service.say(Says::Succeeded);
    let house = house.reopened().await;
    assert_eq!(house.ended(&execution).await["status"], "SUCCEEDED");
    assert_eq!((house.started().len(), house.stopped().len()), (1, 0));
}

#[tokio::test]
async fn a_machine_that_is_deleted_stops_the_jobs_of_its_executions() {
    let house = House::new();
    let machine = house.machine("machine", &job(GLUE, &[])).await;
    let execution = house.start(&machine, json!({})).await;
    house.until_submitted(&execution).await;
    let house = house.reopened_with(idle()).await;
    house.call("DeleteStateMachine", json!({ "stateMachineArn": machine })).await;
    house.until_stopped(&house.started()).await;
}

#[tokio::test]
async fn a_task_that_times_out_in_the_file_stops_its_job_and_a_redrive_starts_another() {
    let (clock, hands) = manual();
    let house = House::with(clock);
    let execution = house.with_job(&job(GLUE, &[("TimeoutSeconds", json!(3_600))]), json!({})).await;
    house.until_parked(&hands).await;
    hands.advance(Duration::from_hours(2));
    assert_eq!(house.ended(&execution).await["error"], "States.Timeout");
    house.until_stopped(&house.started()).await;
    house.desk.service.say(Says::Succeeded);
    house.call("RedriveExecution", json!({ "executionArn": execution })).await;
    until("the other has ended", || {
        hands.advance(Duration::from_millis(100));
        house.started().len() == 2
    })
    .await;
    hands.advance(Duration::from_secs(2));
    assert_eq!(house.ended(&execution).await["status"], "SUCCEEDED");
    assert_eq!(house.stopped(), house.started()[..1]);
}
