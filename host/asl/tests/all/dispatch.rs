//! Distributed Maps: what is asked for, what an item becomes, and how the run goes on.

use std::sync::Arc;

use asl::{Effect, Event, Execution, MachineKind, MapItem, Outcome, StateMachine, TaskId};
use serde_json::{Value, json};

use crate::fuzzed;
use crate::played::{context, second};

fn start(map: &Value, input: Value) -> Execution {
    let mut map = map.clone();
    map["Type"] = json!("Map");
    map["End"] = json!(true);
    map["ItemProcessor"] = json!({ "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS" },
        "StartAt": "Inner", "States": { "Inner": { "Type": "Pass", "End": true } } });
    let text = json!({ "StartAt": "All", "States": { "All": map } }).to_string();
    let machine = StateMachine::parse(&text).unwrap_or_else(|findings| panic!("{findings:?}"));
    fuzzed::printed(&machine);
    Arc::new(machine).start(Arc::new(input), context(), second(0.0))
}

fn asked(run: &mut Execution) -> (TaskId, Value) {
    match run.next_effect() {
        Some(Effect::MapRun { task, state, request, kind: MachineKind::Express, .. }) if state.as_str() == "All" => {
            (task, Value::clone(&request))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_request_has_every_field_with_its_paths_followed() {
    let map = json!({ "Label": "all", "MaxConcurrencyPath": "$.most", "ToleratedFailureCountPath": "$.bad",
        "ToleratedFailurePercentage": 2.5, "InputPath": "$.in",
        "ItemReader": { "Resource": "arn:aws:states:::s3:getObject",
            "Parameters": { "Bucket": "orders", "Key.$": "$.key" },
            "ReaderConfig": { "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItemsPath": "$.items" } },
        "ItemBatcher": { "MaxItemsPerBatchPath": "$.batch", "BatchInput": { "by.$": "$.key" } },
        "ResultWriter": { "Resource": "arn:aws:states:::s3:putObject", "Parameters": { "Bucket": "done" } } });
    let inner = json!({ "most": 7, "bad": 3, "key": "a.csv", "items": 10, "batch": 4 });
    let (_, request) = asked(&mut start(&map, json!({ "in": inner })));
    let expected = json!({ "Label": "all", "ToleratedFailureCount": 3, "ToleratedFailurePercentage": 2.5,
        "ItemReader": { "Resource": "arn:aws:states:::s3:getObject",
            "Arguments": { "Bucket": "orders", "Key": "a.csv" },
            "ReaderConfig": { "MaxItems": 10, "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW" } },
        "ItemBatcher": { "MaxItemsPerBatch": 4, "BatchInput": { "by": "a.csv" } },
        "ResultWriter": { "Resource": "arn:aws:states:::s3:putObject", "Arguments": { "Bucket": "done" } },
        "MaxConcurrency": 7 });
    assert_eq!(request, expected);
    let bad = json!({ "in": { "most": 7, "bad": -1, "key": "a", "items": 1, "batch": 1 } });
    let run = start(&map, bad);
    let Some(Outcome::Failed { error, cause }) = run.outcome() else { panic!("{run:?}") };
    assert_eq!(error.as_deref(), Some("States.Runtime"));
    assert!(cause.as_ref().unwrap().contains("ToleratedFailureCount"), "{cause:?}");
}

#[test]
fn items_come_from_the_state_where_there_is_no_reader() {
    let map = json!({ "ItemsPath": "$.list" });
    let (task, request) = asked(&mut start(&map, json!({ "list": [1, 2] })));
    assert_eq!((task.get(), request), (1, json!({ "MaxConcurrency": 0, "Items": [1, 2] })));
    let run = start(&map, json!({ "list": 7 }));
    assert!(matches!(run.outcome(), Some(Outcome::Failed { .. })));
}

#[test]
fn an_item_is_shaped_by_the_selector_with_its_place_and_source() {
    let map = json!({ "ItemsPath": "$.list", "ItemSelector": { "n.$": "$$.Map.Item.Index", "of.$": "$.name",
        "item.$": "$$.Map.Item.Value.x", "from.$": "$$.Map.Item.Source", "id.$": "States.UUID()" } });
    let mut run = start(&map, json!({ "list": [1], "name": "orders" }));
    let (task, _) = asked(&mut run);
    let item = |index, value| MapItem { index, value, key: None, source: "S3://a/b".into() };
    let first = run.item_input(task, item(0, json!({ "x": 1 }))).unwrap();
    let later = run.item_input(task, item(90, json!({ "x": 2 }))).unwrap();
    assert_eq!((&later["n"], &later["of"], &later["item"]), (&json!(90), &json!("orders"), &json!(2)));
    assert_eq!(later["from"], "S3://a/b");
    assert_ne!(first["id"], later["id"]);
    assert_eq!(run.item_input(task, item(0, json!({ "x": 1 }))).unwrap(), first, "it is always the same");
    let failed = run.item_input(task, item(3, json!(7))).unwrap_err();
    assert_eq!(failed.error, "States.Runtime");
}

#[test]
fn a_stored_run_asks_again_and_takes_the_answer() {
    let mut run = start(&json!({}), json!([1]));
    let (task, request) = asked(&mut run);
    let mut run = Execution::decode(Arc::clone(run.machine()), &run.encode().unwrap()).unwrap();
    assert_eq!(asked(&mut run), (task, request));
    run.apply(Event::Succeeded { task, output: Arc::new(json!(["x"])) }, second(1.0)).unwrap();
    assert_eq!(run.outcome(), Some(&Outcome::Succeeded(Arc::new(json!(["x"])))));
}

#[test]
fn a_redrive_asks_for_the_same_map_run_and_a_retry_for_another() {
    let map = json!({ "Retry": [{ "ErrorEquals": ["Again"], "IntervalSeconds": 1 }] });
    let mut run = start(&map, json!([1]));
    let (task, request) = asked(&mut run);
    let failed = |task, error: &'static str| Event::Failed { task, error: error.into(), cause: String::new() };
    run.apply(failed(task, "Again"), second(1.0)).unwrap();
    run.apply(Event::Woke, second(2.0)).unwrap();
    run.next_effect();
    let other = TaskId::new(2);
    assert!(run.is_live(other));
    run.apply(failed(other, "Broken"), second(3.0)).unwrap();
    let mut run = Execution::decode(Arc::clone(run.machine()), &run.encode().unwrap()).unwrap();
    run.redrive(second(4.0));
    assert_eq!(asked(&mut run), (other, request));
}

#[test]
fn what_a_map_runs_is_a_machine_by_itself() {
    let run = start(&json!({}), json!([1]));
    let text = run.machine().processor("All").unwrap();
    let machine = StateMachine::parse(&text).unwrap();
    assert_eq!(machine.start_at().unwrap().name().as_str(), "Inner");
    assert_eq!(run.machine().processor("Inner"), None);
}
