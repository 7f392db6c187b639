//! Runs that have failed and are begun again.

use std::sync::Arc;

use asl::{Change, Effect, Event, Execution, Outcome, StateMachine, Watch};
use serde_json::{Value, json};

use crate::played::{context, second};

fn start(definition: &Value) -> Execution {
    let machine = StateMachine::parse(&definition.to_string()).unwrap_or_else(|findings| panic!("{findings:?}"));
    Arc::new(machine).start_watched(
        Arc::new(json!({ "go": 1, "items": [1, 2, 3] })),
        context(),
        second(0.0),
        Watch::ALL,
    )
}

/// What is asked for now: `state invocation/attempt input`. Each is answered with its input, or with a failure where
/// its state is one of `broken`.
fn answer(run: &mut Execution, broken: &[&str], at: f64) -> (Vec<String>, Option<Outcome>) {
    let (mut asked, mut outcome) = (Vec::new(), None);
    while let Some(effect) = run.next_effect() {
        match effect {
            Effect::Invoke { task, state, input, invocation, attempt, .. } => {
                asked.push(format!("{state} {invocation}/{attempt} {input}"));
                let event = if broken.contains(&state.as_str()) {
                    Event::Failed { task, error: "Broken".into(), cause: String::new() }
                } else {
                    Event::Succeeded { task, output: input }
                };
                run.apply(event, second(at)).unwrap();
            }
            Effect::WaitUntil(_) | Effect::MapRun { .. } => {}
            Effect::Finished(ended) => outcome = Some(ended),
        }
    }
    (asked, outcome)
}

/// The run after it was stored and read.
fn kept(run: &Execution) -> Execution {
    Execution::decode(Arc::clone(run.machine()), &run.encode().unwrap()).unwrap().watched(Watch::ALL)
}

#[test]
fn the_failed_state_runs_again_with_its_input_and_those_before_it_do_not() {
    let mut run = start(&json!({ "StartAt": "First", "States": {
        "First": { "Type": "Task", "Resource": "first", "Parameters": { "from": "first" }, "Next": "Second" },
        "Second": { "Type": "Task", "Resource": "second", "ResultSelector": { "times.$": "$$.Execution.RedriveCount",
            "at.$": "$$.Execution.RedriveTime" }, "End": true } } }));
    let (asked, outcome) = answer(&mut run, &["Second"], 1.0);
    assert_eq!(asked, [r#"First 1/1 {"from":"first"}"#, r#"Second 2/1 {"from":"first"}"#]);
    assert!(matches!(outcome, Some(Outcome::Failed { .. })));
    let mut run = kept(&run);
    run.redrive(second(60.0));
    let (asked, outcome) = answer(&mut run, &[], 61.0);
    assert_eq!(asked, [r#"Second 3/1 {"from":"first"}"#]);
    let told = json!({ "times": 1, "at": "2026-01-01T00:01:00Z" });
    assert_eq!(outcome, Some(Outcome::Succeeded(Arc::new(told))));
}

#[test]
fn only_branches_that_failed_or_were_given_up_run_again() {
    let task = |name: &str| json!({ "StartAt": name, "States": { name: { "Type": "Task", "Resource": name, "InputPath": "$.go", "End": true } } });
    let mut run =
        start(&json!({ "StartAt": "Both", "States": { "Both": { "Type": "Parallel", "End": true, "Branches": [
        task("Good"), task("Bad"),
        { "StartAt": "Sleep", "States": { "Sleep": { "Type": "Wait", "Seconds": 100, "End": true } } }] } } }));
    let (asked, outcome) = answer(&mut run, &["Bad"], 1.0);
    assert_eq!((asked.len(), outcome.is_some()), (2, true));
    let mut run = kept(&run);
    run.redrive(second(5.0));
    let resumed: Vec<_> = run.take_steps().into_iter().map(|step| (step.state.to_string(), step.change)).collect();
    assert!(matches!(&resumed[0], (state, Change::Resumed) if state == "Both"), "{resumed:?}");
    let (asked, outcome) = answer(&mut run, &[], 6.0);
    assert_eq!((asked, outcome), (vec!["Bad 3/1 1".to_owned()], None));
    run.apply(Event::Woke, second(104.0)).unwrap();
    assert_eq!(run.outcome(), None, "the wait is a whole one again");
    run.apply(Event::Woke, second(105.0)).unwrap();
    let input = json!({ "go": 1, "items": [1, 2, 3] });
    assert_eq!(run.outcome(), Some(&Outcome::Succeeded(Arc::new(json!([1, 1, input])))));
}

#[test]
fn iterations_that_have_ended_keep_their_results() {
    let mut run = start(&json!({ "StartAt": "Each", "States": { "Each": { "Type": "Map", "ItemsPath": "$.items",
        "MaxConcurrency": 1, "ItemSelector": { "item.$": "$$.Map.Item.Value" }, "End": true, "ItemProcessor": {
            "StartAt": "Which", "States": {
                "Which": { "Type": "Choice", "Default": "Good",
                    "Choices": [{ "Variable": "$.item", "NumericEquals": 2, "Next": "Bad" }] },
                "Good": { "Type": "Pass", "End": true },
                "Bad": { "Type": "Task", "Resource": "bad", "Retry": [{ "ErrorEquals": ["States.ALL"], "MaxAttempts": 0 }],
                    "End": true } } } } } }));
    let (asked, _) = answer(&mut run, &["Bad"], 1.0);
    assert_eq!(asked, [r#"Bad 1/1 {"item":2}"#]);
    for _ in 0..2 {
        let mut again = kept(&run);
        again.redrive(second(2.0));
        let (asked, outcome) = answer(&mut again, &["Bad"], 3.0);
        assert_eq!(asked, [r#"Bad 2/1 {"item":2}"#]);
        assert!(matches!(outcome, Some(Outcome::Failed { .. })));
    }
    run.redrive(second(2.0));
    let (_, outcome) = answer(&mut run, &[], 3.0);
    let expected = json!([{ "item": 1 }, { "item": 2 }, { "item": 3 }]);
    assert_eq!(outcome, Some(Outcome::Succeeded(Arc::new(expected))));
}

#[test]
fn a_fail_state_is_entered_again_and_so_is_a_choice_that_found_no_way() {
    let choice = json!({ "Type": "Choice", "Choices": [{ "Variable": "$.go", "NumericEquals": 2, "Next": "End" }] });
    for definition in [
        json!({ "StartAt": "Here", "States": { "Here": { "Type": "Fail", "Error": "Told" } } }),
        json!({ "StartAt": "Here", "States": { "Here": choice, "End": { "Type": "Succeed" } } }),
    ] {
        let run = start(&definition);
        let first = run.outcome().cloned();
        assert!(matches!(first, Some(Outcome::Failed { .. })));
        let mut run = kept(&run);
        run.redrive(second(2.0));
        assert!(matches!(run.take_steps()[0].change, Change::Entered(_)));
        assert_eq!(run.outcome().cloned(), first);
        assert!(matches!(run.next_effect(), Some(Effect::Finished(_))));
    }
}

#[test]
fn a_run_that_timed_out_or_was_stopped_has_its_whole_time_and_all_its_retries_again() {
    let definition = json!({ "StartAt": "Try", "TimeoutSeconds": 10, "States": { "Try": { "Type": "Task",
        "Resource": "try", "Retry": [{ "ErrorEquals": ["Broken"], "IntervalSeconds": 1, "MaxAttempts": 1 }],
        "End": true } } });
    let mut run = start(&definition);
    let (asked, outcome) = answer(&mut run, &["Try"], 1.0);
    assert_eq!((asked.len(), outcome), (1, None));
    let mut stopped = kept(&run);
    run.apply(Event::Woke, second(10.0)).unwrap();
    assert_eq!(run.outcome(), Some(&Outcome::TimedOut));
    let mut timed_out = kept(&run);
    for run in [&mut stopped, &mut timed_out] {
        run.redrive(second(100.0));
        let (asked, outcome) = answer(run, &["Try"], 101.0);
        assert_eq!((asked, outcome), (vec![r#"Try 2/1 {"go":1,"items":[1,2,3]}"#.to_owned()], None));
        run.apply(Event::Woke, second(102.0)).unwrap();
        let (asked, _) = answer(run, &[], 102.0);
        assert_eq!(asked, [r#"Try 2/2 {"go":1,"items":[1,2,3]}"#]);
        assert!(matches!(run.outcome(), Some(Outcome::Succeeded(_))));
    }
}

#[test]
fn a_run_that_has_succeeded_is_not_begun_again() {
    let mut run = start(&json!({ "StartAt": "End", "States": { "End": { "Type": "Succeed" } } }));
    let ended = run.outcome().cloned();
    run.redrive(second(1.0));
    assert_eq!(run.outcome().cloned(), ended);
}
