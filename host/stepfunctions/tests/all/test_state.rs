//! One state tried out by itself.

use serde_json::{Value, json};
use stepfunctions::{TestState, TestStateError};
use types::Timestamp;

/// What a request comes to; texts of JSON in it are read.
fn answer(request: &Value) -> Value {
    let request: TestState = serde_json::from_value(request.clone()).unwrap();
    let answer = request.run(Timestamp::from_micros(0), 7).unwrap_or_else(|error| panic!("{error:?}"));
    let mut answer = serde_json::to_value(answer).unwrap();
    read(&mut answer, &["output"]);
    if let Some(data) = answer.get_mut("inspectionData") {
        let names: Vec<String> = data.as_object().unwrap().keys().cloned().collect();
        read(data, &names.iter().map(String::as_str).collect::<Vec<_>>());
    }
    answer
}

fn read(object: &mut Value, names: &[&str]) {
    for name in names {
        if let Some(value) = object.get_mut(*name)
            && let Some(text) = value.as_str()
        {
            *value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{name} is {text}: {error}"));
        }
    }
}

fn refused(request: &Value) -> TestStateError {
    let request: TestState = serde_json::from_value(request.clone()).unwrap();
    request.run(Timestamp::from_micros(0), 7).expect_err("the request is refused")
}

/// A request about one state.
fn about(state: &Value, input: &Value, more: &Value) -> Value {
    let mut request = json!({"definition": state.to_string(), "input": input.to_string()});
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

fn task() -> Value {
    json!({
        "Type": "Task", "Resource": "component:pay", "InputPath": "$.order", "Parameters": {"sum.$": "$.sum"},
        "ResultSelector": {"id.$": "$.receipt"}, "ResultPath": "$.paid", "OutputPath": "$.paid", "Next": "Ship",
        "Assign": {"receipt.$": "$.receipt"},
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 3, "MaxAttempts": 2, "BackoffRate": 2.0}],
        "Catch": [{"ErrorEquals": ["Other"], "Next": "Never"}, {"ErrorEquals": ["States.ALL"], "ResultPath": "$.why", "Next": "Refund"}],
    })
}

#[test]
fn a_task_with_a_mocked_result_goes_on_with_its_output() {
    let mock = json!({"mock": {"result": r#"{"receipt": 7, "more": 1}"#}, "inspectionLevel": "DEBUG"});
    let input = json!({"order": {"sum": 5}});
    assert_eq!(
        answer(&about(&task(), &input, &mock)),
        json!({
            "status": "SUCCEEDED", "nextState": "Ship", "output": {"id": 7},
            "inspectionData": {
                "input": input, "afterInputPath": {"sum": 5}, "afterParameters": {"sum": 5},
                "result": {"receipt": 7, "more": 1}, "afterResultSelector": {"id": 7},
                "afterResultPath": {"order": {"sum": 5}, "paid": {"id": 7}},
                "variables": {"receipt": 7},
            },
        })
    );
    let info = answer(&about(&task(), &input, &json!({"mock": {"result": r#"{"receipt": 7}"#}})));
    assert_eq!(info, json!({"status": "SUCCEEDED", "nextState": "Ship", "output": {"id": 7}}), "INFO has no more");
}

#[test]
fn a_retrier_with_tries_left_makes_an_error_retriable() {
    let mocked = |count: u32| {
        let more = json!({"mock": {"errorOutput": {"error": "Busy", "cause": "full"}}, "inspectionLevel": "DEBUG",
            "stateConfiguration": {"retrierRetryCount": count}});
        answer(&about(&task(), &json!({"order": {"sum": 5}}), &more))
    };
    let first = mocked(0);
    assert_eq!(
        (&first["status"], &first["error"], &first["cause"]),
        (&json!("RETRIABLE"), &json!("Busy"), &json!("full"))
    );
    assert_eq!(first["output"], Value::Null);
    assert_eq!(first["inspectionData"]["errorDetails"], json!({"retryIndex": 0, "retryBackoffIntervalSeconds": 3}));
    assert_eq!(mocked(1)["inspectionData"]["errorDetails"], json!({"retryIndex": 0, "retryBackoffIntervalSeconds": 6}));
    // Two are all that it has: the Catcher takes it, and the error goes into the raw input.
    let last = mocked(2);
    assert_eq!((&last["status"], &last["nextState"]), (&json!("CAUGHT_ERROR"), &json!("Refund")));
    assert_eq!(last["output"], json!({"order": {"sum": 5}, "why": {"Error": "Busy", "Cause": "full"}}));
    assert_eq!(last["error"], "Busy");
    assert_eq!(last["inspectionData"]["errorDetails"], json!({"catchIndex": 1}));
}

#[test]
fn an_error_that_nothing_takes_fails_the_state() {
    let mut state = task();
    state.as_object_mut().unwrap().shift_remove("Catch");
    let mock = json!({"mock": {"errorOutput": {"error": "Strange", "cause": "why"}}});
    let failed = answer(&about(&state, &json!({"order": {"sum": 5}}), &mock));
    assert_eq!(failed, json!({"status": "FAILED", "error": "Strange", "cause": "why"}));
    // Bad data is an answer too, and its stages show how far it came.
    let mock = json!({"mock": {"result": "{}"}, "inspectionLevel": "TRACE"});
    let failed = answer(&about(&state, &json!({"order": {}}), &mock));
    assert_eq!((&failed["status"], &failed["error"]), (&json!("FAILED"), &json!("States.Runtime")));
    let data = failed["inspectionData"].as_object().unwrap();
    assert_eq!(data.keys().collect::<Vec<_>>(), ["input", "afterInputPath", "variables"]);
}

#[test]
fn states_without_work_need_no_mock() {
    let request = |state: Value, input: Value| answer(&about(&state, &input, &json!({})));
    let choice = json!({"Type": "Choice", "Default": "Small",
        "Choices": [{"Variable": "$.n", "NumericGreaterThan": 9, "Next": "Large"}]});
    assert_eq!(request(choice.clone(), json!({"n": 10}))["nextState"], "Large");
    assert_eq!(request(choice.clone(), json!({"n": 1}))["nextState"], "Small");
    assert_eq!(request(choice, json!({}))["error"], "States.Runtime");
    let wait = json!({"Type": "Wait", "SecondsPath": "$.s", "OutputPath": "$.s", "Next": "On"});
    assert_eq!(request(wait, json!({"s": 3600})), json!({"status": "SUCCEEDED", "nextState": "On", "output": 3600}));
    assert_eq!(request(json!({"Type": "Succeed"}), json!([1])), json!({"status": "SUCCEEDED", "output": [1]}));
    let fail = json!({"Type": "Fail", "Error": "E", "CausePath": "$.why"});
    assert_eq!(request(fail, json!({"why": "so"})), json!({"status": "FAILED", "error": "E", "cause": "so"}));
}

#[test]
fn a_pass_shows_its_stages() {
    let pass = json!({"Type": "Pass", "Parameters": {"a.$": "$.x"}, "ResultPath": "$.y", "End": true});
    let shown = answer(&about(&pass, &json!({"x": 1}), &json!({"inspectionLevel": "DEBUG"})));
    assert_eq!(
        shown["inspectionData"],
        json!({"input": {"x": 1}, "afterInputPath": {"x": 1}, "afterParameters": {"a": 1}, "result": {"a": 1},
            "afterResultPath": {"x": 1, "y": {"a": 1}}, "variables": {}})
    );
    assert_eq!((&shown["output"], shown.get("nextState")), (&json!({"x": 1, "y": {"a": 1}}), None));
}

#[test]
fn a_state_in_jsonata_sees_variables_and_the_context_object() {
    let state = json!({
        "Type": "Task", "QueryLanguage": "JSONata", "Resource": "component:pay", "End": true,
        "Arguments": {"n": "{% $count + 1 %}", "run": "{% $states.context.Execution.Name %}"},
        "Output": {"at": "{% $states.context.Map.Item.Index %}", "r": "{% $states.result %}"},
        "Assign": {"count": "{% $count + 1 %}"},
    });
    let more = json!({
        "variables": r#"{"count": 4}"#, "mock": {"result": "[1]"}, "inspectionLevel": "DEBUG",
        "context": r#"{"Execution": {"Name": "mine"}, "Map": {"Item": {"Index": 3, "Value": "v"}}}"#,
    });
    assert_eq!(
        answer(&about(&state, &json!({"x": 1}), &more)),
        json!({
            "status": "SUCCEEDED", "output": {"at": 3, "r": [1]},
            "inspectionData": {"input": {"x": 1}, "afterArguments": {"n": 5, "run": "mine"}, "result": [1],
                "variables": {"count": 5}},
        })
    );
}

#[test]
fn the_context_object_gives_a_path_its_documents() {
    let state = json!({"Type": "Task", "Resource": "r", "End": true, "Parameters":
        {"input.$": "$$.Execution.Input.a", "item.$": "$$.Map.Item.Value", "all.$": "$$.State.RetryCount"}});
    let context = r#"{"Execution": {"Input": {"a": 1}}, "Map": {"Item": {"Value": "v"}}, "State": {"RetryCount": 2}}"#;
    let more = json!({"mock": {"result": "0"}, "context": context, "inspectionLevel": "DEBUG"});
    let shown = answer(&about(&state, &json!({}), &more));
    assert_eq!(shown["inspectionData"]["afterParameters"], json!({"input": 1, "item": "v", "all": 2}));
}

fn map(more: &Value) -> Value {
    let mut map = json!({"Type": "Map", "ItemsPath": "$.l", "MaxConcurrency": 2, "End": true,
        "ItemSelector": {"at.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "k.$": "$.k"},
        "ItemProcessor": {"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "End": true}}}});
    for (name, value) in more.as_object().unwrap() {
        map[name] = value.clone();
    }
    map
}

#[test]
fn a_map_shows_its_items_and_takes_the_list_that_they_come_to() {
    let more = json!({"mock": {"result": "[10, 20]"}, "inspectionLevel": "DEBUG"});
    let shown = answer(&about(&map(&json!({})), &json!({"l": ["a", "b"], "k": 0}), &more));
    assert_eq!((&shown["status"], &shown["output"]), (&json!("SUCCEEDED"), &json!([10, 20])));
    let data = &shown["inspectionData"];
    assert_eq!(data["afterItemsPath"], json!(["a", "b"]));
    assert_eq!(data["afterItemSelector"], json!([{"at": 0, "v": "a", "k": 0}, {"at": 1, "v": "b", "k": 0}]));
    assert_eq!(data["maxConcurrency"], 2);
    let failed = answer(&about(&map(&json!({})), &json!({"l": 7, "k": 0}), &more));
    assert_eq!(failed["error"], "States.Runtime", "items are a list");
}

#[test]
fn more_failed_iterations_than_are_tolerated_fail_a_distributed_map() {
    let distributed = |tolerated: Value| {
        let mut map = map(&tolerated);
        map["ItemProcessor"]["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
        map
    };
    let input = json!({"l": [1, 2, 3, 4], "k": 0});
    let failing = |map: &Value, count: u64| {
        let more = json!({"mock": {"result": "[1]"}, "stateConfiguration": {"mapIterationFailureCount": count}});
        answer(&about(map, &input, &more))["error"].clone()
    };
    let threshold = json!("States.ExceedToleratedFailureThreshold");
    assert_eq!(failing(&distributed(json!({})), 0), Value::Null);
    assert_eq!(failing(&distributed(json!({})), 1), threshold, "none are tolerated by default");
    let two = distributed(json!({"ToleratedFailureCount": 2}));
    assert_eq!((failing(&two, 2), failing(&two, 3)), (Value::Null, threshold.clone()));
    let half = distributed(json!({"ToleratedFailurePercentage": 50}));
    assert_eq!((failing(&half, 2), failing(&half, 3)), (Value::Null, threshold));
    let more = json!({"mock": {"result": "[1]"}, "stateConfiguration": {"mapIterationFailureCount": 5}});
    assert!(refused(&about(&two, &input, &more)).to_string().contains("more than the Map has items"));
}

#[test]
fn a_reader_gives_the_items_that_are_said() {
    let reader = json!({"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"},
        "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/rows"}});
    let mut map = map(&json!({"ItemReader": reader}));
    map.as_object_mut().unwrap().shift_remove("ItemsPath");
    map["ItemProcessor"]["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"});
    let more = json!({"mock": {"result": "[]"}, "inspectionLevel": "DEBUG",
        "stateConfiguration": {"mapItemReaderData": r#"{"rows": [5]}"#}});
    let data = answer(&about(&map, &json!({"k": 1}), &more))["inspectionData"].clone();
    assert_eq!(data["afterItemsPointer"], json!([5]));
    assert_eq!(data["afterItemSelector"], json!([{"at": 0, "v": 5, "k": 1}]));
}

#[test]
fn a_state_of_a_whole_definition_is_named_inside_of_branches_too() {
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Parallel", "Next": "Z", "Branches": [
        {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "r", "Next": "C"}, "C": {"Type": "Succeed"}}}]},
        "Z": {"Type": "Succeed"}}});
    let request = |name: &str, more: Value| {
        let mut request = about(&definition, &json!({}), &more);
        request["stateName"] = json!(name);
        request
    };
    let inner = answer(&request("B", json!({"mock": {"result": "1"}})));
    assert_eq!(inner, json!({"status": "SUCCEEDED", "nextState": "C", "output": 1}));
    let outer = answer(&request(
        "P",
        json!({"mock": {"errorOutput": {"error": "E", "cause": ""}},
        "stateConfiguration": {"errorCausedByState": "B"}}),
    ));
    assert_eq!(outer["error"], "E");
    let elsewhere = request(
        "P",
        json!({"mock": {"errorOutput": {"error": "E"}},
        "stateConfiguration": {"errorCausedByState": "Z"}}),
    );
    assert!(refused(&elsewhere).to_string().contains("no state 'Z' inside"));
    assert!(refused(&request("Gone", json!({}))).to_string().contains("no state 'Gone'"));
    assert!(refused(&about(&definition, &json!({}), &json!({}))).to_string().contains("stateName"));
}

#[test]
fn a_mock_is_held_against_what_the_work_gives() {
    let checked = |state: &Value, result: Value, mode: &str| {
        let more = json!({"mock": {"result": result.to_string(), "fieldValidationMode": mode}});
        let request: TestState = serde_json::from_value(about(state, &json!({"l": [], "k": 0}), &more)).unwrap();
        request.run(Timestamp::from_micros(0), 7).map(|answer| answer.status).map_err(|error| error.to_string())
    };
    let http = json!({"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": true,
        "Parameters": {"ApiEndpoint": "https://a", "Method": "GET"}});
    let whole = json!({"Headers": {}, "ResponseBody": 1, "StatusCode": 200, "StatusText": "OK"});
    assert!(checked(&http, whole, "STRICT").is_ok());
    let partial = json!({"StatusCode": 200});
    assert_eq!(checked(&http, partial.clone(), "STRICT").unwrap_err(), "The mocked result must have 'Headers'.");
    assert!(checked(&http, partial, "PRESENT").is_ok());
    let wrong = json!({"StatusCode": "200"});
    assert_eq!(
        checked(&http, wrong.clone(), "PRESENT").unwrap_err(),
        "'StatusCode' of the mocked result must be a number."
    );
    assert!(checked(&http, wrong, "NONE").is_ok());
    let branch = json!({"StartAt": "B", "States": {"B": {"Type": "Pass", "End": true}}});
    let parallel = json!({"Type": "Parallel", "Branches": [branch], "End": true});
    assert!(checked(&parallel, json!([1]), "STRICT").is_ok());
    assert!(checked(&parallel, json!([1, 2]), "STRICT").unwrap_err().contains("1 items"));
    assert!(checked(&parallel, json!([1, 2]), "PRESENT").is_ok());
    assert!(checked(&parallel, json!({}), "PRESENT").unwrap_err().contains("array"));
    assert!(checked(&map(&json!({})), json!({}), "STRICT").unwrap_err().contains("array"));
    assert!(checked(&map(&json!({})), json!({}), "NONE").is_ok());
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let pass = json!({"Type": "Pass", "End": true});
    let mock = json!({"result": "1"});
    let error = json!({"errorOutput": {"error": "E"}});
    for (state, more) in [
        (task(), json!({})),
        (pass.clone(), json!({"mock": mock})),
        (task(), json!({"mock": {}})),
        (task(), json!({"mock": {"result": "1", "errorOutput": {}}})),
        (task(), json!({"mock": {"result": "{"}})),
        (task(), json!({"mock": {"errorOutput": {}, "fieldValidationMode": "NONE"}})),
        (pass.clone(), json!({"context": "{}"})),
        (pass.clone(), json!({"stateConfiguration": {"retrierRetryCount": 1}})),
        (task(), json!({"mock": mock, "context": "[]"})),
        (task(), json!({"mock": mock, "stateConfiguration": {"retrierRetryCount": 1}})),
        (
            json!({"Type": "Task", "Resource": "r", "End": true}),
            json!({"mock": error, "stateConfiguration": {"retrierRetryCount": 1}}),
        ),
        (task(), json!({"mock": mock, "stateConfiguration": {"mapIterationFailureCount": 1}})),
        (task(), json!({"mock": mock, "stateConfiguration": {"mapItemReaderData": "[]"}})),
        (task(), json!({"mock": error, "stateConfiguration": {"errorCausedByState": "X"}})),
        (pass.clone(), json!({"variables": "[1]"})),
        (pass.clone(), json!({"variables": r#"{"states": 1}"#})),
    ] {
        let refused = refused(&about(&state, &json!({}), &more));
        assert_eq!(refused.code(), "ValidationException", "{state} {more}: {refused}");
    }
    let mut request = about(&pass, &json!({}), &json!({}));
    request["input"] = json!("{");
    assert_eq!(refused(&request).code(), "InvalidExecutionInput");
}

#[test]
fn a_finding_stands_where_it_does_in_the_definition_of_the_state() {
    let text = "{\n  \"Type\": \"Task\", \"Resource\": \"r\",\n  \"Retry\": [{\"ErrorEquals\": [\"E\"], \"MaxAttempts\": -1}],\n  \"Next\": \"On\"\n}";
    let found = |text: &str| match refused(&json!({"definition": text, "mock": {"result": "1"}})) {
        TestStateError::InvalidDefinition(findings) => findings,
        other => panic!("{other}"),
    };
    let findings = found(text);
    let [finding] = &*findings else { panic!("{findings:?}") };
    assert_eq!((&*finding.pointer, finding.line, finding.column), ("/Retry/0/MaxAttempts", 3, 36));
    assert_eq!(text.get(finding.offset..finding.offset + 13), Some("\"MaxAttempts\""));
    assert_eq!(found("{")[0].line, 1);
    assert_eq!(found(r#"{"Type": "Pass", "Output.$": "$.a", "End": true}"#)[0].pointer, "/Output.$");
    let reads = found(r#"{"Type": "Pass", "Parameters": {"a.$": "$x"}, "End": true}"#);
    assert!(reads[0].message.contains("variable 'x'"), "{}", reads[0]);
}
