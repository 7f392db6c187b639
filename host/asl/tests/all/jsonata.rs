//! States in JSONata: what is refused, what is doubted, and what an expression may cost.

use std::sync::Arc;

use asl::{Context, DiagnosticCode, Outcome, QueryLanguage, Severity, StateMachine};
use serde_json::{Value, json};

use crate::played::{context, second};

use DiagnosticCode::{InvalidVariable, MissingTransitionTarget};

const SCHEMA: DiagnosticCode = DiagnosticCode::SchemaValidationFailed;

fn machine(states: &Value) -> String {
    json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": states}).to_string()
}

/// `state` with some fields more.
fn with(state: &Value, more: &Value) -> Value {
    let mut state = state.clone();
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    state
}

fn pass(more: &Value) -> Value {
    with(&json!({"Type": "Pass", "End": true}), more)
}

fn task(more: &Value) -> Value {
    with(&json!({"Type": "Task", "Resource": "r", "End": true}), more)
}

fn map(more: &Value) -> Value {
    let inner = json!({"StartAt": "I", "States": {"I": {"Type": "Succeed"}}});
    with(&json!({"Type": "Map", "ItemProcessor": inner, "End": true}), more)
}

/// The code, place and message of each finding about the machine of the one state `A`.
fn findings(state: &Value) -> Vec<(DiagnosticCode, Severity, String, String)> {
    let text = machine(&json!({"A": state}));
    let findings = match StateMachine::parse(&text) {
        Ok(machine) => machine.warnings().to_vec(),
        Err(findings) => findings,
    };
    let tell = |finding: asl::Diagnostic| {
        let place = finding.pointer.strip_prefix("/States/A").unwrap_or_else(|| panic!("{finding}")).to_owned();
        (finding.code, finding.severity, place, finding.message)
    };
    findings.into_iter().map(tell).collect()
}

#[track_caller]
fn refused(state: &Value, wanted: &[(DiagnosticCode, &str, &str)]) {
    let found = findings(state);
    let errors: Vec<_> = found.iter().filter(|finding| finding.1 == Severity::Error).collect();
    assert_eq!(errors.len(), wanted.len(), "{state}: {found:?}");
    for ((code, _, place, message), (wanted_code, wanted_place, word)) in errors.into_iter().zip(wanted) {
        assert_eq!((code, place.as_str()), (wanted_code, *wanted_place), "{state}: {message}");
        assert!(message.contains(word), "{state}: {message}");
    }
}

#[track_caller]
fn doubted(state: &Value, place: &str, word: &str) {
    let found = findings(state);
    let [(SCHEMA, Severity::Warning, found_place, message)] = &found[..] else { panic!("{state}: {found:?}") };
    assert!(found_place == place && message.contains(word), "{state}: {found:?}");
}

#[track_caller]
fn accepted(state: &Value) {
    assert_eq!(findings(state), [], "{state}");
}

fn fails_with(expression: &str, place: &str, word: &str) {
    refused(&pass(&json!({"Output": expression})), &[(SCHEMA, place, word)]);
}

#[test]
fn an_expression_that_cannot_be_read_is_refused_with_the_place_in_it() {
    fails_with("{% 1 + %}", "/Output", "at its character 5: S0207");
    fails_with("{% $states.input.a[ %}", "/Output", "is not JSONata at its character");
    fails_with("{%%}", "/Output", "S0207");
    fails_with("{% 'a %}", "/Output", "S0101");
    fails_with("{% /(?=a)/ %}", "/Output", "lookahead");
    refused(&pass(&json!({"Output": {"a": [1, {"b": "{% ( %}"}]}})), &[(SCHEMA, "/Output/a/1/b", "not JSONata")]);
    refused(&pass(&json!({"Assign": {"x": ["{% ) %}"]}})), &[(SCHEMA, "/Assign/x/0", "S0211")]);
}

#[test]
fn a_finding_about_an_expression_has_its_line_and_column() {
    let text = "{\"QueryLanguage\": \"JSONata\", \"StartAt\": \"A\", \"States\": {\n \"A\": {\"Type\": \"Pass\", \"End\": true,\n  \"Output\": {\"x\":\n   \"{% 1 + %}\"}}}}";
    let findings = StateMachine::parse(text).unwrap_err();
    assert_eq!((findings[0].line, findings[0].column, findings[0].pointer.as_str()), (3, 14, "/States/A/Output/x"));
    let yaml = "QueryLanguage: JSONata\nStartAt: A\nStates:\n  A:\n    Type: Pass\n    Output:\n      - '{% 1'\n    End: true\n";
    let findings = StateMachine::parse_yaml(yaml).unwrap_err();
    assert_eq!((findings[0].line, findings[0].pointer.as_str()), (7, "/States/A/Output/0"));
}

#[test]
fn marks_open_and_close() {
    fails_with("{% 1", "/Output", "must end with '%}'");
    fails_with("{%", "/Output", "must end with '%}'");
    fails_with("1 %}", "/Output", "must begin with '{%'");
    fails_with(" {% 1 %}", "/Output", "must begin with '{%'");
    fails_with("{% 1 %} ", "/Output", "must end with '%}'");
    doubted(&pass(&json!({"Output": " {% 1 %} "})), "/Output", "blanks");
    accepted(&pass(&json!({"Output": ["{", "%", "a {% b %} c", "$.a", ""]})));
}

#[test]
fn there_is_no_context_at_the_top_of_an_expression() {
    fails_with("{% $ %}", "/Output", "'$' stands for nothing here; write '$states.input' (character 2");
    fails_with("{% 1 + $$.a %}", "/Output", "'$$' stands for nothing here; write '$states.input' (character 6");
    fails_with("{% $states.input.($$.a) %}", "/Output", "'$$'");
    fails_with("{% $map([1], function($i){$ + $i}) %}", "/Output", "'$'");
    accepted(&pass(&json!({"Output": "{% $states.input.l[$ > 1].($ & 'x') %}"})));
    doubted(&pass(&json!({"Output": "{% name & name %}"})), "/Output", "'name' finds nothing");
    doubted(&pass(&json!({"Output": "{% $sum(a.b) %}"})), "/Output", "'a' finds nothing");
}

#[test]
fn a_function_that_is_not_there_is_refused() {
    fails_with("{% $eval('1') %}", "/Output", "There is no function '$eval'; '$parse' reads JSON (character 2");
    fails_with("{% $states.input ~> $sums() %}", "/Output", "There is no function '$sums'");
    accepted(&pass(&json!({"Output": "{% ($f := function($n){$n = 0 ? 1 : $n * $f($n - 1)}; $f(5)) %}"})));
}

#[test]
fn a_variable_is_assigned_somewhere() {
    refused(&pass(&json!({"Output": "{% $gone %}"})), &[(InvalidVariable, "/Output", "'gone'")]);
    refused(&pass(&json!({"Output": "{% $states.input[id = $gone.id] %}"})), &[(InvalidVariable, "/Output", "'gone'")]);
    refused(&pass(&json!({"Assign": {"x": "{% $y %}"}})), &[(InvalidVariable, "/Assign/x", "'y'")]);
    accepted(&pass(&json!({"Assign": {"x": 1}, "Output": "{% ($y := 1; $exists($x) ? $x : $y) %}"})));
    for name in ["states", "x y", "1x", ""] {
        refused(&pass(&json!({"Assign": {name: 1}})), &[(InvalidVariable, &format!("/Assign/{name}"), "no name")]);
    }
    refused(&pass(&json!({"Assign": "{% {'x': 1} %}"})), &[(SCHEMA, "/Assign", "must be an object")]);
    let inner = json!({"StartAt": "I", "States": {"I": pass(&json!({"Assign": {"x": 1}}))}});
    let state = with(&map(&json!({"Assign": {"x": 2}})), &json!({"ItemProcessor": inner}));
    let place = "/ItemProcessor/States/I/Assign/x";
    refused(&state, &[(InvalidVariable, place, "outside")]);
}

#[test]
fn a_distributed_map_shows_its_children_no_variables() {
    let inner = json!({"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "I", "States": {"I": pass(&json!({"Output": "{% $x %}"}))}});
    let state = with(&map(&json!({"Assign": {"x": 2}})), &json!({"ItemProcessor": inner}));
    refused(&state, &[(InvalidVariable, "/ItemProcessor/States/I/Output", "'x'")]);
}

#[test]
fn the_states_variable_has_each_part_where_it_is() {
    let result = "{% $states.result %}";
    let error = "{% $states.errorOutput %}";
    let catch = |more: Value| json!({"Catch": [with(&json!({"ErrorEquals": ["E"], "Next": "A"}), &more)]});
    accepted(&task(&json!({"Output": result, "Assign": {"x": result}})));
    accepted(&map(&json!({"Output": result, "Assign": {"x": [result]}})));
    accepted(&task(&catch(json!({"Output": error, "Assign": {"x": {"y": error}}}))));
    for (state, place) in [
        (task(&json!({"Arguments": result})), "/Arguments"),
        (task(&json!({"TimeoutSeconds": result})), "/TimeoutSeconds"),
        (pass(&json!({"Output": result})), "/Output"),
        (pass(&json!({"Assign": {"x": result}})), "/Assign/x"),
        (json!({"Type": "Wait", "Seconds": 1, "Output": result, "End": true}), "/Output"),
        (json!({"Type": "Succeed", "Output": result}), "/Output"),
        (map(&json!({"Items": result})), "/Items"),
        (map(&json!({"ItemSelector": result})), "/ItemSelector"),
        (task(&catch(json!({"Output": result}))), "/Catch/0/Output"),
    ] {
        refused(&state, &[(SCHEMA, place, "'$states.result'")]);
    }
    for (state, place) in [
        (task(&json!({"Output": error})), "/Output"),
        (task(&json!({"Assign": {"x": error}})), "/Assign/x"),
        (pass(&json!({"Output": error})), "/Output"),
        (json!({"Type": "Fail", "Error": error}), "/Error"),
    ] {
        refused(&state, &[(SCHEMA, place, "'$states.errorOutput'")]);
    }
    fails_with("{% $states.inptu %}", "/Output", "'$states.inptu'");
    doubted(&pass(&json!({"Output": "{% $states.context.Execution.Nmae %}"})), "/Output", "'Execution.Nmae'");
    accepted(&pass(&json!({"Output": "{% $states.context.Execution.Input.x %}"})));
    accepted(&pass(&json!({"Output": "{% $states.context.Map.Item.Value %}"})));
}

#[test]
fn what_always_fails_is_a_warning() {
    doubted(&pass(&json!({"Output": "{% 1 + 'a' %}"})), "/Output", "This always fails: T2002");
    doubted(&pass(&json!({"Output": "{% $range(1, 2000, 1) %}"})), "/Output", "This always fails: D3202");
    doubted(&pass(&json!({"Output": "{% $sum %}"})), "/Output", "This always fails: D3206");
    doubted(&pass(&json!({"Output": "{% [1][5] %}"})), "/Output", "gives nothing");
    accepted(&pass(&json!({"Output": "{% ($f := function(){$f()}; $f()) %}"})));
}

#[test]
fn each_field_belongs_to_one_language() {
    let wait = |more: Value| with(&json!({"Type": "Wait", "End": true}), &more);
    let catch = json!({"Catch": [{"ErrorEquals": ["E"], "Next": "A", "ResultPath": "$.e"}]});
    for (state, place, instead) in [
        (pass(&json!({"InputPath": "$"})), "/InputPath", "'$states.input'"),
        (pass(&json!({"OutputPath": "$"})), "/OutputPath", "'Output'"),
        (pass(&json!({"Result": 1})), "/Result", "'Output'"),
        (pass(&json!({"ResultPath": "$"})), "/ResultPath", "'Output'"),
        (pass(&json!({"Parameters": {}})), "/Parameters", "'Output'"),
        (task(&json!({"Parameters": {}})), "/Parameters", "'Arguments'"),
        (task(&json!({"ResultSelector": {}})), "/ResultSelector", "'Output'"),
        (task(&json!({"TimeoutSecondsPath": "$.t"})), "/TimeoutSecondsPath", "'TimeoutSeconds'"),
        (task(&json!({"HeartbeatSecondsPath": "$.t"})), "/HeartbeatSecondsPath", "'HeartbeatSeconds'"),
        (task(&catch), "/Catch/0/ResultPath", "'Output'"),
        (map(&json!({"ItemsPath": "$.l"})), "/ItemsPath", "'Items'"),
        (map(&json!({"Parameters": {}})), "/Parameters", "'ItemSelector'"),
        (map(&json!({"MaxConcurrencyPath": "$.m"})), "/MaxConcurrencyPath", "'MaxConcurrency'"),
        (json!({"Type": "Fail", "ErrorPath": "$.e"}), "/ErrorPath", "'Error'"),
        (json!({"Type": "Fail", "CausePath": "$.e"}), "/CausePath", "'Cause'"),
        (wait(json!({"Seconds": 1, "SecondsPath": "$.s"})), "/SecondsPath", "'Seconds'"),
        (wait(json!({"Seconds": 1, "TimestampPath": "$.s"})), "/TimestampPath", "'Timestamp'"),
    ] {
        refused(&state, &[(SCHEMA, place, "belongs to JSONPath states")]);
        assert!(findings(&state)[0].3.contains(instead), "{state}");
    }
    refused(&json!({"Type": "Fail", "Output": 1}), &[(SCHEMA, "/Output", "not a field of a Fail state")]);
    refused(&json!({"Type": "Fail", "Assign": {}}), &[(SCHEMA, "/Assign", "not a field of a Fail state")]);
    refused(&map(&json!({"Arguments": {}})), &[(SCHEMA, "/Arguments", "not a field of a Map state")]);
    refused(&pass(&json!({"Arguments": {}})), &[(SCHEMA, "/Arguments", "not a field of a Pass state")]);
    doubted(&pass(&json!({"Output": {"a.$": "$.a"}})), "/Output/a.$", "key like any other");
}

#[test]
fn the_fields_of_jsonata_are_refused_in_jsonpath() {
    let jsonpath = |state: &Value| json!({"StartAt": "A", "States": {"A": state}}).to_string();
    let rule = json!({"Variable": "$.a", "IsNull": true, "Next": "B", "Output": 1});
    let catch = json!({"Catch": [{"ErrorEquals": ["E"], "Next": "A", "Output": 1}]});
    for (state, place) in [
        (pass(&json!({"Output": 1})), "/Output"),
        (task(&json!({"Arguments": 1})), "/Arguments"),
        (map(&json!({"Items": []})), "/Items"),
        (task(&catch), "/Catch/0/Output"),
        (json!({"Type": "Choice", "Choices": [rule], "Default": "A"}), "/Choices/0/Output"),
    ] {
        let findings = StateMachine::parse(&jsonpath(&state)).expect_err(place);
        let finding = findings.iter().find(|finding| finding.pointer == format!("/States/A{place}"));
        assert!(finding.is_some_and(|finding| finding.message.contains("belongs to JSONata states")), "{findings:?}");
    }
    for seconds in [json!("{% 1 %}"), json!("1")] {
        assert!(StateMachine::parse(&jsonpath(&task(&json!({"TimeoutSeconds": seconds})))).is_err());
    }
    let literal = StateMachine::parse(&jsonpath(&pass(&json!({"Parameters": {"a": "{% $x %}"}})))).unwrap();
    assert_eq!(literal.warnings().len(), 1, "{:?}", literal.warnings());
    assert!(literal.warnings()[0].message.contains("no expression"), "{:?}", literal.warnings());
}

#[test]
fn a_rule_has_a_condition() {
    let choice = |rule: Value| json!({"Type": "Choice", "Choices": [rule], "Default": "A"});
    for (rule, place, word) in [
        (json!({"Next": "A"}), "", "'Condition' is missing"),
        (json!({"Next": "A", "Condition": "true"}), "/Condition", "must be an expression"),
        (json!({"Next": "A", "Condition": 1}), "/Condition", "must be an expression"),
        (json!({"Next": "A", "Condition": true, "Variable": "$.a"}), "/Variable", "belongs to JSONPath"),
        (json!({"Next": "A", "Condition": true, "NumericEquals": 1}), "/NumericEquals", "belongs to JSONPath"),
        (json!({"Next": "A", "Condition": true, "And": []}), "/And", "belongs to JSONPath"),
        (json!({"Next": "A", "Condition": "{% $states.result %}"}), "/Condition", "'$states.result'"),
        (json!({"Condition": true}), "", "'Next' is missing"),
    ] {
        refused(&choice(rule), &[(SCHEMA, &format!("/Choices/0{place}"), word)]);
    }
}

#[test]
fn constants_have_the_types_that_their_fields_want() {
    for (state, place) in [
        (task(&json!({"TimeoutSeconds": "5"})), "/TimeoutSeconds"),
        (task(&json!({"TimeoutSeconds": 0})), "/TimeoutSeconds"),
        (task(&json!({"HeartbeatSeconds": 1.5})), "/HeartbeatSeconds"),
        (task(&json!({"TimeoutSeconds": 5, "HeartbeatSeconds": 5})), "/HeartbeatSeconds"),
        (json!({"Type": "Wait", "Seconds": "5", "End": true}), "/Seconds"),
        (json!({"Type": "Wait", "Timestamp": "today", "End": true}), "/Timestamp"),
        (json!({"Type": "Wait", "Timestamp": "{% 1 %}", "Seconds": 1, "End": true}), ""),
        (json!({"Type": "Wait", "End": true}), ""),
        (map(&json!({"MaxConcurrency": "1"})), "/MaxConcurrency"),
        (map(&json!({"Items": "x"})), "/Items"),
        (map(&json!({"Items": {"a": 1}})), "/Items"),
        (json!({"Type": "Fail", "Error": 1}), "/Error"),
        (task(&json!({"Credentials": {}})), "/Credentials"),
        (task(&json!({"Resource": "{% 'r' %}"})), "/Resource"),
        (task(&json!({"Retry": [{"ErrorEquals": ["E"], "MaxAttempts": "{% 1 %}"}]})), "/Retry/0/MaxAttempts"),
    ] {
        refused(&state, &[(SCHEMA, place, "")]);
    }
    accepted(&task(&json!({"TimeoutSeconds": "{% $states.input %}", "HeartbeatSeconds": 5})));
    accepted(&task(&json!({"Credentials": "{% $states.input.c %}"})));
}

#[test]
fn a_distributed_map_is_checked_in_jsonata_too() {
    let map = |more: Value| {
        let inner = json!({"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "I", "States": {"I": {"Type": "Succeed"}}});
        with(&json!({"Type": "Map", "ItemProcessor": inner, "End": true}), &more)
    };
    let reader = json!({"Resource": "arn:aws:states:::s3:getObject",
        "Arguments": {"Bucket": "b", "Key": "{% $states.input.k %}"},
        "ReaderConfig": {"InputType": "JSON", "MaxItems": "{% $states.input.m %}"}});
    let good = json!({"ToleratedFailureCount": "{% $states.input.c %}",
        "ToleratedFailurePercentage": "{% $states.input.p %}", "MaxConcurrency": "{% 5 %}", "ItemReader": reader,
        "ItemBatcher": {"MaxItemsPerBatch": "{% $states.input.b %}", "MaxInputBytesPerBatch": "{% 1000 %}",
            "BatchInput": {"x": "{% $states.input %}"}},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": "{% 'b' %}"}}});
    accepted(&map(good));
    refused(&map(json!({"Items": {"a": 1}, "ItemBatcher": {"MaxItemsPerBatch": 1}})), &[]);
    for (wrong, place) in [
        (json!({"ToleratedFailureCountPath": "$.a"}), "/ToleratedFailureCountPath"),
        (json!({"ToleratedFailurePercentagePath": "$.a"}), "/ToleratedFailurePercentagePath"),
        (json!({"ToleratedFailurePercentage": 101}), "/ToleratedFailurePercentage"),
        (json!({"ToleratedFailurePercentage": "{% ( %}"}), "/ToleratedFailurePercentage"),
        (json!({"ItemBatcher": {"MaxItemsPerBatchPath": "$.a"}}), "/ItemBatcher/MaxItemsPerBatchPath"),
        (json!({"ItemBatcher": {"MaxItemsPerBatch": "1"}}), "/ItemBatcher/MaxItemsPerBatch"),
        (json!({"Items": [], "ItemReader": {"Resource": "arn:aws:states:::s3:getObject"}}), "/Items"),
        (
            json!({"ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {}}}),
            "/ItemReader/Parameters",
        ),
        (
            json!({"ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"MaxItemsPath": "$"}}}),
            "/ItemReader/ReaderConfig/MaxItemsPath",
        ),
    ] {
        refused(&map(wrong), &[(SCHEMA, place, "")]);
    }
}

#[test]
fn a_token_is_handed_on_where_it_is_waited_for() {
    let waits = |arguments: Value| {
        task(&json!({"Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Arguments": arguments}))
    };
    refused(&waits(json!({"x": 1})), &[(SCHEMA, "/Arguments", "$states.context.Task.Token")]);
    accepted(&waits(json!({"t": "{% $states.context.Task.Token %}"})));
    accepted(&waits(json!({"t": "{% $states.context %}"})));
    doubted(&task(&json!({"Arguments": "{% $states.context.Task.Token %}"})), "/Arguments", "have a token");
}

#[test]
fn the_ways_through_a_machine_are_checked_as_ever() {
    let states = json!({"A": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input %}", "Next": "B"}],
        "Default": "Gone"}, "B": {"Type": "Succeed"}});
    let found = StateMachine::parse(&machine(&states)).unwrap_err();
    assert_eq!((found[0].code, found[0].pointer.as_str()), (MissingTransitionTarget, "/States/A/Default"));
    let states = json!({"A": {"Type": "Succeed"}, "B": {"Type": "Succeed", "Output": "{% 1 %}"}});
    let found = StateMachine::parse(&machine(&states)).unwrap_err();
    assert_eq!((found[0].code, found[0].pointer.as_str()), (MissingTransitionTarget, "/States/B"));
}

#[test]
fn a_jsonata_machine_has_no_jsonpath_states_and_a_jsonpath_machine_may_have_both() {
    let own = pass(&json!({"QueryLanguage": "JSONPath"}));
    refused(&own, &[(SCHEMA, "/QueryLanguage", "no JSONPath states")]);
    let states = json!({"A": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $x %}", "Next": "B"},
        "B": {"Type": "Pass", "Assign": {"x.$": "$.a"}, "End": true}});
    let machine = StateMachine::parse(&json!({"StartAt": "A", "States": states}).to_string()).unwrap();
    let languages: Vec<_> = machine.states().map(|state| (state.language(), state.variables().count())).collect();
    assert_eq!(languages, [(QueryLanguage::Jsonata, 1), (QueryLanguage::JsonPath, 0)]);
}

#[test]
fn findings_about_one_expression_are_few_and_told_once() {
    let many: Vec<String> = (0..500).map(|number| format!("$f{number}() + $f{number}()")).collect();
    let found = findings(&pass(&json!({"Output": format!("{{% {} %}}", many.join(",").replace(',', " + "))})));
    assert_eq!(found.len(), 1, "it is nested too deep: {found:?}");
    let many: Vec<String> = (0..500).map(|number| format!("$f{number}()")).collect();
    let found = findings(&pass(&json!({"Output": format!("{{% [{}] %}}", many.join(", "))})));
    assert_eq!(found.len(), 20);
    let regexes = vec!["/a{99}/"; 90].join(", ");
    let expression = format!("{{% $zip(1, {regexes}) %}}");
    let output = json!({"Output": [expression, expression, expression]});
    let found = findings(&pass(&output));
    assert!(found.iter().any(|finding| finding.3.contains("256 regular expressions")), "{found:?}");
}

fn run(states: &Value, input: Value, context: Context) -> Outcome {
    let machine = StateMachine::parse(&machine(states)).unwrap_or_else(|findings| panic!("{states}: {findings:?}"));
    let run = Arc::new(machine).start(Arc::new(input), context, second(0.0));
    run.outcome().unwrap_or_else(|| panic!("{states} still runs")).clone()
}

#[test]
fn what_is_random_follows_from_the_seed() {
    let draw = |seed| {
        let twice = json!({"A": {"Type": "Pass", "Output": "{% $uuid() %}", "Next": "B"},
            "B": pass(&json!({"Output": ["{% $states.input %}", "{% $uuid() %}", "{% $random() %}"]}))});
        match run(&twice, json!(null), Context { seed, ..context() }) {
            Outcome::Succeeded(output) => output,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(draw(1), draw(1));
    let (one, two) = (draw(1), draw(2));
    assert!(one[0] != two[0] && one[1] != two[1] && one[2] != two[2] && one[0] != one[1], "{one} {two}");
}

#[test]
fn all_expressions_of_one_event_share_one_allowance() {
    let items: Vec<Value> = (0..10_000).map(|number| json!(number)).collect();
    let dear = "{% $sum($map([1..2000], function($i){$i * $states.input})) %}";
    let cheap = "{% $states.input * 2 %}";
    for (output, fits) in [(dear, false), (cheap, true)] {
        let inner = json!({"StartAt": "I", "States": {"I": pass(&json!({"Output": output}))}});
        let map = json!({"Type": "Map", "ItemProcessor": inner, "Output": "{% $count($states.result) %}", "End": true});
        match (run(&json!({"A": map}), json!(items), context()), fits) {
            (Outcome::Succeeded(output), true) => assert_eq!(*output, json!(10_000)),
            (Outcome::Failed { error: Some(error), .. }, false) => {
                assert!(
                    ["States.DataLimitExceeded", "States.QueryEvaluationError"].contains(&error.as_str()),
                    "{error}"
                );
            }
            (other, _) => panic!("{output}: {other:?}"),
        }
    }
}

#[test]
fn a_machine_that_catches_its_own_endless_expression_for_ever_is_ended() {
    let inner =
        json!({"StartAt": "I", "States": {"I": pass(&json!({"Output": "{% ($f := function(){$f()}; $f()) %}"}))}});
    let again = json!([{"ErrorEquals": ["States.ALL"], "Next": "A"}]);
    let states = json!({"A": map(&json!({"Items": [1], "ItemProcessor": inner, "Catch": again, "End": null, "Next": "B"})),
        "B": {"Type": "Succeed"}});
    let mut states = states;
    states["A"].as_object_mut().unwrap().shift_remove("End");
    let outcome = run(&states, json!(0), context());
    assert!(
        matches!(&outcome, Outcome::Failed { error: Some(error), .. } if error == "States.DataLimitExceeded"),
        "{outcome:?}"
    );
}

#[test]
fn large_documents_are_looked_at_where_they_lie() {
    // A hundred looks at 250 kB would pass the allowance of an event, were they copies.
    let looks: Vec<Value> = (0..200).map(|_| json!("{% $length($states.input.x) %}")).collect();
    let states = json!({"A": {"Type": "Pass", "Assign": {"v": "{% $states.input.x %}"}, "Next": "B"},
        "B": pass(&json!({"Output": [looks, "{% $length($v) %}", "{% $length($states.context.Execution.Input.x) %}"]}))});
    let outcome = run(&states, json!({"x": "y".repeat(250_000)}), context());
    assert!(matches!(outcome, Outcome::Succeeded(output) if output[1] == json!(250_000)), "it fits");
}

#[test]
fn what_an_expression_makes_is_paid_for_so_that_a_loop_of_copies_ends_soon() {
    // The way out is never taken: without one the definition is refused.
    let copy = json!({"Type": "Choice", "Output": "{% $states.input %}", "Default": "B",
        "Choices": [{"Condition": "{% $states.input.over %}", "Next": "End"}]});
    let again = json!({"Type": "Pass", "Output": "{% $states.input %}", "Next": "A"});
    let text = machine(&json!({"A": copy, "B": again, "End": {"Type": "Succeed"}}));
    let machine = Arc::new(StateMachine::parse(&text).unwrap());
    let input = Arc::new(json!({"over": false, "text": "x".repeat(200 * 1024)}));
    let mut run = machine.start_watched(input, Context::default(), second(0.0), asl::Watch::ALL);
    let entered = run.take_steps().iter().filter(|step| matches!(step.change, asl::Change::Entered(_))).count();
    assert!(entered < 1_000, "{entered} states with a copy each in one event");
    assert!(matches!(run.outcome(), Some(Outcome::Failed { .. })), "{:?}", run.outcome());
}
