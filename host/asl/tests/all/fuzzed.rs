//! What fuzzing does with bytes. The targets in `fuzz/` run these functions on bytes that coverage leads to; a test runs
//! them on those that were kept, and on every case.

use std::sync::Arc;
use std::time::Duration;

use asl::{Context, Effect, Event, Execution, StateMachine, TaskId};
use serde_json::{Value, json};
use types::Timestamp;

/// How many events one run is told.
const EVENTS_MAX: usize = 24;

/// A definition, as JSON and as YAML.
pub(crate) fn definition(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for parse in [StateMachine::parse, StateMachine::parse_yaml] {
        match parse(text) {
            Ok(machine) => printed(&machine),
            Err(findings) => {
                assert!(!findings.is_empty(), "whoever is refused is told why");
                for finding in findings {
                    assert!(finding.line > 0 && finding.column > 0 && finding.offset <= text.len(), "{finding}");
                }
            }
        }
    }
}

/// Prints a machine; what is read of that is the same one, and is printed alike.
pub(crate) fn printed(machine: &StateMachine) {
    let text = machine.to_definition();
    // The normal form may be the longer one: escapes, and blanks at the beginnings of lines.
    if text.len() > StateMachine::DEFINITION_BYTES_MAX {
        return;
    }
    let again = StateMachine::parse(&text).unwrap_or_else(|findings| panic!("{findings:?}\n{text}"));
    assert!(again == *machine, "another machine is read from {text}");
    assert_eq!(again.to_definition(), text);
}

/// A path or intrinsic function, an end of line, and the document that it looks at.
pub(crate) fn jsonpath(bytes: &[u8]) {
    let Some((formula, input)) = halves(bytes) else { return };
    let pass = json!({"Type": "Pass", "Parameters": {"v.$": formula}, "End": true});
    run_at_once(&json!({"StartAt": "A", "States": {"A": pass}}), input);
}

/// An expression, an end of line, and the document that it looks at.
pub(crate) fn jsonata(bytes: &[u8]) {
    let Some((expression, input)) = halves(bytes) else { return };
    let pass = json!({"Type": "Pass", "Output": format!("{{%{expression}%}}"), "End": true});
    run_at_once(&json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": pass}}), input);
}

/// What happens to a run, two digits or letters for each event; an end of line; and its definition. A run that is stored
/// and read after each event goes as the one that is not.
pub(crate) fn interpreter(bytes: &[u8]) {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return };
    let (told, definition) = bytes.split_at(end);
    let Some(machine) = std::str::from_utf8(definition).ok().and_then(|text| StateMachine::parse(text).ok()) else {
        return;
    };
    let machine = Arc::new(machine);
    let (mut now, mut asked) = (Timestamp::from_micros(1_767_225_600_000_000), Vec::new());
    // Documents are small, so that no input takes long.
    let context = Context { document_bytes_max: types::ByteCount::kib(8), seed: 7, ..Context::default() };
    let mut whole = machine.start(Arc::new(json!({"a": [{"b": 1}, 2], "n": 3, "s": "x"})), context, now);
    let mut cut = whole.clone();
    for event in told.chunks_exact(2).take(EVENTS_MAX) {
        let tasks = |run: &mut Execution| std::iter::from_fn(|| run.next_effect()).collect::<Vec<_>>();
        let (effects, again) = (tasks(&mut whole), tasks(&mut cut));
        assert!(effects.iter().all(|effect| again.contains(effect)), "{effects:?} {again:?}");
        for effect in effects {
            if let Effect::Invoke { task, .. } = effect
                && !asked.contains(&task)
            {
                asked.push(task);
            }
        }
        now = now.after(Duration::from_millis(u64::from(event[1]) * 50));
        let happened = happened(event[0], &asked);
        assert_eq!(whole.apply(happened.clone(), now), cut.apply(happened, now));
        let stored = whole.encode().expect("documents can be written");
        assert_eq!(stored, cut.encode().expect("documents can be written"));
        cut = Execution::decode(Arc::clone(&machine), &stored).expect("what was written can be read");
    }
}

fn happened(byte: u8, asked: &[TaskId]) -> Event {
    let task = asked.iter().rev().nth(usize::from(byte >> 4) % 4).copied().unwrap_or(TaskId::new(99));
    let failed = |error: &'static str| Event::Failed { task, error: error.into(), cause: "why".to_owned() };
    let succeeded = |output: Value| Event::Succeeded { task, output: Arc::new(output) };
    match byte & 7 {
        0 => succeeded(json!({"a": [1, {"b": null}], "n": 2})),
        1 => succeeded(json!("text")),
        2 => failed("E"),
        3 => failed("States.Timeout"),
        4 => failed(""),
        5 => Event::Heartbeat { task },
        _ => Event::Woke,
    }
}

fn halves(bytes: &[u8]) -> Option<(&str, Value)> {
    let (formula, input) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
    Some((formula, serde_json::from_str(input).ok()?))
}

/// Runs a machine that asks for nothing.
fn run_at_once(definition: &Value, input: Value) {
    if let Ok(machine) = StateMachine::parse(&definition.to_string()) {
        let context = Context { document_bytes_max: types::ByteCount::kib(8), ..Context::default() };
        let run = Arc::new(machine).start(Arc::new(input), context, Timestamp::from_micros(0));
        assert!(run.outcome().is_some());
    }
}
