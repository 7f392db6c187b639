//! What a definition is refused for, and where.

use asl::{Diagnostic, DiagnosticCode, Severity, StateMachine};
use serde_json::{Value, json};

use DiagnosticCode::{DuplicateStateName, InvalidJson, MissingEndState, MissingTransitionTarget, NotSupported};

const SCHEMA: DiagnosticCode = DiagnosticCode::SchemaValidationFailed;

fn findings(text: &str) -> Vec<(DiagnosticCode, String)> {
    let findings = StateMachine::parse(text).expect_err(text);
    findings.into_iter().map(|finding| (finding.code, finding.pointer)).collect()
}

#[track_caller]
fn refused(definition: &Value, wanted: &[(DiagnosticCode, &str)]) {
    let found = findings(&definition.to_string());
    let wanted: Vec<_> = wanted.iter().map(|(code, pointer)| (*code, (*pointer).to_owned())).collect();
    assert_eq!(found, wanted, "{definition}");
}

/// A machine of the one state `A`.
fn only(state: &Value) -> Value {
    json!({"StartAt": "A", "States": {"A": state}})
}

#[track_caller]
fn state_refused(state: &Value, wanted: &[(DiagnosticCode, &str)]) {
    let wanted: Vec<_> = wanted.iter().map(|(code, place)| (*code, format!("/States/A{place}"))).collect();
    let found = findings(&only(state).to_string());
    assert_eq!(found, wanted, "{state}");
}

#[test]
fn text_that_is_not_json_is_one_finding() {
    for text in ["", "{", "nonsense", "{} {}", r#"{"a": "\ud800"}"#, r#"{"a": 1e999}"#] {
        assert_eq!(findings(text), [(InvalidJson, String::new())]);
    }
    assert_eq!(findings(&"[".repeat(10_000)), [(InvalidJson, String::new())]);
    assert_eq!(findings(&" ".repeat(1_048_577)), [(InvalidJson, String::new())]);
}

#[test]
fn every_mistake_is_reported_and_not_only_the_first() {
    let definition = json!({
        "StartAt": "Gone", "Extra": 1, "TimeoutSeconds": 0, "Version": "2.0",
        "States": {
            "A": {"Type": "Task", "Next": "Nowhere"},
            "B": {"Type": "Pass", "Next": "A", "End": true},
            "C": {"Type": "Strange"},
        },
    });
    refused(
        &definition,
        &[
            (SCHEMA, "/Extra"),
            (MissingTransitionTarget, "/StartAt"),
            (SCHEMA, "/States/A"),
            (MissingTransitionTarget, "/States/A/Next"),
            (SCHEMA, "/States/B/End"),
            (SCHEMA, "/States/C/Type"),
            (SCHEMA, "/TimeoutSeconds"),
            (SCHEMA, "/Version"),
        ],
    );
}

#[test]
fn a_key_that_stands_twice_is_refused_wherever_it_is() {
    let text = r#"{"StartAt": "A", "StartAt": "A", "States": {
        "A": {"Type": "Pass", "Result": {"x/y": 1, "x/y": 2}, "Next": "B"},
        "B": {"Type": "Succeed"}, "B": {"Type": "Succeed"}}}"#;
    let places = ["/StartAt", "/States/A/Result/x~1y", "/States/B"];
    assert_eq!(findings(text), places.map(|place| (SCHEMA, place.to_owned())));
}

#[test]
fn a_field_of_another_type_of_state_is_unknown() {
    state_refused(&json!({"Type": "Pass", "End": true, "Retry": []}), &[(SCHEMA, "/Retry")]);
    state_refused(&json!({"Type": "Wait", "Seconds": 1, "End": true, "ResultPath": "$"}), &[(SCHEMA, "/ResultPath")]);
    state_refused(&json!({"Type": "Succeed", "End": true}), &[(SCHEMA, "/End")]);
    state_refused(&json!({"Type": "Fail", "OutputPath": "$"}), &[(SCHEMA, "/OutputPath")]);
    state_refused(&json!({"Type": "Pass", "End": true, "TimeoutSeconds": 1}), &[(SCHEMA, "/TimeoutSeconds")]);
    state_refused(&json!({"Type": "Pass", "end": true, "End": true}), &[(SCHEMA, "/end")]);
}

#[test]
fn a_state_goes_on_or_ends_and_not_both() {
    state_refused(&json!({"Type": "Pass"}), &[(SCHEMA, "")]);
    state_refused(&json!({"Type": "Pass", "End": false}), &[(SCHEMA, "")]);
    state_refused(&json!({"Type": "Pass", "End": true, "Next": "A"}), &[(SCHEMA, "/End")]);
    state_refused(&json!({"Type": "Pass", "End": "true"}), &[(SCHEMA, "/End")]);
}

#[test]
fn a_state_that_nothing_leads_to_is_refused() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Succeed"}, "B": {"Type": "Pass", "Next": "C"}, "C": {"Type": "Pass", "Next": "B"}}});
    refused(&definition, &[(MissingTransitionTarget, "/States/B"), (MissingTransitionTarget, "/States/C")]);
}

#[test]
fn states_without_an_end_are_refused_in_a_branch_too() {
    let turn = json!({"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "B"}}});
    refused(&turn, &[(MissingEndState, "/States")]);
    let state = json!({"Type": "Parallel", "End": true, "Branches": [turn]});
    state_refused(&state, &[(MissingEndState, "/Branches/0/States")]);
}

#[test]
fn a_branch_is_a_world_of_its_own_but_for_its_names() {
    let leaves = json!({"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "Z"}}});
    let twin = json!({"StartAt": "Z", "States": {"Z": {"Type": "Succeed"}}});
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Parallel", "Next": "Z", "Branches": [leaves, twin]}, "Z": {"Type": "Succeed"}}});
    refused(
        &definition,
        &[
            (MissingTransitionTarget, "/States/A/Branches/0/States/B/Next"),
            (DuplicateStateName, "/States/A/Branches/1/States/Z"),
        ],
    );
    let timed = json!({"StartAt": "B", "TimeoutSeconds": 1, "States": {"B": {"Type": "Succeed"}}});
    let state = json!({"Type": "Parallel", "End": true, "Branches": [timed]});
    state_refused(&state, &[(SCHEMA, "/Branches/0/TimeoutSeconds")]);
}

#[test]
fn a_name_has_1_to_80_characters() {
    for (length, good) in [(80, true), (81, false), (0, false)] {
        let name = "é".repeat(length);
        let definition = json!({"StartAt": name, "States": {name.clone(): {"Type": "Succeed"}}}).to_string();
        assert_eq!(StateMachine::parse(&definition).is_ok(), good, "{length}");
    }
}

#[test]
fn a_wait_has_exactly_one_way_to_say_how_long() {
    state_refused(&json!({"Type": "Wait", "End": true}), &[(SCHEMA, "")]);
    state_refused(&json!({"Type": "Wait", "End": true, "Seconds": 1, "SecondsPath": "$.s"}), &[(SCHEMA, "")]);
    state_refused(&json!({"Type": "Wait", "End": true, "Seconds": -1}), &[(SCHEMA, "/Seconds")]);
    state_refused(&json!({"Type": "Wait", "End": true, "Seconds": 100_000_000}), &[(SCHEMA, "/Seconds")]);
    state_refused(&json!({"Type": "Wait", "End": true, "Timestamp": "2026-01-01T00:00:00"}), &[(SCHEMA, "/Timestamp")]);
    state_refused(&json!({"Type": "Wait", "End": true, "SecondsPath": "$.a[*]"}), &[(SCHEMA, "/SecondsPath")]);
}

#[test]
fn a_value_and_its_path_form_exclude_each_other() {
    let task = |more: Value| {
        let mut task = json!({"Type": "Task", "Resource": "r", "End": true});
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        task
    };
    state_refused(&task(json!({"TimeoutSeconds": 1, "TimeoutSecondsPath": "$.t"})), &[(SCHEMA, "/TimeoutSecondsPath")]);
    state_refused(&task(json!({"TimeoutSeconds": 5, "HeartbeatSeconds": 5})), &[(SCHEMA, "/HeartbeatSeconds")]);
    state_refused(&json!({"Type": "Fail", "Error": "E", "ErrorPath": "$.e"}), &[(SCHEMA, "/ErrorPath")]);
}

#[test]
fn a_wildcard_error_stands_alone_and_all_stands_last() {
    let with = |retry: Value| json!({"Type": "Task", "Resource": "r", "End": true, "Retry": retry});
    state_refused(&with(json!([{"ErrorEquals": ["States.ALL", "E"]}])), &[(SCHEMA, "/Retry/0/ErrorEquals")]);
    state_refused(
        &with(json!([{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}])),
        &[(SCHEMA, "/Retry/0/ErrorEquals")],
    );
    state_refused(&with(json!([{"ErrorEquals": []}])), &[(SCHEMA, "/Retry/0/ErrorEquals")]);
    state_refused(&with(json!([{}])), &[(SCHEMA, "/Retry/0")]);
    let numbers = json!([{"ErrorEquals": ["E"], "IntervalSeconds": 0, "MaxAttempts": -1, "BackoffRate": 0.5,
        "MaxDelaySeconds": 31_622_401, "JitterStrategy": "SOME", "Next": "A"}]);
    state_refused(
        &with(numbers),
        &[
            (SCHEMA, "/Retry/0/BackoffRate"),
            (SCHEMA, "/Retry/0/IntervalSeconds"),
            (SCHEMA, "/Retry/0/JitterStrategy"),
            (SCHEMA, "/Retry/0/MaxAttempts"),
            (SCHEMA, "/Retry/0/MaxDelaySeconds"),
            (SCHEMA, "/Retry/0/Next"),
        ],
    );
}

#[test]
fn a_rule_has_one_operator_of_the_right_type() {
    let choice = |rule: Value| {
        json!({"StartAt": "A", "States": {
            "A": {"Type": "Choice", "Choices": [rule], "Default": "B"}, "B": {"Type": "Succeed"}}})
    };
    let at = |place: &str| format!("/States/A/Choices/0{place}");
    let cases = [
        (json!({"Variable": "$.a", "Next": "B"}), at("")),
        (json!({"Variable": "$.a", "IsNull": true, "IsPresent": true, "Next": "B"}), at("")),
        (json!({"Variable": "$.a", "NumericEquals": "1", "Next": "B"}), at("/NumericEquals")),
        (json!({"Variable": "$.a", "TimestampEquals": "today", "Next": "B"}), at("/TimestampEquals")),
        (json!({"Variable": "$.a", "IsNull": "yes", "Next": "B"}), at("/IsNull")),
        (json!({"Variable": "$.a", "StringEqualsPath": "b", "Next": "B"}), at("/StringEqualsPath")),
        (
            json!({"Variable": "$.a", "StringMatchesPath": "$.b", "StringMatches": "*", "Next": "B"}),
            at("/StringMatchesPath"),
        ),
        (json!({"And": [], "Next": "B"}), at("/And")),
        (json!({"Not": {"Variable": "$.a", "IsNull": true, "Next": "B"}, "Next": "B"}), at("/Not/Next")),
        (json!({"Variable": "$.a", "IsNull": true}), at("")),
    ];
    for (rule, pointer) in cases {
        refused(&choice(rule), &[(SCHEMA, &pointer)]);
    }
    refused(&only(&json!({"Type": "Choice", "Choices": []})), &[(SCHEMA, "/States/A/Choices")]);
}

#[test]
fn a_path_that_cannot_stand_where_it_does_is_refused() {
    for path in ["a", "", "$.", "$[", "$['a", "$[x]", "$.a b", "$[(@.length-1)]", "$.a]", "$.a\\"] {
        state_refused(&json!({"Type": "Succeed", "InputPath": path}), &[(SCHEMA, "/InputPath")]);
    }
    for path in ["$$.a", "$[-1]", "$.a[*]", "$.*"] {
        state_refused(&json!({"Type": "Pass", "End": true, "ResultPath": path}), &[(SCHEMA, "/ResultPath")]);
    }
}

#[test]
fn a_template_fills_in_strings_only_and_no_name_twice() {
    let pass = |parameters: Value| json!({"Type": "Pass", "End": true, "Parameters": parameters});
    state_refused(&pass(json!({"a.$": 1})), &[(SCHEMA, "/Parameters/a.$")]);
    state_refused(&pass(json!({"b": [{"a.$": "x"}]})), &[(SCHEMA, "/Parameters/b/0/a.$")]);
    state_refused(&pass(json!({"a": 1, "a.$": "$"})), &[(SCHEMA, "/Parameters/a.$")]);
}

#[test]
fn jsonata_is_recognised_and_said_to_be_missing() {
    state_refused(
        &json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 %}", "End": true}),
        &[(NotSupported, "/QueryLanguage")],
    );
    let machine = |state: Value| json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}});
    let language = (NotSupported, "/QueryLanguage");
    refused(&machine(json!({"Type": "Pass", "Output": "{% 1 %}", "End": true})), &[language]);
    let own = json!({"Type": "Pass", "QueryLanguage": "JSONPath", "End": true});
    refused(&machine(own), &[language, (SCHEMA, "/States/A/QueryLanguage")]);
}

#[test]
fn a_field_of_the_other_language_says_what_to_write_instead() {
    for (state, field) in [
        (json!({"Type": "Pass", "Output": "{% 1 %}", "End": true}), "/Output"),
        (json!({"Type": "Task", "Resource": "r", "Arguments": {}, "End": true}), "/Arguments"),
    ] {
        state_refused(&state, &[(SCHEMA, field)]);
    }
    let findings = StateMachine::parse(&only(&json!({"Type": "Succeed", "Output": 1})).to_string()).unwrap_err();
    assert!(findings[0].message.contains("'OutputPath'"), "{findings:?}");
}

#[test]
fn an_unknown_reserved_error_name_is_a_warning() {
    let retry = json!([{"ErrorEquals": ["States.Timout"]}]);
    let definition = only(&json!({"Type": "Task", "Resource": "r", "End": true, "Retry": retry}));
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let [Diagnostic { severity, pointer, .. }] = machine.warnings() else { panic!("{:?}", machine.warnings()) };
    assert_eq!((*severity, pointer.as_str()), (Severity::Warning, "/States/A/Retry/0/ErrorEquals"));
}

#[test]
fn a_diagnostic_prints_its_code_and_place() {
    let findings =
        StateMachine::parse(r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}"#).unwrap_err();
    assert_eq!(
        findings[0].to_string(),
        "MISSING_TRANSITION_TARGET: There is no state 'B' here to go to; name a state of the same 'States'. \
         at /States/A/Next (line 1, column 51)"
    );
}
