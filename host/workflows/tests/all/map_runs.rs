//! Distributed Maps: each item, or each batch, is an execution of its own.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use workflows::Settings;

use crate::house::{House, function, lines, text};

/// A machine of one distributed Map whose children ask for `task`.
fn map_of(kind: &str, task: &str, more: &Value) -> Value {
    let mut map = json!({ "Type": "Map", "End": true, "ItemProcessor": {
        "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": kind },
        "StartAt": "Work", "States": { "Work": { "Type": "Task", "Resource": function(task), "End": true } } } });
    map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "StartAt": "All", "States": { "All": map, "Caught": { "Type": "Pass", "End": true } } })
}

/// The same, where nothing is caught.
fn map(kind: &str, task: &str, more: &Value) -> Value {
    let mut definition = map_of(kind, task, more);
    definition["States"].as_object_mut().unwrap().shift_remove("Caught");
    definition
}

fn reader(key: &str, config: &Value) -> Value {
    json!({ "Resource": "arn:aws:states:::s3:getObject", "Parameters": { "Bucket": "orders", "Key": key },
        "ReaderConfig": config })
}

impl House {
    async fn map_run(&self, execution: &str) -> Value {
        let listed = self.call("ListMapRuns", json!({ "executionArn": execution })).await;
        let arn = text(&listed["mapRuns"][0], "mapRunArn");
        self.call("DescribeMapRun", json!({ "mapRunArn": arn })).await
    }

    async fn children(&self, run: &Value) -> Vec<Value> {
        let body = json!({ "mapRunArn": run["mapRunArn"], "maxResults": 1000 });
        self.call("ListExecutions", body).await["executions"].as_array().unwrap().clone()
    }

    async fn until(&self, execution: &str, running: u64) -> Value {
        for _ in 0..2_000 {
            let listed = self.call("ListMapRuns", json!({ "executionArn": execution })).await;
            if let Some(arn) = listed["mapRuns"][0]["mapRunArn"].as_str() {
                let run = self.call("DescribeMapRun", json!({ "mapRunArn": arn })).await;
                if run["executionCounts"]["running"] == running {
                    return run;
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("there are never {running} children");
    }
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_item_is_an_execution_and_the_output_is_in_their_order() {
    let house = House::new();
    let machine = house.machine("machine", &map("STANDARD", "add-one", &json!({ "Label": "all" }))).await;
    let execution = house.start(&machine, json!([1, 2, 3])).await;
    let ended = house.ended(&execution).await;
    assert_eq!(ended["output"], "[2,3,4]", "{ended}");
    let history = house.history(&execution).await;
    let expected = [
        "ExecutionStarted",
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(kinds(&history), expected);
    let run = house.map_run(&execution).await;
    assert_eq!(history[3]["mapRunStartedEventDetails"]["mapRunArn"], run["mapRunArn"]);
    assert!(text(&run, "mapRunArn").contains(":mapRun:machine/all:"), "{run}");
    assert_eq!((&run["status"], &run["executionArn"]), (&json!("SUCCEEDED"), &json!(execution)));
    assert_eq!((&run["itemCounts"]["succeeded"], &run["executionCounts"]["total"]), (&json!(3), &json!(3)));
    let children = house.children(&run).await;
    assert_eq!(children.len(), 3);
    let child = text(&children[0], "executionArn");
    assert!(child.contains(":execution:machine/all:"), "{child}");
    assert_eq!((&children[0]["itemCount"], &children[0]["mapRunArn"]), (&json!(1), &run["mapRunArn"]));
    let described = house.describe(&child).await;
    assert_eq!((&described["output"], &described["mapRunArn"]), (&json!("4"), &run["mapRunArn"]));
    assert_eq!(house.history(&child).await.len(), 7);
    let body = json!({ "executionArn": child });
    let of_child = house.call("DescribeStateMachineForExecution", body).await;
    assert_eq!((&of_child["label"], &of_child["mapRunArn"]), (&json!("all"), &run["mapRunArn"]));
    let definition: Value = serde_json::from_str(&text(&of_child, "definition")).unwrap();
    assert_eq!(definition["StartAt"], "Work");
    let own = house.call("ListExecutions", json!({ "stateMachineArn": machine })).await;
    assert_eq!(own["executions"].as_array().map(Vec::len), Some(1), "children are not among the machine's own");
    let wrong = text(&run, "mapRunArn").replace("/all:", "/other:");
    assert_eq!(house.refused("DescribeMapRun", json!({ "mapRunArn": wrong })).await, "ResourceNotFound");
    let change = json!({ "mapRunArn": run["mapRunArn"], "maxConcurrency": 1 });
    assert_eq!(house.refused("UpdateMapRun", change).await, "ValidationException");
}

#[tokio::test]
async fn no_items_are_an_empty_list() {
    let house = House::new();
    assert_eq!(house.run(&map("STANDARD", "echo", &json!({})), json!([])).await["output"], "[]");
}

#[tokio::test]
async fn express_children_run_in_batches_of_selected_rows_and_their_results_are_written() {
    let house = House::new();
    house.put("orders", "in/a.csv", "id,name\n1,one\n2,two\n3,three\n4,four\n5,five\n");
    let definition = map(
        "EXPRESS",
        "echo",
        &json!({ "ItemReader": reader("in/a.csv", &json!({ "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW" })),
            "ItemSelector": { "row.$": "$$.Map.Item.Value.name", "at.$": "$$.Map.Item.Index", "for.$": "$.who" },
            "ItemBatcher": { "MaxItemsPerBatch": 2, "BatchInput": { "of.$": "$.who" } },
            "ResultWriter": { "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": { "Bucket": "results", "Prefix": "out" } } }),
    );
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!({ "who": "us" })).await;
    let ended = house.ended(&execution).await;
    let run = house.map_run(&execution).await;
    let output: Value = serde_json::from_str(&text(&ended, "output")).unwrap();
    assert_eq!(
        (&output["MapRunArn"], &output["ResultWriterDetails"]["Bucket"]),
        (&run["mapRunArn"], &json!("results"))
    );
    assert_eq!((&run["itemCounts"]["total"], &run["executionCounts"]["total"]), (&json!(5), &json!(3)));
    let read = |key: &str| -> Value {
        serde_json::from_slice(&std::fs::read(house.objects().join("results").join(key)).unwrap()).unwrap()
    };
    let manifest = read(output["ResultWriterDetails"]["Key"].as_str().unwrap());
    assert_eq!(manifest["ResultFiles"]["FAILED"], json!([]));
    let results = read(manifest["ResultFiles"]["SUCCEEDED"][0]["Key"].as_str().unwrap());
    let inputs: Vec<Value> = results
        .as_array()
        .unwrap()
        .iter()
        .map(|one| serde_json::from_str(one["Input"].as_str().unwrap()).unwrap())
        .collect();
    let row = |at: u64, name: &str| json!({ "row": name, "at": at, "for": "us" });
    let expected = [
        json!({ "BatchInput": { "of": "us" }, "Items": [row(0, "one"), row(1, "two")] }),
        json!({ "BatchInput": { "of": "us" }, "Items": [row(2, "three"), row(3, "four")] }),
        json!({ "BatchInput": { "of": "us" }, "Items": [row(4, "five")] }),
    ];
    assert_eq!(inputs, expected);
    assert!(text(&results[0], "ExecutionArn").contains(":express:machine/All:"), "{results}");
}

#[tokio::test]
async fn thousands_of_lines_are_read_piece_by_piece_up_to_the_most_items() {
    let house = House::new();
    let lines: Vec<String> = (0..2_500).map(|at| json!({ "n": at }).to_string()).collect();
    house.put("orders", "many.jsonl", &lines.join("\n"));
    let definition = map(
        "EXPRESS",
        "echo",
        &json!({ "ItemReader": reader("many.jsonl", &json!({ "InputType": "JSONL", "MaxItems": 2_345 })),
            "ItemSelector": { "n.$": "$$.Map.Item.Value.n" }, "ResultSelector": { "count.$": "States.ArrayLength($)",
                "last.$": "$[-1].n" } }),
    );
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!({})).await;
    assert_eq!(house.ended(&execution).await["output"], json!({ "count": 2_345, "last": 2_344 }).to_string());
}

#[tokio::test]
async fn too_many_failures_stop_the_rest_and_fail_with_a_name_that_may_be_caught() {
    let house = House::new();
    let inner = json!({ "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" }, "StartAt": "Which",
        "States": { "Which": { "Type": "Choice", "Default": "Never",
                "Choices": [{ "Variable": "$", "NumericLessThan": 2, "Next": "Fails" }] },
            "Fails": { "Type": "Fail", "Error": "Bad" },
            "Never": { "Type": "Task", "Resource": function("never"), "End": true } } });
    let more = json!({ "ItemProcessor": inner, "ToleratedFailureCount": 1,
        "Catch": [{ "ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "Caught" }] });
    let machine = house.machine("machine", &map_of("STANDARD", "echo", &more)).await;
    let execution = house.start(&machine, json!([0, 1, 2, 3])).await;
    let ended = house.ended(&execution).await;
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    assert!(text(&ended, "output").contains("States.ExceedToleratedFailureThreshold"), "{ended}");
    let run = house.map_run(&execution).await;
    assert_eq!(run["status"], "FAILED");
    let counts = &run["executionCounts"];
    assert_eq!((&counts["failed"], &counts["aborted"], &counts["running"]), (&json!(2), &json!(2), &json!(0)));
    let history = house.history(&execution).await;
    assert!(kinds(&history).contains(&"MapRunFailed"), "{history:?}");
}

#[tokio::test]
async fn tolerated_failures_are_left_out_of_the_output() {
    for tolerance in [json!({ "ToleratedFailureCount": 1 }), json!({ "ToleratedFailurePercentage": 34 })] {
        let house = House::new();
        let mut more = tolerance;
        more["ItemProcessor"] = json!({ "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS" },
            "StartAt": "Which", "States": { "Which": { "Type": "Choice", "Default": "Good",
                    "Choices": [{ "Variable": "$", "NumericEquals": 2, "Next": "Bad" }] },
                "Good": { "Type": "Succeed" }, "Bad": { "Type": "Fail", "Error": "Bad" } } });
        let ended = house.run(&map("EXPRESS", "echo", &more), json!([1, 2, 3])).await;
        assert_eq!(ended["output"], "[1,3]", "{ended}");
    }
}

#[tokio::test]
async fn so_many_children_run_at_a_time_as_the_map_says_and_may_be_told_otherwise() {
    let house = House::new();
    let machine = house.machine("machine", &map("STANDARD", "never", &json!({ "MaxConcurrency": 2 }))).await;
    let execution = house.start(&machine, json!([1, 2, 3, 4, 5])).await;
    let run = house.until(&execution, 2).await;
    assert_eq!((&run["maxConcurrency"], &run["executionCounts"]["total"]), (&json!(2), &json!(2)));
    house.call("UpdateMapRun", json!({ "mapRunArn": run["mapRunArn"], "maxConcurrency": 4 })).await;
    house.until(&execution, 4).await;
    assert_eq!(house.refused("UpdateMapRun", json!({ "mapRunArn": run["mapRunArn"] })).await, "ValidationException");
}

#[tokio::test]
async fn stopping_the_execution_stops_the_map_run_and_its_children() {
    let house = House::new();
    let machine = house.machine("machine", &map("STANDARD", "never", &json!({}))).await;
    let execution = house.start(&machine, json!([1, 2, 3])).await;
    let run = house.until(&execution, 3).await;
    house.call("StopExecution", json!({ "executionArn": execution })).await;
    let stopped = house.until(&execution, 0).await;
    assert_eq!((&stopped["status"], &stopped["executionCounts"]["aborted"]), (&json!("ABORTED"), &json!(3)));
    for child in house.children(&run).await {
        assert_eq!((&child["status"], child.get("stopDate").is_some()), (&json!("ABORTED"), true));
    }
    let ends = ["MapStateStarted", "MapRunStarted", "MapRunAborted", "ExecutionAborted"];
    let history = house.history(&execution).await;
    assert!(kinds(&history).ends_with(&ends), "{history:?}");
    assert_eq!(lines(&history)[3..], ["4 MapRunStarted 3", "5 MapRunAborted 4", "6 ExecutionAborted 5"]);
}

#[tokio::test]
async fn a_map_run_beside_a_branch_that_fails_is_aborted_before_the_state_fails() {
    let house = House::new();
    let fails = json!({ "StartAt": "W", "States": { "W": { "Type": "Wait", "Seconds": 1, "Next": "F" },
        "F": { "Type": "Fail", "Error": "Bad" } } });
    let parallel = json!({ "Type": "Parallel", "Branches": [map("STANDARD", "never", &json!({})), fails],
        "Catch": [{ "ErrorEquals": ["Bad"], "Next": "Caught" }], "End": true });
    let definition = json!({ "StartAt": "Both", "States": { "Both": parallel, "Caught": { "Type": "Succeed" } } });
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!([1, 2])).await;
    assert_eq!(house.ended(&execution).await["status"], "SUCCEEDED");
    assert_eq!(house.until(&execution, 0).await["status"], "ABORTED");
    let history = house.history(&execution).await;
    let ends = ["FailStateEntered", "MapRunAborted", "ParallelStateFailed", "ParallelStateExited"];
    let at = kinds(&history).iter().position(|kind| *kind == ends[0]).unwrap();
    assert_eq!(kinds(&history)[at..at + 4], ends, "{history:?}");
}

#[tokio::test]
async fn what_cannot_be_read_or_written_fails_by_its_own_name() {
    let house = House::new();
    house.put("orders", "bad.json", "[1, 2");
    let writer = json!({ "Resource": "arn:aws:states:::s3:putObject", "Parameters": { "Bucket": "../x" } });
    for (at, (more, error)) in [
        (json!({ "ItemReader": reader("missing.json", &json!({ "InputType": "JSON" })) }), "States.ItemReaderFailed"),
        (json!({ "ItemReader": reader("bad.json", &json!({ "InputType": "JSON" })) }), "States.ItemReaderFailed"),
        (json!({ "ItemReader": reader("../../x", &json!({ "InputType": "JSON" })) }), "States.ItemReaderFailed"),
        (json!({ "ItemReader": reader("bad.json", &json!({ "InputType": "PARQUET" })) }), "States.ItemReaderFailed"),
        (json!({ "ResultWriter": writer }), "States.ResultWriterFailed"),
        (json!({ "ItemSelector": { "x.$": "$.missing" } }), "States.Runtime"),
    ]
    .into_iter()
    .enumerate()
    {
        let machine = house.machine(&format!("m{at}"), &map("EXPRESS", "echo", &more)).await;
        let execution = house.start(&machine, json!([1])).await;
        let ended = house.ended(&execution).await;
        assert_eq!((&ended["status"], &ended["error"]), (&json!("FAILED"), &json!(error)), "{more}: {ended}");
    }
}

#[tokio::test]
async fn a_redrive_begins_the_children_again_that_did_not_succeed() {
    for kind in ["STANDARD", "EXPRESS"] {
        let house = House::new();
        let inner = json!({ "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": kind }, "StartAt": "Which",
            "States": { "Which": { "Type": "Choice", "Default": "Good",
                    "Choices": [{ "Variable": "$", "NumericEquals": 2, "Next": "Bad" }] },
                "Good": { "Type": "Task", "Resource": function("add-one"), "End": true },
                "Bad": { "Type": "Task", "Resource": function("broken"), "End": true } } });
        let more = json!({ "ItemProcessor": inner, "MaxConcurrency": 1 });
        let machine = house.machine("machine", &map(kind, "echo", &more)).await;
        let execution = house.start(&machine, json!([1, 2, 3])).await;
        assert_eq!(house.ended(&execution).await["error"], "States.ExceedToleratedFailureThreshold");
        let before = house.map_run(&execution).await;
        let failed = house.children(&before).await.into_iter().find(|child| child["status"] == "FAILED").unwrap();
        if kind == "STANDARD" {
            let body = json!({ "executionArn": failed["executionArn"] });
            assert_eq!(house.refused("RedriveExecution", body).await, "ExecutionNotRedrivable");
            let child = house.describe(failed["executionArn"].as_str().unwrap()).await;
            assert_eq!(child["redriveStatus"], "REDRIVABLE_BY_MAP_RUN");
        }
        house.desk.is_mended.store(true, Ordering::SeqCst);
        let jobs = house.desk.jobs.load(Ordering::SeqCst);
        house.call("RedriveExecution", json!({ "executionArn": execution })).await;
        assert_eq!(house.ended(&execution).await["output"], "[2,2,4]", "{kind}");
        let run = house.map_run(&execution).await;
        assert_eq!((&run["mapRunArn"], &run["redriveCount"]), (&before["mapRunArn"], &json!(1)));
        assert_eq!(house.desk.jobs.load(Ordering::SeqCst) - jobs, 2, "the second again, and the third");
        let history = house.history(&execution).await;
        assert!(kinds(&history).contains(&"MapRunRedriven"), "{history:?}");
    }
}

#[tokio::test]
async fn children_that_are_still_to_be_begun_again_are_told_apart() {
    let house = House::new();
    let inner = json!({ "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" }, "StartAt": "First",
        "States": { "First": { "Type": "Task", "Resource": function("broken"), "Next": "Then" },
            "Then": { "Type": "Task", "Resource": function("never"), "End": true } } });
    let more = json!({ "ItemProcessor": inner, "ToleratedFailureCount": 2, "MaxConcurrency": 1 });
    let machine = house.machine("machine", &map("STANDARD", "echo", &more)).await;
    let execution = house.start(&machine, json!([1, 2, 3])).await;
    assert_eq!(house.ended(&execution).await["status"], "FAILED");
    let before = house.map_run(&execution).await;
    assert_eq!(
        (&before["executionCounts"]["failed"], &before["executionCounts"]["pendingRedrive"]),
        (&json!(3), &json!(0))
    );
    house.desk.is_mended.store(true, Ordering::SeqCst);
    house.call("RedriveExecution", json!({ "executionArn": execution })).await;
    // One runs, and never ends; the others wait for it.
    let run = house.until(&execution, 1).await;
    let counts = &run["executionCounts"];
    assert_eq!((&counts["pendingRedrive"], &counts["failed"], &counts["total"]), (&json!(2), &json!(0), &json!(3)));
    assert_eq!(run["itemCounts"]["pendingRedrive"], 2);
    let of = |status: &str| json!({ "mapRunArn": run["mapRunArn"], "statusFilter": status });
    let waiting = house.call("ListExecutions", of("PENDING_REDRIVE")).await;
    let waiting = waiting["executions"].as_array().unwrap();
    assert!(waiting.len() == 2 && waiting.iter().all(|one| one["status"] == "PENDING_REDRIVE"), "{waiting:?}");
    assert_eq!(house.call("ListExecutions", of("FAILED")).await["executions"], json!([]));
    let child = house.describe(waiting[0]["executionArn"].as_str().unwrap()).await;
    assert_eq!((&child["status"], &child["redriveStatus"]), (&json!("PENDING_REDRIVE"), &json!("NOT_REDRIVABLE")));
    // Given up before their turn, they are what they were.
    house.call("StopExecution", json!({ "executionArn": execution })).await;
    let counts = house.until(&execution, 0).await["executionCounts"].clone();
    assert_eq!((&counts["pendingRedrive"], &counts["failed"], &counts["aborted"]), (&json!(0), &json!(2), &json!(1)));
}

#[tokio::test]
async fn a_crash_after_any_commit_of_a_map_run_changes_neither_the_result_nor_the_children() {
    let definition = map(
        "STANDARD",
        "add-one",
        &json!({ "MaxConcurrency": 2, "ItemBatcher": { "MaxItemsPerBatch": 1 },
        "ItemProcessor": { "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" }, "StartAt": "Work",
            "States": { "Work": { "Type": "Task", "Resource": function("add-one"), "InputPath": "$.Items[0]", "End": true } } } }),
    );
    let mut cuts = 0;
    for steps in 0.. {
        let house = House::new().reopened_with(Settings { dies_after: Some(steps), ..Settings::default() }).await;
        let machine = house.machine("machine", &definition).await;
        let execution = house.start(&machine, json!([1, 2, 3])).await;
        while house.describe(&execution).await["status"] == "RUNNING" && !house.workflows.is_dead() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let was_cut = house.workflows.is_dead();
        let house = house.reopened().await;
        let ended = house.ended(&execution).await;
        assert_eq!(ended["output"], "[2,3,4]", "cut after {steps} steps: {ended}");
        assert_eq!(kinds(&house.history(&execution).await).len(), 8);
        let run = house.map_run(&execution).await;
        let mut inputs = BTreeMap::new();
        for child in house.children(&run).await {
            let child = house.describe(child["executionArn"].as_str().unwrap()).await;
            *inputs.entry(text(&child, "input")).or_insert(0) += 1;
        }
        let once: BTreeMap<_, _> = (1..=3).map(|item| (json!({ "Items": [item] }).to_string(), 1)).collect();
        assert_eq!(inputs, once, "cut after {steps} steps");
        if !was_cut {
            break;
        }
        cuts += 1;
    }
    assert!(cuts > 10, "only {cuts} cuts");
}
