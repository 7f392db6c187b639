use serde_json::Value;

use super::*;

/// The shipped envelope with one thing changed.
fn changed(change: impl FnOnce(&mut Value)) -> Result<Envelope, EnvelopeError> {
    let mut document: Value = serde_json::from_str(ENVELOPE).unwrap();
    change(&mut document["States"]);
    Envelope::parse(&document.to_string())
}

#[test]
fn the_envelope_that_ships_passes_its_own_checks() {
    let envelope = Envelope::parse(ENVELOPE).unwrap();
    assert!(!envelope.reads_document() && !envelope.reads_response());
}

#[test]
fn a_step_that_is_missing_is_refused() {
    let refused = changed(|states| states["Meter"] = serde_json::json!({"Type": "Pass", "Next": "Audit"}));
    assert_eq!(refused.unwrap_err(), EnvelopeError::Count { step: "meter", count: 0 });
}

#[test]
fn a_step_that_is_there_twice_is_refused() {
    let refused = changed(|states| {
        states["Again"] = states["Audit"].clone();
        states["Audit"] = serde_json::json!({"Type": "Task", "Resource": "arn:weir:step:audit", "Next": "Again"});
    });
    assert_eq!(refused.unwrap_err(), EnvelopeError::Count { step: "audit", count: 2 });
}

#[test]
fn a_step_with_a_retry_is_refused() {
    let refused = changed(|states| {
        states["Invoke"]["Retry"] = serde_json::json!([{"ErrorEquals": ["States.ALL"]}]);
    });
    assert_eq!(refused.unwrap_err(), EnvelopeError::Retry { step: "invoke" });
}

#[test]
fn a_step_inside_of_a_parallel_state_is_refused() {
    let refused = changed(|states| {
        let mut meter = states["Meter"].clone();
        meter.as_object_mut().unwrap().shift_remove("Next");
        meter["End"] = true.into();
        states["Meter"] = serde_json::json!({
            "Type": "Parallel", "Next": "Audit", "Branches": [{"StartAt": "Inner", "States": {"Inner": meter}}],
        });
    });
    assert_eq!(refused.unwrap_err(), EnvelopeError::Nested { step: "meter", state: "Meter".into() });
}

#[test]
fn a_step_inside_of_a_map_state_is_refused() {
    let refused = changed(|states| {
        let mut invoke = states["Invoke"].clone();
        invoke.as_object_mut().unwrap().shift_remove("Next");
        invoke["End"] = true.into();
        states["Invoke"] = serde_json::json!({
            "Type": "Map", "Next": "Meter", "ItemProcessor": {"StartAt": "Inner", "States": {"Inner": invoke}},
        });
    });
    assert_eq!(refused.unwrap_err(), EnvelopeError::Nested { step: "invoke", state: "Invoke".into() });
}

#[test]
fn a_map_that_needs_executions_of_its_own_is_refused() {
    let refused = changed(|states| {
        states["Authenticate"]["Next"] = "Each".into();
        states["Each"] = serde_json::json!({
            "Type": "Map", "Next": "Admit", "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                "StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "End": true}},
            },
        });
    });
    assert!(matches!(refused, Err(EnvelopeError::Asl(_))), "{refused:?}");
}

#[test]
fn a_step_in_a_loop_is_refused() {
    let refused = changed(|states| {
        states["Meter"]["Next"] = "Again".into();
        states["Again"] = serde_json::json!({
            "Type": "Choice", "Default": "Audit",
            "Choices": [{"Variable": "$.again", "IsPresent": true, "Next": "Invoke"}],
        });
    });
    assert_eq!(refused.unwrap_err(), EnvelopeError::Loop { step: "invoke" });
}

#[test]
fn a_step_that_catches_its_way_back_is_in_a_loop() {
    let refused = changed(|states| {
        states["Audit"]["Catch"] = serde_json::json!([{"ErrorEquals": ["States.ALL"], "Next": "Meter"}]);
    });
    assert!(matches!(refused, Err(EnvelopeError::Loop { .. })), "{refused:?}");
}

#[test]
fn a_way_to_admit_without_authentication_is_refused() {
    let refused = changed(|states| {
        states["Authenticate"]["Catch"] = serde_json::json!([{"ErrorEquals": ["States.ALL"], "Next": "Admit"}]);
    });
    assert_eq!(refused.unwrap_err(), EnvelopeError::Bypass { step: "admit", before: "authenticate" });
}

#[test]
fn a_way_to_invoke_without_admission_is_refused() {
    let refused = changed(|states| {
        states["Authenticate"]["Next"] = "Known".into();
        states["Known"] = serde_json::json!({
            "Type": "Choice", "Default": "Admit",
            "Choices": [{"Variable": "$.caller.plan", "StringEquals": "MEGA", "Next": "Invoke"}],
        });
    });
    assert_eq!(refused.unwrap_err(), EnvelopeError::Bypass { step: "invoke", before: "admit" });
}

#[test]
fn a_resource_that_is_no_step_is_refused() {
    let refused = changed(|states| states["Meter"]["Resource"] = "arn:weir:step:bill".into());
    let resource = "arn:weir:step:bill".into();
    assert_eq!(refused.unwrap_err(), EnvelopeError::UnknownResource { state: "Meter".into(), resource });
}

#[test]
fn a_document_that_is_no_state_machine_is_refused_with_its_diagnostics() {
    let refused = changed(|states| states["Audit"]["Next"] = "Nowhere".into());
    assert!(matches!(refused, Err(EnvelopeError::Asl(_))), "{refused:?}");
}

#[test]
fn a_state_of_the_operators_own_is_allowed_and_seen() {
    let before = changed(|states| {
        states["Authenticate"]["Next"] = "Blocked".into();
        states["Blocked"] = serde_json::json!({
            "Type": "Choice", "Default": "Admit",
            "Choices": [{"Variable": "$.caller.plan", "StringEquals": "OLD", "Next": "No"}],
        });
        states["No"] = serde_json::json!({"Type": "Fail", "Error": "forbidden", "Cause": "This plan has ended."});
    })
    .unwrap();
    assert!(before.reads_document() && !before.reads_response());
    let after = changed(|states| {
        states["Invoke"]["Next"] = "Note".into();
        states["Note"] = serde_json::json!({"Type": "Pass", "Next": "Meter"});
    })
    .unwrap();
    assert!(after.reads_response());
}
