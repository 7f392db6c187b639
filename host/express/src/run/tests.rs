use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use serde_json::json;

use super::*;

/// Tasks that sleep for their input's `ms`, then answer it, or fail with its `error`.
#[derive(Default)]
struct Sleepers {
    begun: AtomicU32,
    done: AtomicU32,
    /// The most that were under way at one time.
    most: AtomicU32,
}

impl Tasks for Sleepers {
    async fn perform(&self, task: Task) -> Result<Arc<Value>, TaskFailed> {
        let begun = self.begun.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(begun - self.done.load(SeqCst), SeqCst);
        let wait = task.input["ms"].as_u64().unwrap_or(0);
        if wait > 0 {
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        self.done.fetch_add(1, SeqCst);
        match task.input["error"].as_str() {
            Some(error) if task.attempt < 3 => {
                Err(TaskFailed { error: error.to_owned().into(), cause: "as asked".to_owned() })
            }
            _ => Ok(Arc::new(json!({"state": task.state.as_str(), "attempt": task.attempt}))),
        }
    }
}

async fn outcome(definition: Value, input: Value, tasks: &Sleepers) -> Outcome {
    let machine = Arc::new(StateMachine::parse(&definition.to_string()).unwrap());
    run(&machine, Arc::new(input), Context::default(), tasks, &Clock::system()).await
}

fn succeeded(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Succeeded(output) => Value::clone(&output),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn tasks_in_a_row_hand_on_what_they_answer() {
    let machine = json!({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "a", "ResultPath": "$.a", "Next": "B"},
        "B": {"Type": "Task", "Resource": "b", "ResultPath": "$.b", "End": true},
    }});
    let output = succeeded(outcome(machine, json!({}), &Sleepers::default()).await);
    assert_eq!(output["a"]["state"], "A");
    assert_eq!(output["b"]["state"], "B");
}

#[tokio::test]
async fn branches_run_side_by_side() {
    let branch =
        |name: &str| json!({"StartAt": name, "States": {name: {"Type": "Task", "Resource": "x", "End": true}}});
    let machine = json!({"StartAt": "Both", "States": {
        "Both": {"Type": "Parallel", "Branches": [branch("L"), branch("R")], "End": true},
    }});
    let started = tokio::time::Instant::now();
    let output = succeeded(outcome(machine, json!({"ms": 100}), &Sleepers::default()).await);
    assert_eq!((output[0]["state"].as_str(), output[1]["state"].as_str()), (Some("L"), Some("R")));
    assert!(started.elapsed() < Duration::from_millis(190), "{:?}", started.elapsed());
}

#[tokio::test]
async fn iterations_run_side_by_side_as_far_as_they_may() {
    let inner = json!({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "x", "End": true}}});
    let machine = json!({"StartAt": "All", "States": {
        "All": {"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": inner, "End": true},
    }});
    let tasks = Sleepers::default();
    let output = succeeded(outcome(machine, json!([{"ms": 5}, {"ms": 5}, {"ms": 5}, {"ms": 5}]), &tasks).await);
    assert_eq!((output.as_array().map(Vec::len), tasks.done.load(SeqCst), tasks.most.load(SeqCst)), (Some(4), 4, 2));
}

#[tokio::test]
async fn a_failing_task_is_retried_and_its_success_counts() {
    let machine = json!({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "a", "End": true,
              "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 5, "BackoffRate": 1.0}]},
    }});
    let output = succeeded(outcome(machine, json!({"error": "Busy"}), &Sleepers::default()).await);
    assert_eq!(output["attempt"], 3);
}

#[tokio::test]
async fn a_task_that_times_out_is_dropped_and_may_be_caught() {
    let machine = json!({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "a", "TimeoutSeconds": 1, "End": true,
              "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]},
        "Late": {"Type": "Pass", "Result": "late", "End": true},
    }});
    let tasks = Sleepers::default();
    assert_eq!(succeeded(outcome(machine, json!({"ms": 60_000}), &tasks).await), "late");
    assert_eq!((tasks.begun.load(SeqCst), tasks.done.load(SeqCst)), (1, 0));
}

#[tokio::test]
async fn a_run_without_tasks_needs_no_runtime_of_its_own() {
    let machine = json!({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "No", "Cause": "never"}}});
    let failed = Outcome::Failed { error: Some("No".into()), cause: Some("never".into()) };
    assert_eq!(outcome(machine, json!({}), &Sleepers::default()).await, failed);
}
