//! No definition and no document takes the host with it: depth, copies, frames and what they hold are limited.

use std::sync::Arc;

use asl::{Change, Context, Effect, Event, Execution, Outcome, StateMachine, Watch};
use serde_json::{Value, json};

use crate::played::{context, second};

fn start(definition: &Value, input: Value) -> Execution {
    let machine = StateMachine::parse(&definition.to_string()).unwrap_or_else(|findings| panic!("{findings:?}"));
    Arc::new(machine).start(Arc::new(input), context(), second(0.0))
}

fn map(inner: &Value) -> Value {
    let name = format!("M{}", inner["StartAt"].as_str().unwrap());
    json!({"StartAt": name, "States": {name.clone(): {"Type": "Map", "ItemsPath": "$.l", "ItemProcessor": inner, "End": true}}})
}

fn error(run: &Execution) -> Option<&str> {
    match run.outcome() {
        Some(Outcome::Failed { error, .. }) => error.as_deref(),
        _ => None,
    }
}

fn tasks(run: &mut Execution) -> Vec<asl::TaskId> {
    let effects = std::iter::from_fn(|| run.next_effect());
    effects.filter_map(|effect| if let Effect::Invoke { task, .. } = effect { Some(task) } else { None }).collect()
}

fn deep(levels: usize) -> Value {
    (0..levels).fold(json!(0), |inner, _| Value::Array(vec![inner]))
}

#[test]
fn a_document_that_is_too_deep_is_refused_at_every_door() {
    let task = json!({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "r", "End": true}}});
    for (levels, fits) in [(120, true), (121, false), (3_000, false)] {
        assert_eq!(error(&start(&task, deep(levels))), (!fits).then_some("States.DataLimitExceeded"), "{levels}");
        let mut run = start(&task, json!(0));
        let task = tasks(&mut run)[0];
        run.apply(Event::Succeeded { task, output: Arc::new(deep(levels)) }, second(1.0)).unwrap();
        assert_eq!(error(&run), (!fits).then_some("States.DataLimitExceeded"), "{levels}");
    }
    let parse = json!({"StartAt": "A", "States": {"A": {
        "Type": "Pass", "Parameters": {"v.$": "States.StringToJson($)"}, "End": true}}});
    for (levels, error_name) in
        [(119, None), (121, Some("States.DataLimitExceeded")), (9_000, Some("States.IntrinsicFailure"))]
    {
        let text = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(error(&start(&parse, json!(text))), error_name, "{levels}");
    }
}

#[test]
fn ten_thousand_items_are_done_at_one_event() {
    let inner = json!({"StartAt": "I", "States": {
        "I": {"Type": "Pass", "Parameters": {"n.$": "$.n"}, "Next": "J"},
        "J": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericLessThan": 0, "Next": "K"}], "Default": "K"},
        "K": {"Type": "Pass", "OutputPath": "$.n", "End": true}}});
    let items: Vec<Value> = (0..10_000).map(|n| json!({"n": n})).collect();
    let run = start(&map(&inner), json!({"l": items}));
    let wanted: Value = (0..10_000).collect();
    assert_eq!(run.outcome(), Some(&Outcome::Succeeded(Arc::new(wanted))));
}

#[test]
fn maps_within_maps_open_no_more_frames_than_a_run_may_have() {
    let inner = json!({"StartAt": "I", "States": {"I": {"Type": "Task", "Resource": "r", "End": true}}});
    let small: Vec<Value> = (0..40).map(|_| json!(0)).collect();
    let twice: Vec<Value> = (0..40).map(|_| json!({"l": small})).collect();
    let mut run = start(&map(&map(&inner)), json!({"l": twice}));
    assert_eq!(tasks(&mut run).len(), 1_600);
    let thrice: Vec<Value> = (0..40).map(|_| json!({"l": twice})).collect();
    let run = start(&map(&map(&map(&inner))), json!({"l": thrice}));
    assert_eq!(error(&run), Some("States.DataLimitExceeded"));
}

/// Answers the tasks of 1,600 iterations with 200 kB each, which go to `$.a`, until the run takes no more.
fn answer_all(after: &str) -> (Execution, usize) {
    let inner = json!({"StartAt": "I", "States": {
        "I": {"Type": "Task", "Resource": "r", "ResultPath": "$.a", "Next": "J"},
        "J": {"Type": "Pass", "Result": 0, "ResultPath": after, "Next": "K"},
        "K": {"Type": "Task", "Resource": "r", "End": true}}});
    let small: Vec<Value> = (0..40).map(|_| json!({})).collect();
    let twice: Vec<Value> = (0..40).map(|_| json!({"l": small})).collect();
    let mut run = start(&map(&map(&inner)), json!({"l": twice}));
    let mut answered = 0;
    for task in tasks(&mut run) {
        let output = Arc::new(Value::String("x".repeat(200_000)));
        if run.apply(Event::Succeeded { task, output }, second(1.0)).is_err() {
            break;
        }
        answered += 1;
    }
    (run, answered)
}

#[test]
fn a_run_whose_branches_hold_too_much_together_is_ended() {
    let (run, answered) = answer_all("$.b");
    assert_eq!(error(&run), Some("States.DataLimitExceeded"));
    assert!((300..400).contains(&answered), "64 MiB are some 330 documents of this size, not {answered}");
}

#[test]
fn what_branches_have_put_away_does_not_count() {
    let (run, answered) = answer_all("$.a");
    assert_eq!((run.outcome(), answered), (None, 1_600));
}

#[test]
fn one_document_that_all_branches_share_counts_once() {
    let branch = |number: usize| {
        json!({"StartAt": format!("T{number}"), "States": {
        format!("T{number}"): {"Type": "Task", "Resource": "r", "End": true}}})
    };
    let branches: Vec<Value> = (0..1_000).map(branch).collect();
    let parallel = json!({"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": branches, "End": true}}});
    let mut run = start(&parallel, json!("x".repeat(200_000)));
    let task = tasks(&mut run)[0];
    run.apply(Event::Succeeded { task, output: Arc::new(json!(0)) }, second(1.0)).unwrap();
    assert_eq!(run.outcome(), None);
}

#[test]
fn all_variables_together_hold_ten_mebibytes() {
    let state = |number: usize| {
        let next = if number < 59 { json!({"Next": format!("A{}", number + 1)}) } else { json!({"End": true}) };
        let mut state = json!({"Type": "Pass", "Assign": {format!("x{number}.$"): "$"}});
        state.as_object_mut().unwrap().extend(next.as_object().unwrap().clone());
        (format!("A{number}"), state)
    };
    let states: Value = (0..60).map(state).collect();
    let machine = json!({"StartAt": "A0", "States": states});
    assert_eq!(error(&start(&machine, json!("x".repeat(250_000)))), Some("States.DataLimitExceeded"));
    assert_eq!(error(&start(&machine, json!("x".repeat(150_000)))), None);
}

#[test]
fn a_smaller_limit_on_documents_counts_too() {
    let machine = StateMachine::parse(r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#).unwrap();
    let context = Context { document_bytes_max: types::ByteCount::kib(1), ..context() };
    let run = Arc::new(machine).start(Arc::new(json!("x".repeat(2_000))), context, second(0.0));
    assert_eq!(error(&run), Some("States.DataLimitExceeded"));
}

/// A run from Choice to Choice, watched within `watch`: what of its documents was noted, in turn.
fn noted(input: &Value, watch: Watch) -> Vec<Value> {
    let choice =
        |next: &str| json!({"Type": "Choice", "Choices": [{"Variable": "$", "IsPresent": true, "Next": next}]});
    let states = json!({"A": choice("B"), "B": choice("C"), "C": {"Type": "Succeed"}});
    let machine = StateMachine::parse(&json!({"StartAt": "A", "States": states}).to_string()).unwrap();
    let mut run = Arc::new(machine).start_watched(Arc::new(input.clone()), context(), second(0.0), watch);
    let document = |step: asl::Step| match step.change {
        Change::Entered(document) | Change::Left { output: document, .. } => Value::clone(&document),
        other => panic!("{other:?}"),
    };
    run.take_steps().into_iter().map(document).collect()
}

#[test]
fn what_is_watched_of_a_run_is_bounded_by_steps_by_document_and_in_all() {
    let states = Watch { inner: false, ..Watch::ALL };
    let input = json!({"text": "ä".repeat(10)});
    assert_eq!(noted(&input, states), vec![input.clone(); 6]);
    assert_eq!(noted(&input, Watch { steps: 3, ..states }), vec![input.clone(); 3]);
    // A character is never cut in two.
    let small = Watch { document_bytes: 12, ..states };
    assert_eq!(noted(&input, small), vec![json!("{\"text\":\"ä…"); 6]);
    let whole = input.to_string().len();
    let little = Watch { bytes: whole * 2, ..states };
    let (first, rest) = (vec![input.clone(); 2], vec![json!("…"); 4]);
    assert_eq!(noted(&input, little), [first, rest].concat());
}
