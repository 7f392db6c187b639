//! What a definition is refused for, and where.

use asl::{Diagnostic, DiagnosticCode, Severity, StateMachine};
use serde_json::{Value, json};

use DiagnosticCode::{DuplicateStateName, InvalidJson, MissingEndState, MissingTransitionTarget};

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
            (MissingTransitionTarget, "/StartAt"),
            (SCHEMA, "/Extra"),
            (SCHEMA, "/TimeoutSeconds"),
            (SCHEMA, "/Version"),
            (SCHEMA, "/States/A"),
            (MissingTransitionTarget, "/States/A/Next"),
            (SCHEMA, "/States/B/End"),
            (SCHEMA, "/States/C/Type"),
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
            (SCHEMA, "/Retry/0/IntervalSeconds"),
            (SCHEMA, "/Retry/0/MaxAttempts"),
            (SCHEMA, "/Retry/0/BackoffRate"),
            (SCHEMA, "/Retry/0/MaxDelaySeconds"),
            (SCHEMA, "/Retry/0/JitterStrategy"),
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

#[test]
fn a_finding_says_where_it_stands_in_the_text() {
    let text = "{\n  \"StartAt\": \"é\",\n  \"States\": {\n    \"é\": { \"Type\": \"Pass\", \"Ende\": true,\n      \"End\": true }\n  }\n}";
    let findings = StateMachine::parse(text).unwrap_err();
    let [Diagnostic { pointer, line, column, offset, message, .. }] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((pointer.as_str(), *line, *column), ("/States/é/Ende", 4, 29));
    assert_eq!(&text[*offset..offset + 6], "\"Ende\"");
    assert!(message.contains("remove it"), "{message}");
    let findings = StateMachine::parse("{\"a\": 1,\n \"b\": tru }").unwrap_err();
    assert_eq!((findings[0].line, findings[0].column), (2, 7), "{findings:?}");
}

#[test]
fn a_slip_of_the_keyboard_is_told_what_to_write() {
    let text = r#"{"StartAt": "first", "States": {"First": {"type": "Pass", "Type": "Pass", "End": true}}}"#;
    let findings = StateMachine::parse(text).unwrap_err();
    let messages: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
    assert!(messages[0].contains("write 'First'") && messages[1].contains("write 'Type'"), "{messages:?}");
}

#[test]
fn findings_are_bounded_however_many_there_are() {
    let many: Vec<String> = (0..20_000).map(|number| format!("\"x{number}\": 1")).collect();
    let text = format!("{{\"StartAt\": \"A\", \"States\": {{\"A\": {{\"Type\": \"Succeed\", {}}}}}}}", many.join(","));
    assert_eq!(StateMachine::parse(&text).unwrap_err().len(), 1_000);
    let long = "k".repeat(200_000);
    let inner: Vec<String> = (0..2_000).map(|number| format!("{{\"a{number}.$\": 1}}")).collect();
    let state = format!("{{\"Type\": \"Pass\", \"End\": true, \"Parameters\": {{\"{long}\": [{}]}}}}", inner.join(","));
    let findings = StateMachine::parse(&format!("{{\"StartAt\": \"A\", \"States\": {{\"A\": {state}}}}}")).unwrap_err();
    assert!((1..=10).contains(&findings.len()), "{}", findings.len());
}

#[test]
fn variables_are_known_before_they_are_read_and_have_one_scope() {
    use DiagnosticCode::InvalidVariable as Wrong;
    let pass = |fields: Value| {
        let mut pass = json!({"Type": "Pass", "End": true});
        pass.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        pass
    };
    state_refused(&pass(json!({"OutputPath": "$gone"})), &[(Wrong, "/OutputPath")]);
    state_refused(&pass(json!({"Parameters": {"x.$": "States.Array($.a, $gone.b)"}})), &[(Wrong, "/Parameters/x.$")]);
    state_refused(&pass(json!({"InputPath": "$.a[?(@.b == $gone)]"})), &[(Wrong, "/InputPath")]);
    for name in ["states", "x y", "1x", "", "a.b", &"x".repeat(81)] {
        state_refused(&pass(json!({"Assign": {name: 1}})), &[(Wrong, &format!("/Assign/{name}"))]);
    }
    state_refused(&pass(json!({"Assign": {"x": 1, "x.$": "$"}})), &[(SCHEMA, "/Assign/x.$")]);
    state_refused(&pass(json!({"Assign": []})), &[(SCHEMA, "/Assign")]);
    let nested = |inner: Value, outer: Value| {
        let branch = json!({"StartAt": "B", "States": {"B": inner}});
        json!({"StartAt": "A", "States": {
            "A": {"Type": "Parallel", "Branches": [branch], "Assign": outer, "Next": "C"},
            "C": pass(json!({"OutputPath": "$x"}))}})
    };
    let at = "/States/A/Branches/0/States/B/Assign/x";
    refused(&nested(pass(json!({"Assign": {"x": 1}})), json!({"x": 2})), &[(Wrong, at)]);
    refused(&nested(pass(json!({"Assign": {"x": 1}})), json!({})), &[(Wrong, "/States/C/OutputPath")]);
    let child = json!({"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "StartAt": "B",
        "States": {"B": pass(json!({"OutputPath": "$x"}))}});
    let map = json!({"Type": "Map", "Assign": {"x": 1}, "ItemProcessor": child, "End": true});
    let found = findings(&only(&map).to_string());
    assert!(found.contains(&(Wrong, "/States/A/ItemProcessor/States/B/OutputPath".to_owned())), "{found:?}");
}

#[test]
fn a_map_has_one_processor_and_the_fields_of_its_mode() {
    let inner = json!({"StartAt": "I", "States": {"I": {"Type": "Succeed"}}});
    let map = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
        let mut map = json!({"Type": "Map", "ItemProcessor": inner, "End": true});
        change(map.as_object_mut().unwrap());
        map
    };
    let set = |name: &'static str, value: Value| map(&move |map| drop(map.insert(name.to_owned(), value.clone())));
    state_refused(&map(&|map| drop(map.shift_remove("ItemProcessor"))), &[(SCHEMA, "")]);
    for (name, value) in [
        ("Iterator", inner.clone()),
        ("MaxConcurrency", json!(-1)),
        ("MaxConcurrencyPath", json!("$.a[*]")),
        ("ItemsPath", json!("items")),
        ("Items", json!([])),
        ("Label", json!("x")),
        ("ItemReader", json!({})),
        ("ItemBatcher", json!({})),
        ("ResultWriter", json!({})),
        ("ToleratedFailureCount", json!(1)),
        ("ToleratedFailurePercentage", json!(1)),
    ] {
        state_refused(&set(name, value), &[(SCHEMA, &format!("/{name}"))]);
    }
    let with = |config: Value| {
        let mut inner = inner.clone();
        inner["ProcessorConfig"] = config;
        set("ItemProcessor", inner)
    };
    let config = "/ItemProcessor/ProcessorConfig";
    state_refused(
        &with(json!({"Mode": "INLINE", "ExecutionType": "EXPRESS"})),
        &[(SCHEMA, &format!("{config}/ExecutionType"))],
    );
    state_refused(&with(json!({"Mode": "LOCAL"})), &[(SCHEMA, &format!("{config}/Mode"))]);
}

#[test]
fn a_distributed_map_is_checked_to_its_last_field() {
    let map = |more: Value| {
        let inner = json!({"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "I", "States": {"I": {"Type": "Succeed"}}});
        let mut map = json!({"Type": "Map", "ItemProcessor": inner, "End": true});
        map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        only(&map).to_string()
    };
    let reader =
        |config: Value| json!({"ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config}});
    let good = json!({"Label": "all", "ToleratedFailureCount": 3, "ToleratedFailurePercentagePath": "$.p",
        "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key.$": "$.k"},
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"], "MaxItems": 5}},
        "ItemBatcher": {"MaxItemsPerBatch": 10, "BatchInput": {"x.$": "$.x"}},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"},
            "WriterConfig": {"OutputType": "JSONL", "Transformation": "FLATTEN"}}});
    let machine = StateMachine::parse(&map(good)).unwrap();
    assert_eq!(machine.warnings(), []);
    crate::fuzzed::printed(&machine);
    for (wrong, place) in [
        (json!({"Label": "a b"}), "/Label"),
        (json!({"Label": "x".repeat(41)}), "/Label"),
        (json!({"ToleratedFailurePercentage": 101}), "/ToleratedFailurePercentage"),
        (json!({"ToleratedFailureCount": 1, "ToleratedFailureCountPath": "$.a"}), "/ToleratedFailureCountPath"),
        (json!({"ItemsPath": "$.a", "ItemReader": {"Resource": "arn:aws:states:::s3:getObject"}}), "/ItemsPath"),
        (json!({"ItemReader": {"Resource": "arn:aws:states:::s3:putObject"}}), "/ItemReader/Resource"),
        (reader(json!({"InputType": "XML"})), "/ItemReader/ReaderConfig/InputType"),
        (reader(json!({"InputType": "CSV", "CSVHeaderLocation": "GIVEN"})), "/ItemReader/ReaderConfig"),
        (reader(json!({"InputType": "JSON", "ItemsPointer": "a"})), "/ItemReader/ReaderConfig/ItemsPointer"),
        (reader(json!({"InputType": "JSON", "MaxItems": 100_000_001})), "/ItemReader/ReaderConfig/MaxItems"),
        (reader(json!({"InputType": "CSV", "ManifestType": "S3_INVENTORY"})), "/ItemReader/ReaderConfig/InputType"),
        (json!({"ItemBatcher": {}}), "/ItemBatcher"),
        (json!({"ItemBatcher": {"MaxInputBytesPerBatch": 262_145}}), "/ItemBatcher/MaxInputBytesPerBatch"),
        (json!({"ResultWriter": {}}), "/ResultWriter"),
    ] {
        let errors: Vec<_> = StateMachine::parse(&map(wrong.clone())).expect_err(place).into_iter().collect();
        let errors: Vec<_> = errors.iter().filter(|finding| finding.severity == Severity::Error).collect();
        assert!(errors.len() == 1 && errors[0].pointer == format!("/States/A{place}"), "{wrong}: {errors:?}");
    }
}

#[test]
fn a_token_is_handed_on_where_it_is_waited_for() {
    let task = |resource: &str, parameters: Value| {
        only(&json!({"Type": "Task", "Resource": resource, "Parameters": parameters, "End": true})).to_string()
    };
    let waits = "arn:aws:states:::lambda:invoke.waitForTaskToken";
    assert_eq!(findings(&task(waits, json!({"x": 1}))), [(SCHEMA, "/States/A/Parameters".to_owned())]);
    assert!(StateMachine::parse(&task(waits, json!({"t.$": "$$.Task.Token"}))).unwrap().warnings().is_empty());
    assert!(StateMachine::parse(&task(waits, json!({"t.$": "$$"}))).unwrap().warnings().is_empty());
    let other = StateMachine::parse(&task("r", json!({"t.$": "$$.Task.Token"}))).unwrap();
    assert_eq!(other.warnings().len(), 1, "{:?}", other.warnings());
}

#[test]
fn credentials_name_a_role() {
    let task = |credentials: Value| json!({"Type": "Task", "Resource": "r", "Credentials": credentials, "End": true});
    state_refused(&task(json!({})), &[(SCHEMA, "/Credentials")]);
    state_refused(&task(json!("role")), &[(SCHEMA, "/Credentials")]);
    state_refused(&task(json!({"RoleArn.$": "role"})), &[(SCHEMA, "/Credentials/RoleArn.$")]);
    state_refused(&task(json!({"RoleArn": "a", "User": "b"})), &[(SCHEMA, "/Credentials/User")]);
}

#[test]
fn what_a_run_would_only_meet_later_is_a_warning() {
    let warned = |states: Value, place: &str| {
        let machine = StateMachine::parse(&json!({"StartAt": "A", "States": states}).to_string()).unwrap();
        let places: Vec<_> = machine.warnings().iter().map(|finding| finding.pointer.as_str()).collect();
        assert_eq!(places, [place], "{:?}", machine.warnings());
    };
    let pass = |formula: &str| json!({"A": {"Type": "Pass", "Parameters": {"x.$": formula}, "End": true}});
    warned(pass("$$.Execution.Nmae"), "/States/A/Parameters/x.$");
    warned(pass("States.ArrayGetItem(States.Array(1), 1)"), "/States/A/Parameters/x.$");
    warned(pass("States.ArrayRange(1, 1001, 1)"), "/States/A/Parameters/x.$");
    let end = json!({"Type": "Succeed"});
    let rule = json!({"Variable": "$.a[*]", "StringEquals": "x", "Next": "E"});
    warned(
        json!({"A": {"Type": "Choice", "Choices": [rule], "Default": "E"}, "E": end}),
        "/States/A/Choices/0/Variable",
    );
    let rule = json!({"Variable": "$.a", "IsNull": true, "Next": "E"});
    warned(
        json!({"A": {"Type": "Choice", "Choices": [rule], "Default": "B"}, "B": {"Type": "Pass", "Next": "C"},
            "C": {"Type": "Pass", "Next": "B"}, "E": end}),
        "/States/B",
    );
    let task = |retry: Value| json!({"A": {"Type": "Task", "Resource": "r", "Retry": retry, "End": true}});
    warned(task(json!([{"ErrorEquals": ["States.Runtime"]}])), "/States/A/Retry/0/ErrorEquals");
    warned(task(json!([{"ErrorEquals": ["E"]}, {"ErrorEquals": ["F", "E"]}])), "/States/A/Retry/1/ErrorEquals");
}
