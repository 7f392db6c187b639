//! A parsed machine can be read, and its documents are not copied.

use std::sync::Arc;

use asl::{ApplyError, Context, Effect, Event, StateKind, StateMachine, StateView, TaskId};
use serde_json::{Value, json};
use types::Timestamp;

const NOW: Timestamp = Timestamp::from_micros(0);

fn parse(definition: &Value) -> Arc<StateMachine> {
    Arc::new(StateMachine::parse(&definition.to_string()).unwrap())
}

#[test]
fn the_states_can_be_read_in_their_order_with_their_edges() {
    // Written as text: the order of the definition counts.
    let text = r#"{"StartAt": "Z", "TimeoutSeconds": 300, "States": {
        "Z": {"Type": "Task", "Resource": "arn:weir:step:z", "Next": "P",
              "Retry": [{"ErrorEquals": ["E"]}], "Catch": [{"ErrorEquals": ["E"], "Next": "C"}]},
        "P": {"Type": "Parallel", "Next": "C", "Branches": [
              {"StartAt": "B1", "States": {"B1": {"Type": "Pass", "Next": "B2"}, "B2": {"Type": "Succeed"}}}]},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "Z"}], "Default": "A"},
        "A": {"Type": "Fail"}}}"#;
    let machine = StateMachine::parse(text).unwrap();
    let names = |states: Vec<StateView<'_>>| -> Vec<String> {
        states.into_iter().map(|state| state.name().to_string()).collect()
    };
    assert_eq!(names(machine.states().collect()), ["Z", "P", "C", "A", "B1", "B2"]);
    assert_eq!(names(machine.start_at().into_iter().collect()), ["Z"]);
    assert_eq!(machine.timeout().map(|timeout| timeout.as_secs()), Some(300));
    let state = |name: &str| machine.state(name).unwrap();
    assert_eq!(names(state("Z").next().collect()), ["P", "C"]);
    assert_eq!(names(state("Z").then().collect()), ["P"]);
    assert_eq!(names(state("Z").caught().collect()), ["C"]);
    assert_eq!(names(state("C").next().collect()), ["Z", "A"]);
    assert_eq!(names(state("P").branches().collect()), ["B1"]);
    assert_eq!(state("Z").resource().map(|resource| &**resource), Some("arn:weir:step:z"));
    assert_eq!((state("Z").has_retry(), state("Z").has_catch(), state("P").has_retry()), (true, true, false));
    assert_eq!(state("B2").parent().map(StateView::name), Some(state("P").name()));
    assert!(state("Z").parent().is_none());
    assert_eq!((state("B2").kind(), state("B2").ends(), state("B1").ends()), (StateKind::Succeed, true, false));
}

#[test]
fn a_result_is_placed_without_copying_the_document() {
    let machine = parse(&json!({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "a", "ResultPath": "$.a", "Next": "B"},
        "B": {"Type": "Task", "Resource": "b", "ResultPath": null, "Next": "C"},
        "C": {"Type": "Task", "Resource": "c", "ResultPath": "$.c", "End": true}}}));
    let mut run = machine.start(Arc::new(json!({"body": "x"})), Context::default(), NOW);
    let mut places = Vec::new();
    let mut last = None;
    while let Some(effect) = run.next_effect() {
        match effect {
            Effect::Invoke { task, input, .. } => {
                places.push(Arc::as_ptr(&input));
                drop(input);
                run.apply(Event::Succeeded { task, output: Arc::new(json!(1)) }, NOW).unwrap();
            }
            Effect::WaitUntil(_) | Effect::MapRun { .. } => {}
            Effect::Finished(outcome) => last = Some(outcome),
        }
    }
    let Some(asl::Outcome::Succeeded(output)) = last else { panic!("{last:?}") };
    assert_eq!(*output, json!({"body": "x", "a": 1, "c": 1}));
    assert!(places.iter().all(|place| *place == Arc::as_ptr(&output)), "{places:?}");
}

#[test]
fn an_event_that_belongs_to_no_task_is_told_apart_from_a_late_one() {
    let machine = parse(&json!({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "a", "Next": "B"}, "B": {"Type": "Task", "Resource": "b", "End": true}}}));
    let mut run = machine.start(Arc::new(json!({})), Context::default(), NOW);
    let done = |task| Event::Succeeded { task: TaskId::new(task), output: Arc::new(json!(0)) };
    assert_eq!(run.apply(done(2), NOW), Err(ApplyError::Unknown(TaskId::new(2))));
    assert_eq!(run.apply(done(1), NOW), Ok(()));
    assert_eq!(run.apply(done(1), NOW), Err(ApplyError::Late(TaskId::new(1))));
    assert!(run.is_live(TaskId::new(2)) && !run.is_live(TaskId::new(1)));
    assert_eq!(run.apply(done(2), NOW), Ok(()));
    assert_eq!(run.apply(Event::Woke, NOW), Err(ApplyError::Over));
}

#[test]
fn an_answer_after_the_timeout_is_late_even_if_nobody_woke_the_run() {
    let machine = parse(&json!({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "a", "TimeoutSeconds": 1, "End": true}}}));
    let mut run = machine.start(Arc::new(json!({})), Context::default(), NOW);
    let event = Event::Succeeded { task: TaskId::new(1), output: Arc::new(json!(0)) };
    assert_eq!(run.apply(event, Timestamp::from_micros(1_000_000)), Err(ApplyError::Late(TaskId::new(1))));
    let timeout = asl::Outcome::Failed { error: Some("States.Timeout".to_owned()), cause: None };
    assert_eq!(run.outcome(), Some(&timeout));
}

#[test]
fn a_run_may_move_between_threads() {
    fn moves<T: Send + Sync>() {}
    moves::<asl::Execution>();
    moves::<Effect>();
    moves::<Event>();
}

#[test]
fn attempts_of_one_visit_have_one_invocation_and_another_visit_has_another() {
    let machine = parse(&json!({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "a", "Retry": [{"ErrorEquals": ["States.ALL"]}], "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "A"}], "Default": "C"},
        "C": {"Type": "Succeed"}}}));
    let mut run = machine.start(Arc::new(json!(0)), Context::default(), NOW);
    let (mut seen, mut now) = (Vec::new(), NOW);
    // Fails twice, answers 1, fails once, answers 2.
    let mut answers = [None, None, Some(1), None, Some(2)].into_iter();
    while let Some(effect) = run.next_effect() {
        match effect {
            Effect::Invoke { task, invocation, attempt, .. } => {
                seen.push((invocation.get(), attempt));
                let event = match answers.next().unwrap() {
                    Some(output) => Event::Succeeded { task, output: Arc::new(json!(output)) },
                    None => Event::Failed { task, error: "E".into(), cause: String::new() },
                };
                run.apply(event, now).unwrap();
                // A run that is stored between two tries goes on with the same invocation.
                run = asl::Execution::decode(Arc::clone(&machine), &run.encode().unwrap()).unwrap();
            }
            Effect::MapRun { .. } => {}
            Effect::WaitUntil(moment) => {
                now = moment;
                run.apply(Event::Woke, now).unwrap();
            }
            Effect::Finished(_) => {}
        }
    }
    let [first, second] = [seen[0].0, seen[3].0];
    assert_eq!(seen, [(first, 1), (first, 2), (first, 3), (second, 1), (second, 2)]);
    assert_ne!(first, second);
}

#[test]
fn a_stored_run_that_is_answered_before_it_says_what_it_wants_asks_for_the_next_task_once() {
    let machine = parse(&json!({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "a", "Next": "B"}, "B": {"Type": "Task", "Resource": "b", "End": true}}}));
    let mut run = machine.start(Arc::new(json!(0)), Context::default(), NOW);
    assert!(matches!(run.next_effect(), Some(Effect::Invoke { .. })));
    let mut run = asl::Execution::decode(Arc::clone(&machine), &run.encode().unwrap()).unwrap();
    run.apply(Event::Succeeded { task: TaskId::new(1), output: Arc::new(json!(1)) }, NOW).unwrap();
    assert!(matches!(run.next_effect(), Some(Effect::Invoke { task, .. }) if task == TaskId::new(2)));
    assert_eq!(run.next_effect(), None);
}
