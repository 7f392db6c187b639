//! Stored runs: each format that was ever written can still be read.

use std::sync::Arc;

use asl::{Context, DecodeError, Effect, Event, Execution, Outcome, StateMachine};
use serde_json::json;

use crate::played::second;

/// As the first version wrote it. Never written anew: a new format gets a new file.
const FORMAT_1: &[u8] = include_bytes!("../blobs/format-1.blob");
const DEFINITION: &str = include_str!("../blobs/definition.json");

fn machine() -> Arc<StateMachine> {
    Arc::new(StateMachine::parse(DEFINITION).unwrap())
}

/// A run that has one frame of each kind: it joins, invokes, waits, waits to try again, and has a finished branch.
fn run() -> Execution {
    let context = Context { execution_id: "execution-1".to_owned(), seed: 7, ..Context::default() };
    let mut run = machine().start(Arc::new(json!({"x": null})), context, second(0.0));
    while let Some(effect) = run.next_effect() {
        match effect {
            Effect::Invoke { task, state, .. } if state.as_str() == "Fails" => {
                let failed = Event::Failed { task, error: "E".into(), cause: "why".to_owned() };
                run.apply(failed, second(0.5)).unwrap();
            }
            Effect::Invoke { .. } | Effect::WaitUntil(_) => {}
            Effect::Finished(outcome) => panic!("{outcome:?}"),
        }
    }
    run
}

#[test]
fn format_1_is_written_as_it_always_was() {
    let blob = run().encode().unwrap();
    assert_eq!(String::from_utf8_lossy(&blob), String::from_utf8_lossy(FORMAT_1));
}

#[test]
fn a_run_that_was_stored_in_format_1_goes_on_to_its_end() {
    let mut run = Execution::decode(machine(), FORMAT_1).unwrap();
    let mut asked = Vec::new();
    let mut end = None;
    let mut now = second(0.5);
    while let Some(effect) = run.next_effect() {
        match effect {
            Effect::Invoke { task, state, attempt, .. } => {
                asked.push(format!("{task} {state} {attempt}"));
                run.apply(Event::Succeeded { task, output: Arc::new(json!(state.as_str())) }, now).unwrap();
            }
            Effect::WaitUntil(moment) => {
                now = moment;
                run.apply(Event::Woke, now).unwrap();
            }
            Effect::Finished(outcome) => end = Some(outcome),
        }
    }
    assert_eq!(asked, ["1 Works 1", "3 Fails 2"]);
    assert_eq!(end, Some(Outcome::Succeeded(Arc::new(json!(["Works", "Fails", {"x": null}, null])))));
}

#[test]
fn bytes_that_are_no_run_of_this_machine_are_refused() {
    let decode = |blob: &[u8]| Execution::decode(machine(), blob).map(|_| ());
    assert!(matches!(decode(b""), Err(DecodeError::Empty)));
    assert!(matches!(decode(b"\x02{}"), Err(DecodeError::UnknownFormat(2))));
    assert!(matches!(decode(b"\x01{}"), Err(DecodeError::Malformed(_))));
    let blob = String::from_utf8(FORMAT_1.to_vec()).unwrap();
    for (there, instead) in [
        ("\"state\":\"Fails\"", "\"state\":\"Gone\""),
        ("\"state\":\"Fails\"", "\"state\":\"Waits\""),
        ("\"parent\":[0,1]", "\"parent\":[0,0]"),
        ("\"parent\":[0,1]", "\"parent\":[9,1]"),
        ("\"parent\":[0,1]", "\"parent\":null"),
        ("\"next_frame\":5", "\"next_frame\":2"),
        ("\"next_task\":3", "\"next_task\":1"),
        ("\"next_task\":3", "\"next_task\":18446744073709551615"),
        ("\"input\":[{\"x\":null}],\"now\"", "\"input\":[],\"now\""),
    ] {
        assert!(blob.contains(there), "{there} in {blob}");
        let changed = blob.replacen(there, instead, 1);
        assert!(matches!(decode(changed.as_bytes()), Err(DecodeError::Foreign(_))), "{instead}");
    }
}
