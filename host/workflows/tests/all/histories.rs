//! Histories, event by event, as Step Functions records them.

use serde_json::json;

use crate::house::{House, function, lines};

#[tokio::test]
async fn a_task_that_is_retried_and_caught_has_the_history_of_step_functions() {
    let house = House::new();
    let definition = json!({ "StartAt": "Try", "States": {
        "Try": { "Type": "Task", "Resource": function("fail"),
            "Retry": [{ "ErrorEquals": ["Broken"], "IntervalSeconds": 1, "MaxAttempts": 1 }],
            "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Mend" }], "Next": "Mend" },
        "Mend": { "Type": "Pass", "End": true } } });
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!({})).await;
    house.ended(&execution).await;
    let events = house.history(&execution).await;
    assert_eq!(
        lines(&events),
        [
            "1 ExecutionStarted 0",
            "2 TaskStateEntered 0",
            "3 LambdaFunctionScheduled 2",
            "4 LambdaFunctionStarted 3",
            "5 LambdaFunctionFailed 4",
            "6 LambdaFunctionScheduled 5",
            "7 LambdaFunctionStarted 6",
            "8 LambdaFunctionFailed 7",
            "9 TaskStateExited 8",
            "10 PassStateEntered 9",
            "11 PassStateExited 10",
            "12 ExecutionSucceeded 11",
        ]
    );
    assert_eq!(events[4]["lambdaFunctionFailedEventDetails"], json!({ "error": "Broken", "cause": "it is broken" }));
    assert_eq!(events[8]["stateExitedEventDetails"]["name"], "Try");
    let output = events[11]["executionSucceededEventDetails"]["output"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(output).unwrap()["Error"], "Broken");
}

#[tokio::test]
async fn branches_follow_from_the_start_of_their_state() {
    let house = House::new();
    let branch = |name: &str| json!({ "StartAt": name, "States": { name: { "Type": "Pass", "End": true } } });
    let definition = json!({ "StartAt": "Both", "States": {
        "Both": { "Type": "Parallel", "Branches": [branch("One"), branch("Two")], "End": true } } });
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!({ "a": 1 })).await;
    house.ended(&execution).await;
    assert_eq!(
        lines(&house.history(&execution).await),
        [
            "1 ExecutionStarted 0",
            "2 ParallelStateEntered 0",
            "3 ParallelStateStarted 2",
            "4 PassStateEntered 3",
            "5 PassStateExited 4",
            "6 PassStateEntered 3",
            "7 PassStateExited 6",
            "8 ParallelStateSucceeded 7",
            "9 ParallelStateExited 8",
            "10 ExecutionSucceeded 9",
        ]
    );
}

#[tokio::test]
async fn iterations_have_events_of_their_own() {
    let house = House::new();
    let definition = json!({ "StartAt": "Each", "States": { "Each": { "Type": "Map", "MaxConcurrency": 1,
        "ItemProcessor": { "StartAt": "Work", "States": {
            "Work": { "Type": "Task", "Resource": function("echo"), "End": true } } }, "End": true } } });
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!(["a", "b"])).await;
    let ended = house.ended(&execution).await;
    assert_eq!(ended["output"], "[\"a\",\"b\"]");
    let events = house.history(&execution).await;
    assert_eq!(
        lines(&events),
        [
            "1 ExecutionStarted 0",
            "2 MapStateEntered 0",
            "3 MapStateStarted 2",
            "4 MapIterationStarted 3",
            "5 TaskStateEntered 4",
            "6 LambdaFunctionScheduled 5",
            "7 LambdaFunctionStarted 6",
            "8 LambdaFunctionSucceeded 7",
            "9 TaskStateExited 8",
            "10 MapIterationSucceeded 9",
            "11 MapIterationStarted 3",
            "12 TaskStateEntered 11",
            "13 LambdaFunctionScheduled 12",
            "14 LambdaFunctionStarted 13",
            "15 LambdaFunctionSucceeded 14",
            "16 TaskStateExited 15",
            "17 MapIterationSucceeded 16",
            "18 MapStateSucceeded 17",
            "19 MapStateExited 18",
            "20 ExecutionSucceeded 19",
        ]
    );
    assert_eq!(events[2]["mapStateStartedEventDetails"], json!({ "length": 2 }));
    assert_eq!(events[10]["mapIterationStartedEventDetails"], json!({ "name": "Each", "index": 1 }));
}

#[tokio::test]
async fn a_map_without_items_starts_and_succeeds() {
    let house = House::new();
    let definition = json!({ "StartAt": "Each", "States": { "Each": { "Type": "Map",
        "ItemProcessor": { "StartAt": "Work", "States": { "Work": { "Type": "Pass", "End": true } } }, "End": true } } });
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!([])).await;
    house.ended(&execution).await;
    assert_eq!(
        lines(&house.history(&execution).await),
        [
            "1 ExecutionStarted 0",
            "2 MapStateEntered 0",
            "3 MapStateStarted 2",
            "4 MapStateSucceeded 3",
            "5 MapStateExited 4",
            "6 ExecutionSucceeded 5",
        ]
    );
}

#[tokio::test]
async fn a_failing_iteration_fails_its_map_and_the_execution() {
    let house = House::new();
    let definition = json!({ "StartAt": "Each", "States": { "Each": { "Type": "Map",
        "ItemProcessor": { "StartAt": "Work", "States": {
            "Work": { "Type": "Task", "Resource": function("fail"), "End": true } } }, "End": true } } });
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!([1])).await;
    let ended = house.ended(&execution).await;
    assert_eq!((&ended["status"], &ended["error"]), (&json!("FAILED"), &json!("Broken")));
    let lines = lines(&house.history(&execution).await);
    assert_eq!(
        &lines[7..],
        ["8 LambdaFunctionFailed 7", "9 MapIterationFailed 8", "10 MapStateFailed 9", "11 ExecutionFailed 10"]
    );
}

#[tokio::test]
async fn variables_and_failed_expressions_are_told() {
    let house = House::new();
    let definition = json!({ "QueryLanguage": "JSONata", "StartAt": "Set", "States": {
        "Set": { "Type": "Pass", "Assign": { "total": "{% 1 + 2 %}" }, "Next": "Break" },
        "Break": { "Type": "Pass", "Output": "{% $number('x') %}", "End": true } } });
    let machine = house.machine("machine", &definition).await;
    let execution = house.start(&machine, json!({})).await;
    assert_eq!(house.ended(&execution).await["error"], "States.QueryEvaluationError");
    let events = house.history(&execution).await;
    assert_eq!(
        lines(&events),
        [
            "1 ExecutionStarted 0",
            "2 PassStateEntered 0",
            "3 PassStateExited 2",
            "4 PassStateEntered 3",
            "5 EvaluationFailed 4",
            "6 ExecutionFailed 5",
        ]
    );
    assert_eq!(events[2]["stateExitedEventDetails"]["assignedVariables"], json!({ "total": "3" }));
    assert_eq!(events[4]["evaluationFailedEventDetails"]["state"], "Break");
}

#[tokio::test]
async fn pages_and_reverse_order_show_the_same_events() {
    let house = House::new();
    let states: serde_json::Map<String, serde_json::Value> = (0..10)
        .map(|at| {
            let next = if at == 9 {
                json!({ "Type": "Succeed" })
            } else {
                json!({ "Type": "Pass", "Next": format!("S{}", at + 1) })
            };
            (format!("S{at}"), next)
        })
        .collect();
    let machine = house.machine("machine", &json!({ "StartAt": "S0", "States": states })).await;
    let execution = house.start(&machine, json!({ "secret": 1 })).await;
    house.ended(&execution).await;
    let whole = lines(&house.history(&execution).await);
    for reverse in [false, true] {
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let body = json!({ "executionArn": execution, "maxResults": 7, "reverseOrder": reverse, "nextToken": token,
                "includeExecutionData": false });
            let page = house.call("GetExecutionHistory", body).await;
            assert!(!page.to_string().contains("secret"), "{page}");
            seen.extend(page["events"].as_array().unwrap().clone());
            token = page["nextToken"].as_str().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        if reverse {
            seen.reverse();
        }
        assert_eq!(lines(&seen), whole);
    }
    let other = json!({ "executionArn": execution, "nextToken": "abc" });
    assert_eq!(house.refused("GetExecutionHistory", other).await, "InvalidToken");
}
