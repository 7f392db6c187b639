//! Definitions in YAML mean what their JSON means, and findings stand where they do in the YAML.

use asl::{DiagnosticCode, StateMachine, StateView};

const TEXT: &str = "
# Asks twice at most.
StartAt: Ask
States:
  Ask:
    Type: Task
    Resource: 'arn:weir:ask'
    TimeoutSeconds: 5
    Retry:
      - ErrorEquals: [Busy]
        MaxAttempts: 2
        BackoffRate: 1.5
    ResultPath: ~
    Next: Choose
  Choose:
    Type: Choice
    Choices:
    - Variable: $.n
      NumericEquals: 1
      Next: Done
    - {Variable: $.s, StringEquals: 'yes', Next: Done}
    Default: Done
  Done: {Type: Pass, Result: \"on\", End: true}
";

#[test]
fn yaml_says_what_json_says() {
    let machine = StateMachine::parse_yaml(TEXT).unwrap();
    let states: Vec<String> = machine.states().map(|state| state.name().to_string()).collect();
    assert_eq!(states, ["Ask", "Choose", "Done"]);
    assert!(machine.state("Ask").is_some_and(StateView::has_retry));
    assert!(machine.state("Done").is_some_and(StateView::ends));
}

#[test]
fn a_finding_stands_where_it_does_in_the_yaml() {
    for (there, instead, place) in [
        ("StartAt: Ask\n", "", ("", 3, 1)),
        ("StartAt: Ask", "StartAt: Gone", ("/StartAt", 3, 1)),
        ("TimeoutSeconds: 5", "TimeoutSeconds: five", ("/States/Ask/TimeoutSeconds", 8, 5)),
        ("ErrorEquals: [Busy]", "ErrorEquals: []", ("/States/Ask/Retry/0/ErrorEquals", 10, 9)),
        ("Variable: $.n", "Variable: n", ("/States/Choose/Choices/0/Variable", 18, 7)),
        ("      NumericEquals: 1\n", "", ("/States/Choose/Choices/0", 18, 7)),
        ("StringEquals: 'yes'", "StringEquals: yes, X: 1", ("/States/Choose/Choices/1/X", 21, 42)),
    ] {
        assert!(TEXT.contains(there), "{there}");
        let findings = StateMachine::parse_yaml(&TEXT.replace(there, instead)).unwrap_err();
        let found: Vec<_> = findings.iter().map(|it| (it.pointer.as_str(), it.line, it.column)).collect();
        assert_eq!(found, [place], "{findings:?}");
    }
}

#[test]
fn yaml_that_says_more_than_json_is_refused() {
    for text in ["", "a: [", "a: 1\n---\nb: 2", "a: &x 1\nb: *x", "a: !!str 1", "? [a]\n: 1", "{{a: 1}: 2}", "a: b: c"]
    {
        let findings = StateMachine::parse_yaml(text).expect_err(text);
        assert_eq!(findings[0].code, DiagnosticCode::InvalidJson, "{text}: {findings:?}");
    }
    for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000), "a: *a\n".repeat(10)] {
        assert!(StateMachine::parse_yaml(&text).is_err());
    }
}
