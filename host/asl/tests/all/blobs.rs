//! Stored runs: each format that was ever written can still be read.

use std::sync::Arc;

use asl::{Context, DecodeError, Effect, Event, Execution, Outcome, StateMachine, TaskId};
use serde_json::json;

use crate::played::second;

/// As each version wrote it. Never written anew: a new format gets a new file.
const FORMAT_1: &[u8] = include_bytes!("../blobs/format-1.blob");
const FORMAT_2: &[u8] = include_bytes!("../blobs/format-2.blob");
const FORMAT_3: &[u8] = include_bytes!("../blobs/format-3.blob");
const FORMAT_3_JSONATA: &[u8] = include_bytes!("../blobs/format-3-jsonata.blob");
const FORMAT_4: &[u8] = include_bytes!("../blobs/format-4.blob");
const FORMAT_4_JSONATA: &[u8] = include_bytes!("../blobs/format-4-jsonata.blob");
/// Of the same machine as format 2, after a branch has failed, and of its redrive.
const FORMAT_4_FAILED: &[u8] = include_bytes!("../blobs/format-4-failed.blob");
const FORMAT_4_REDRIVEN: &[u8] = include_bytes!("../blobs/format-4-redriven.blob");
/// Has one frame of each kind of format 1: it joins, invokes, waits, waits to try again, and has a finished branch.
const DEFINITION_1: &str = include_str!("../blobs/definition-1.json");
/// And Maps with and without `ItemSelector`, in the midst of their items, and variables.
const DEFINITION_2: &str = include_str!("../blobs/definition-2.json");

/// The same in JSONata, with draws from the seed and times of events in what is stored.
const DEFINITION_3_JSONATA: &str = include_str!("../blobs/definition-3-jsonata.json");

fn machine(definition: &str) -> Arc<StateMachine> {
    Arc::new(StateMachine::parse(definition).unwrap())
}

fn run(definition: &str) -> Execution {
    let context = Context { execution_id: "execution-1".to_owned(), seed: 7, ..Context::default() };
    let mut run = machine(definition).start(Arc::new(json!({"items": [1, 2, 3], "x": null})), context, second(0.0));
    while let Some(effect) = run.next_effect() {
        match effect {
            Effect::Invoke { task, state, .. } if state.as_str() == "Fails" => {
                let failed = Event::Failed { task, error: "E".into(), cause: "why".to_owned() };
                run.apply(failed, second(0.5)).unwrap();
            }
            Effect::Invoke { .. } | Effect::WaitUntil(_) | Effect::MapRun { .. } => {}
            Effect::Finished(outcome) => panic!("{outcome:?}"),
        }
    }
    run
}

/// Goes on to the end, with tasks that answer their names, and says which tasks were asked for.
fn finish(definition: &str, blob: &[u8]) -> (Vec<String>, Option<Outcome>) {
    let mut run = Execution::decode(machine(definition), blob).unwrap();
    let mut asked = Vec::new();
    let mut end = None;
    let mut now = second(0.5);
    while let Some(effect) = run.next_effect() {
        match effect {
            Effect::Invoke { task, state, attempt, .. } => {
                asked.push(format!("{task} {state} {attempt}"));
                run.apply(Event::Succeeded { task, output: Arc::new(json!(state.as_str())) }, now).unwrap();
            }
            Effect::MapRun { .. } => {}
            Effect::WaitUntil(moment) => {
                now = moment;
                run.apply(Event::Woke, now).unwrap();
            }
            Effect::Finished(outcome) => end = Some(outcome),
        }
    }
    (asked, end)
}

#[test]
fn format_4_is_written_as_it_always_was() {
    let mut failed = run(DEFINITION_2);
    failed.apply(Event::Failed { task: TaskId::new(1), error: "E".into(), cause: String::new() }, second(0.6)).unwrap();
    let mut redriven = failed.clone();
    redriven.redrive(second(0.7));
    for (run, fixture) in [
        (run(DEFINITION_2), FORMAT_4),
        (run(DEFINITION_3_JSONATA), FORMAT_4_JSONATA),
        (failed, FORMAT_4_FAILED),
        (redriven, FORMAT_4_REDRIVEN),
    ] {
        assert_eq!(String::from_utf8_lossy(&run.encode().unwrap()), String::from_utf8_lossy(fixture));
    }
}

#[test]
fn a_failed_run_that_was_stored_in_format_4_is_begun_again() {
    let mut run = Execution::decode(machine(DEFINITION_2), FORMAT_4_FAILED).unwrap();
    assert!(matches!(run.outcome(), Some(Outcome::Failed { .. })));
    run.redrive(second(0.7));
    assert_eq!(String::from_utf8_lossy(&run.encode().unwrap()), String::from_utf8_lossy(FORMAT_4_REDRIVEN));
    let (_, end) = finish(DEFINITION_2, FORMAT_4_REDRIVEN);
    assert!(matches!(end, Some(Outcome::Succeeded(_))), "{end:?}");
}

#[test]
fn a_run_that_was_stored_in_format_1_goes_on_to_its_end() {
    let (asked, end) = finish(DEFINITION_1, FORMAT_1);
    assert_eq!(asked, ["1 Works 1", "3 Fails 2"]);
    assert_eq!(end, Some(Outcome::Succeeded(Arc::new(json!(["Works", "Fails", {"x": null}, null])))));
}

#[test]
fn a_run_that_was_stored_in_formats_2_to_4_goes_on_to_its_end() {
    for blob in [FORMAT_2, FORMAT_3, FORMAT_4] {
        let (asked, end) = finish(DEFINITION_2, blob);
        assert_eq!(asked, ["1 Works 1", "3 Plain 1", "4 Shaped 1", "5 Plain 1", "6 Shaped 1", "7 Fails 2"]);
        let input = json!({"x": null, "items": [1, 2, 3]});
        let items = json!([[1, "set"], [2, "set"], [3, "set"]]);
        assert_eq!(end, Some(Outcome::Succeeded(Arc::new(json!(["Works", "Fails", input, null, items, items])))));
    }
}

#[test]
fn a_run_in_jsonata_that_was_stored_in_format_3_goes_on_to_its_end() {
    let (asked, end) = finish(DEFINITION_3_JSONATA, FORMAT_3_JSONATA);
    assert_eq!(asked, ["1 Works 1", "3 Shaped 1", "4 Shaped 1", "5 Shaped 1", "6 Fails 2"]);
    let Some(Outcome::Succeeded(output)) = end else { panic!("{end:?}") };
    assert_eq!(output["results"], json!(["Works", "Fails", [1, "Works"], [[1, "set"], [2, "set"], [3, "set"]]]));
    assert_eq!((&output["started"], &output["input"]), (&json!(1_767_225_600_000_i64), &json!(3)));
    assert_eq!(output["drawn"], json!([true, true]));
}

#[test]
fn bytes_that_are_no_run_of_this_machine_are_refused() {
    let decode = |blob: &[u8]| Execution::decode(machine(DEFINITION_2), blob).map(|_| ());
    assert!(matches!(decode(b""), Err(DecodeError::Empty)));
    assert!(matches!(decode(b"\x05{}"), Err(DecodeError::UnknownFormat(5))));
    assert!(matches!(decode(b"\x03{}"), Err(DecodeError::Malformed(_))));
    let blob = String::from_utf8(FORMAT_3.to_vec()).unwrap();
    for (there, instead) in [
        ("\"state\":\"Fails\"", "\"state\":\"Gone\""),
        ("\"state\":\"Fails\"", "\"state\":\"Waits\""),
        ("\"parent\":[0,1]", "\"parent\":[0,0]"),
        ("\"parent\":[0,1]", "\"parent\":[9,1]"),
        ("\"parent\":[0,1]", "\"parent\":null"),
        ("\"next_frame\":11", "\"next_frame\":2"),
        ("\"next_task\":5", "\"next_task\":1"),
        ("\"next_task\":5", "\"next_task\":18446744073709551615"),
        ("\"input\":[{\"items\":[1,2,3],\"x\":null}],\"now\"", "\"input\":[],\"now\""),
        ("\"items\":[1,2,3],\"input\"", "\"items\":[1,2],\"input\""),
        ("\"items\":[1,2,3],\"input\"", "\"items\":{},\"input\""),
        ("\"input\":[],\"next\":2", "\"input\":[],\"next\":3"),
        ("\"input\":[],\"next\":2", "\"input\":[],\"next\":99"),
        ("\"input\":[],\"next\":2", "\"input\":[1],\"next\":2"),
    ] {
        assert!(blob.contains(there), "{there} in {blob}");
        let changed = blob.replacen(there, instead, 1);
        assert!(matches!(decode(changed.as_bytes()), Err(DecodeError::Foreign(_))), "{instead}");
    }
}
