//! Prints how many states a second the interpreter walks through: ten Pass and Choice states in a row, and a Map over
//! 10,000 items.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a measurement")]

use std::sync::Arc;
use std::time::Duration;

use asl::{Context, Outcome, StateMachine};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use types::Timestamp;

/// How long each measurement lasts at least, in time of the processor.
const LASTS: Duration = Duration::from_secs(1);

fn main() {
    let body = json!({"name": "Ada", "items": [1, 2, 3], "deep": {"er": {"value": "x".repeat(1_000)}}});
    measure("10 states, Pass and Choice in turn", &row(), &json!({"n": 1, "body": body}), 10);
    measure("the same with Parameters, Assign and $$", &busy_row(), &json!({"n": 1, "body": body}), 10);
    let items: Vec<Value> = (0..10_000).map(|n| json!({"n": n, "name": "item"})).collect();
    measure("a Map over 10,000 items, 2 states each", &map(), &json!({"items": items}), 20_001);
}

/// Pass, Choice, Pass, Choice and so on.
fn row() -> Value {
    chain(&json!({"Type": "Pass", "Result": 1, "ResultPath": "$.n"}))
}

fn busy_row() -> Value {
    chain(&json!({"Type": "Pass", "Assign": {"count.$": "$.n"}, "ResultPath": "$.out",
        "Parameters": {"name.$": "States.Format('{} of {}', $.body.name, $$.State.Name)", "n.$": "$.n"}}))
}

fn chain(pass: &Value) -> Value {
    let state = |place: usize| {
        let next = format!("S{}", place + 1);
        let mut state = if place.is_multiple_of(2) { pass.clone() } else { json!({"Type": "Choice"}) };
        if place == 9 {
            state = json!({"Type": "Succeed"});
        } else if place.is_multiple_of(2) {
            state["Next"] = json!(next);
        } else {
            state["Choices"] = json!([{"Variable": "$.n", "NumericLessThan": 0, "Next": next},
                {"Variable": "$.body.name", "StringEquals": "Ada", "Next": next}]);
        }
        (format!("S{place}"), state)
    };
    json!({"StartAt": "S0", "States": (0..10).map(state).collect::<Value>()})
}

fn map() -> Value {
    let inner = json!({"StartAt": "A", "States": {
        "A": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericLessThan": 0, "Next": "B"}], "Default": "B"},
        "B": {"Type": "Pass", "OutputPath": "$.n", "End": true}}});
    json!({"StartAt": "M", "States": {
        "M": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": inner, "End": true}}})
}

/// What this thread has had of the processor: others on the machine do not count.
fn processor() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

fn measure(name: &str, definition: &Value, input: &Value, states: u32) {
    let machine = Arc::new(StateMachine::parse(&definition.to_string()).expect("the definition is correct"));
    let context = Context { document_bytes_max: types::ByteCount::kib(1_024), ..Context::default() };
    let (mut runs, mut spent) = (0_u32, Duration::ZERO);
    while spent < LASTS {
        let input = Arc::new(input.clone());
        let begun = processor();
        let run = machine.start(input, context.clone(), Timestamp::from_micros(0));
        assert!(matches!(run.outcome(), Some(Outcome::Succeeded(_))), "{:?}", run.outcome());
        spent += processor().saturating_sub(begun);
        runs += 1;
    }
    let per_run = spent / runs;
    let per_second = f64::from(states) / per_run.as_secs_f64();
    println!("{name}: {:.1} µs a run, {per_second:.0} states a second", per_run.as_secs_f64() * 1e6);
}
