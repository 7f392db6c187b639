//! Times the states language by itself, on one thread and in its CPU time: states walked through, a large Map, the
//! reading of a definition, expressions, and the memory of runs that wait. Prints one line of JSON.
#![expect(clippy::print_stdout, reason = "the line of JSON is this program's answer")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use asl::{Context, Event, Execution, Outcome, StateMachine};
use jsonata::{Bindings, Environment, Expression, Limits};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, Value, json};
use types::Timestamp;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rounds of every measurement; medians are quoted.
const ROUNDS: usize = 5;
/// How long a round lasts at least.
const LASTS: Duration = Duration::from_millis(200);
/// How many runs wait at once when their memory is measured.
const LIVE: usize = 50_000;

fn main() -> anyhow::Result<()> {
    let body = json!({"name": "Ada", "items": [1, 2, 3], "deep": {"er": {"value": "x".repeat(1_000)}}});
    let input = json!({"n": 1, "body": body});
    let plain = chain(&json!({"Type": "Pass", "Result": 1, "ResultPath": "$.n"}));
    let busy = chain(&json!({"Type": "Pass", "Assign": {"count.$": "$.n"}, "ResultPath": "$.out",
        "Parameters": {"name.$": "States.Format('{} of {}', $.body.name, $$.State.Name)", "n.$": "$.n"}}));
    let items: Vec<Value> = (0..10_000).map(|n| json!({"n": n, "name": "item"})).collect();
    let hundred = hundred_states();
    let report = json!({
        "transitions_per_s": 10.0 / run_seconds(&plain, &input)?,
        "busy_transitions_per_s": 10.0 / run_seconds(&busy, &input)?,
        "jsonata_transitions_per_s": 10.0 / run_seconds(&jsonata_chain(), &input)?,
        "heap_bytes_per_live_execution": heap_bytes()?,
        "map_of_10000_ms": run_seconds(&map(), &json!({"items": items}))? * 1e3,
        "parse_of_100_states_ms": median_seconds(|| StateMachine::parse(&hundred).map(drop).map_err(refused))? * 1e3,
        "jsonata_us": expressions()?,
    });
    println!("{report}");
    Ok(())
}

/// Ten states: Pass, Choice, Pass, Choice and so on.
fn chain(pass: &Value) -> Value {
    let rule = |next: &str| {
        json!([{"Variable": "$.n", "NumericLessThan": 0, "Next": next},
            {"Variable": "$.body.name", "StringEquals": "Ada", "Next": next}])
    };
    json!({"StartAt": "S0", "States": row(pass, &rule)})
}

fn jsonata_chain() -> Value {
    let rule = |next: &str| {
        json!([{"Condition": "{% $states.input.n < 0 %}", "Next": next},
            {"Condition": "{% $states.input.body.name = 'Ada' %}", "Next": next}])
    };
    let pass = json!({"Type": "Pass", "Assign": {"count": "{% $states.input.n %}"}});
    json!({"QueryLanguage": "JSONata", "StartAt": "S0", "States": row(&pass, &rule)})
}

fn row(pass: &Value, rules: &dyn Fn(&str) -> Value) -> Value {
    let state = |place: usize| {
        let next = format!("S{}", place + 1);
        let state = match place {
            9 => json!({"Type": "Succeed"}),
            _ if place.is_multiple_of(2) => {
                let mut state = pass.clone();
                state["Next"] = json!(next);
                state
            }
            _ => json!({"Type": "Choice", "Choices": rules(&next)}),
        };
        (format!("S{place}"), state)
    };
    (0..10).map(state).collect()
}

fn map() -> Value {
    let inner = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "OutputPath": "$.n", "End": true}}});
    json!({"StartAt": "M", "States": {
        "M": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": inner, "End": true}}})
}

/// Tasks with all that they usually have.
fn hundred_states() -> String {
    let state = |place: usize| {
        let mut state = json!({
            "Type": "Task", "Resource": "arn:aws:lambda:eu-central-1:123456789012:function:work", "TimeoutSeconds": 30,
            "Parameters": {"id.$": "$.order.id", "line.$": "$.order.lines[0]", "at.$": "$$.State.EnteredTime"},
            "ResultSelector": {"total.$": "$.total"}, "ResultPath": "$.result",
            "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 2, "MaxAttempts": 5, "BackoffRate": 2.0}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "S99"}],
        });
        if place == 99 {
            state = json!({"Type": "Succeed"});
        } else {
            state["Next"] = json!(format!("S{}", place + 1));
        }
        (format!("S{place}"), state)
    };
    json!({"StartAt": "S0", "States": (0..100).map(state).collect::<Value>()}).to_string()
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of what maps an error")]
fn refused(findings: Vec<asl::Diagnostic>) -> anyhow::Error {
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    anyhow::anyhow!("the definition is refused: {}", findings.join("; "))
}

fn start(machine: &Arc<StateMachine>, input: Value) -> Execution {
    let context = Context { document_bytes_max: types::ByteCount::kib(1_024), ..Context::default() };
    machine.start(Arc::new(input), context, Timestamp::from_micros(0))
}

/// How long a run of a machine without tasks takes, input included.
fn run_seconds(definition: &Value, input: &Value) -> anyhow::Result<f64> {
    let machine = Arc::new(StateMachine::parse(&definition.to_string()).map_err(refused)?);
    median_seconds(|| match start(&machine, input.clone()).outcome() {
        Some(Outcome::Succeeded(_)) => Ok(()),
        other => bail!("the run ended with {other:?}"),
    })
}

/// What this thread has had of the processor: others on the machine do not count.
fn worked() -> anyhow::Result<Duration> {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).context("the thread's clock is negative")
}

/// How long `work` takes once.
fn median_seconds(work: impl Fn() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    work()?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = worked()?;
        let (mut count, mut spent) = (0_u32, Duration::ZERO);
        while spent < LASTS {
            work()?;
            count += 1;
            spent = worked()?.saturating_sub(begun);
        }
        rounds.push(spent.as_secs_f64() / f64::from(count));
    }
    rounds.sort_by(f64::total_cmp);
    rounds.get(ROUNDS / 2).copied().context("there are rounds")
}

/// What a run that waits for a task holds beside its input, which all of them share.
fn heap_bytes() -> anyhow::Result<usize> {
    let task = json!({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "r", "End": true}}});
    let machine = Arc::new(StateMachine::parse(&task.to_string()).map_err(refused)?);
    let input = Arc::new(json!({}));
    let one = || machine.start(Arc::clone(&input), Context::default(), Timestamp::from_micros(0));
    let mut live = Vec::with_capacity(LIVE);
    // What the allocator and the list take before the first run is not a run's.
    live.extend(std::iter::repeat_with(one).take(LIVE / 10));
    let (before, counted) = (resident_bytes()?, live.len());
    live.extend(std::iter::repeat_with(one).take(LIVE - counted));
    let after = resident_bytes()?;
    for run in &mut live {
        ensure!(run.next_effect().is_some(), "a run waits for its task");
        ensure!(run.apply(Event::Woke, Timestamp::from_micros(1)).is_ok(), "a run goes on");
    }
    Ok(after.saturating_sub(before) / (LIVE - counted))
}

/// The memory of this process that is in use.
fn resident_bytes() -> anyhow::Result<usize> {
    let text = std::fs::read_to_string("/proc/self/status").context("could not read /proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the status has no VmRSS")?;
    let kibibytes: usize = line.trim().trim_end_matches(" kB").parse().context("VmRSS is no number")?;
    Ok(kibibytes * 1_024)
}

/// Typical expressions over a document of fifty orders, in µs for each evaluation.
/// `host/jsonata/examples/typical.mjs` does the same with the official implementation.
fn expressions() -> anyhow::Result<Value> {
    let document: Value = serde_json::from_str(include_str!("../../../host/jsonata/examples/document.json"))?;
    let texts: Vec<(String, String)> =
        serde_json::from_str(include_str!("../../../host/jsonata/examples/typical.json"))?;
    let mut times = Map::new();
    for (name, text) in texts {
        let expression = Expression::parse(&text)?;
        let seconds = median_seconds(|| {
            let (limits, environment) = (Limits::default(), Environment::default());
            black_box(expression.evaluate(&document, &Bindings::new(), limits, environment)?);
            Ok(())
        })?;
        times.insert(name, json!(seconds * 1e6));
    }
    Ok(Value::Object(times))
}
