//! What only standard machines may have.

use asl::{DiagnosticCode, MachineKind, Severity, StateMachine};
use serde_json::{Value, json};

fn task(resource: &str) -> Value {
    json!({"Type": "Task", "Resource": resource, "End": true,
        "Parameters": {"token.$": "$$.Task.Token", "StateMachineArn": "a"}})
}

fn machine(state: &Value) -> String {
    json!({"StartAt": "A", "States": {"A": state}}).to_string()
}

fn map(config: &Value, inner: &Value) -> Value {
    json!({"Type": "Map", "End": true,
        "ItemProcessor": {"ProcessorConfig": config, "StartAt": "I", "States": {"I": inner}}})
}

/// The pointers of what a definition is refused for.
fn refused(text: &str, kind: MachineKind) -> Vec<String> {
    let Err(findings) = StateMachine::read(text, kind) else { return Vec::new() };
    let errors = findings.into_iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| finding.pointer).collect()
}

#[test]
fn an_express_machine_waits_for_nothing_that_answers_later() {
    for resource in [
        "arn:aws:states:::states:startExecution.sync",
        "arn:aws:states:::states:startExecution.sync:2",
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "arn:aws:states:eu-central-1:123456789012:activity:approve",
    ] {
        let text = machine(&task(resource));
        assert_eq!(refused(&text, MachineKind::Express), ["/States/A/Resource"], "{resource}");
        assert_eq!(refused(&text, MachineKind::Standard), [""; 0], "{resource}");
    }
    for resource in ["arn:aws:states:::lambda:invoke", "component:a", "arn:aws:lambda:r:1:function:a.sync-not"] {
        assert_eq!(refused(&machine(&task(resource)), MachineKind::Express), [""; 0], "{resource}");
    }
}

#[test]
fn an_express_machine_has_no_distributed_map() {
    let config = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    let text = machine(&map(&config, &json!({"Type": "Succeed"})));
    assert_eq!(refused(&text, MachineKind::Express), ["/States/A/ItemProcessor"]);
    assert_eq!(refused(&text, MachineKind::Standard), [""; 0]);
    let inline = machine(&map(&json!({"Mode": "INLINE"}), &json!({"Type": "Succeed"})));
    assert_eq!(refused(&inline, MachineKind::Express), [""; 0]);
}

#[test]
fn what_is_inside_of_branches_and_iterations_counts_too() {
    let job = task("arn:aws:states:::states:startExecution.sync");
    let parallel = json!({"Type": "Parallel", "End": true, "Branches": [{"StartAt": "B", "States": {"B": job}}]});
    assert_eq!(refused(&machine(&parallel), MachineKind::Express), ["/States/A/Branches/0/States/B/Resource"]);
    let inline = map(&json!({"Mode": "INLINE"}), &job);
    assert_eq!(refused(&machine(&inline), MachineKind::Express), ["/States/A/ItemProcessor/States/I/Resource"]);
}

#[test]
fn the_children_of_a_distributed_map_are_machines_of_their_own_kind() {
    let job = task("arn:aws:states:::states:startExecution.sync");
    let children = |kind: &str| map(&json!({"Mode": "DISTRIBUTED", "ExecutionType": kind}), &job);
    let express = machine(&children("EXPRESS"));
    assert_eq!(refused(&express, MachineKind::Standard), ["/States/A/ItemProcessor/States/I/Resource"]);
    assert_eq!(refused(&machine(&children("STANDARD")), MachineKind::Standard), [""; 0]);
    // The kind of the children ends with them.
    let mut after: Value = serde_json::from_str(&machine(&children("STANDARD"))).unwrap();
    after["States"]["A"]["Next"] = json!("Z");
    after["States"]["A"].as_object_mut().unwrap().shift_remove("End");
    after["States"]["Z"] = task("arn:aws:states:::states:startExecution.sync");
    assert_eq!(refused(&after.to_string(), MachineKind::Standard), [""; 0]);
    after["States"]["A"]["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = json!("EXPRESS");
    assert_eq!(
        refused(&after.to_string(), MachineKind::Standard),
        ["/States/A/ItemProcessor/States/I/Resource"],
        "the task after the Map is one of the standard machine"
    );
}

#[test]
fn a_finding_has_its_code_its_place_and_a_sentence() {
    let text = "StartAt: A\nStates:\n  A:\n    Type: Task\n    Resource: 'arn:aws:states:::x:y.sync'\n    End: true\n";
    let findings = StateMachine::read(text, MachineKind::Express).unwrap_err();
    let [finding] = &*findings else { panic!("{findings:?}") };
    assert_eq!((finding.code, finding.line, finding.column), (DiagnosticCode::SchemaValidationFailed, 5, 5));
    assert_eq!(
        finding.message,
        "An express machine does not wait for the end of a job: remove '.sync', or make the machine a standard one."
    );
}
