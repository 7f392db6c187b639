//! Paths and intrinsic functions in tables: what each gives, misses or is refused for.

use std::sync::Arc;

use asl::{Context, Effect, Outcome, StateMachine};
use serde_json::{Value, json};

use crate::played::{context, second};

const PATHS: &str = include_str!("../tables/paths.json");
const INTRINSICS: &str = include_str!("../tables/intrinsics.json");
const RULES: &str = include_str!("../tables/rules.json");

fn definition(formula: &str) -> String {
    json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"v.$": formula}, "End": true}}}).to_string()
}

/// What a Pass state makes of the formula; the error's name if it fails.
fn evaluate(formula: &str, input: &Value, context: Context) -> Result<Value, String> {
    run(&definition(formula), input, context)
}

/// The member `v` of what a machine without tasks ends with; the error's name if it fails.
fn run(definition: &str, input: &Value, context: Context) -> Result<Value, String> {
    let machine = StateMachine::parse(definition).unwrap_or_else(|findings| panic!("{definition}: {findings:?}"));
    let mut run = Arc::new(machine).start(Arc::new(input.clone()), context, second(0.0));
    match run.next_effect() {
        Some(Effect::Finished(Outcome::Succeeded(output))) => Ok(output["v"].clone()),
        Some(Effect::Finished(Outcome::Failed { error, .. })) => Err(error.unwrap()),
        other => panic!("{definition}: {other:?}"),
    }
}

fn entries<'t>(table: &'t Value, name: &str) -> impl Iterator<Item = &'t Value> {
    table.get(name).and_then(Value::as_array).into_iter().flatten()
}

#[test]
fn every_path_finds_what_its_table_says() {
    let mut wrong = Vec::new();
    for table in serde_json::from_str::<Vec<Value>>(PATHS).unwrap() {
        let gives = entries(&table, "gives").map(|entry| (entry[0].as_str().unwrap(), Ok(entry[1].clone())));
        let misses = entries(&table, "misses").map(|path| (path.as_str().unwrap(), Err("States.Runtime".to_owned())));
        for (path, wanted) in gives.chain(misses) {
            let found = evaluate(path, &table["input"], context());
            if found != wanted {
                wrong.push(format!("{}: {path} gives {found:?}, not {wanted:?}", table["about"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_function_gives_what_its_table_says() {
    let table: Value = serde_json::from_str(INTRINSICS).unwrap();
    let gives = entries(&table, "gives").map(|entry| (entry, Ok(entry[1].clone())));
    let fails = entries(&table, "fails").map(|entry| (entry, Err(entry[1].as_str().unwrap().to_owned())));
    let mut wrong = Vec::new();
    for (entry, wanted) in gives.chain(fails) {
        let formula = entry[0].as_str().unwrap();
        let found = evaluate(formula, &table["input"], context());
        if found != wanted {
            wrong.push(format!("{formula} gives {found:?}, not {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_is_true_or_false_or_fails_as_its_table_says() {
    let table: Value = serde_json::from_str(RULES).unwrap();
    let mut wrong = Vec::new();
    for (list, wanted) in [("true", Ok(json!(true))), ("false", Ok(json!(false))), ("fails", Err("States.Runtime"))] {
        for rule in entries(&table, list) {
            let mut choice = rule.clone();
            choice["Next"] = json!("T");
            let pass = |result: bool| json!({"Type": "Pass", "Result": result, "ResultPath": "$.v", "End": true});
            let choose = json!({"Type": "Choice", "Choices": [choice], "Default": "F"});
            let states = json!({"A": choose, "T": pass(true), "F": pass(false)});
            let found = run(&json!({"StartAt": "A", "States": states}).to_string(), &table["input"], context());
            if found != wanted.clone().map_err(str::to_owned) {
                wrong.push(format!("{rule} gives {found:?}, not {wanted:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_formula_that_is_none_is_refused_where_it_stands() {
    let table: Value = serde_json::from_str(INTRINSICS).unwrap();
    let paths = [
        "$.",
        "$..",
        "$[",
        "$[]",
        "$['a",
        "$['a',]",
        "$[x]",
        "$[1,x]",
        "$[0:1:0]",
        "$[0:1:2:3]",
        "$.a b",
        "$[(@.length-1)]",
        "$.a]",
        "$.a\\",
        "$a b",
        "$1",
        "$.x()",
        "$.length().x",
        "$.length(1)",
        "@.a",
        "a",
        "",
        "$[?()]",
        "$[?(@.a)",
        "$[?(@.a ==)]",
        "$[?(1)]",
        "$[?(@.a == x)]",
        "$[?(@.a =~ x)]",
        "$[?(@.a =~ /(/)]",
        "$[?(@.a =~ /(?=x)/)]",
        "$[?(@.a =~ /x)]",
        "$[?(@.a == 1 &&)]",
        "$[?(@.a == $$.State.Name)]",
        "$[?]",
        "$[?(@.a in [1)]",
    ];
    let refused = entries(&table, "refused").map(|formula| formula.as_str().unwrap()).chain(paths);
    for formula in refused {
        let findings = StateMachine::parse(&definition(formula)).expect_err(formula);
        let places: Vec<&str> = findings.iter().map(|finding| finding.pointer.as_str()).collect();
        assert_eq!(places, ["/States/A/Parameters/v.$"], "{formula}");
    }
}

#[test]
fn what_is_nested_or_repeated_without_end_is_refused() {
    let deep = format!("$[?({}@.a{})]", "(".repeat(5_000), ")".repeat(5_000));
    let inner = format!("$.a{}{}", "[?(@.a".repeat(500), ")]".repeat(500));
    let not = format!("$[?({}@.a)]", "!".repeat(5_000));
    let calls = format!("{}1{}", "States.Array(".repeat(500), ")".repeat(500));
    let long = format!("$.{}", "a".repeat(10_000));
    let regexes = format!("$[?({})]", vec!["@.a =~ /a{99}/"; 300].join(" || "));
    for formula in [deep, inner, not, calls, long, regexes, "$[?(@.a =~ /(a{999}){999}/)]".to_owned()] {
        assert!(StateMachine::parse(&definition(&formula)).is_err(), "{}", &formula[..40]);
    }
}

#[test]
fn what_is_random_follows_from_the_seed() {
    let draw = |formula: &str, seed| evaluate(formula, &json!({}), Context { seed, ..context() }).unwrap();
    for formula in ["States.UUID()", "States.MathRandom(0, 2000000000)"] {
        assert_eq!(draw(formula, 1), draw(formula, 1));
        assert_ne!(draw(formula, 1), draw(formula, 2));
        let twice = draw(&format!("States.Array({formula}, {formula})"), 1);
        assert_ne!(twice[0], twice[1], "{formula}");
    }
    let own = "States.MathRandom(0, 2000000000, 42)";
    assert_eq!(draw(own, 1), draw(own, 2));
    for seed in 0..50 {
        let number = draw("States.MathRandom(-2, 1)", seed);
        assert!((-2..1).contains(&number.as_i64().unwrap()), "{number}");
        let uuid = draw("States.UUID()", seed);
        let uuid = uuid.as_str().unwrap();
        assert!(uuid.len() == 36 && &uuid[14..15] == "4" && "89ab".contains(&uuid[19..20]), "{uuid}");
    }
}

#[test]
fn the_limits_of_functions_are_where_they_are_said_to_be() {
    let of = |function: &str, characters: usize| {
        evaluate(function, &json!({"t": "ä".repeat(characters), "b": "A".repeat(characters)}), context())
    };
    for function in ["States.Base64Encode($.t)", "States.Base64Decode($.b)", "States.Hash($.t, 'MD5')"] {
        assert!(of(function, 10_000).is_ok(), "{function}");
        assert_eq!(of(function, 10_001), Err("States.IntrinsicFailure".to_owned()), "{function}");
    }
    let doubled = (0..9).fold("$.t".to_owned(), |inner, _| format!("States.Format('{{}}{{}}', {inner}, $.t)"));
    assert!(of(&doubled, 10_000).is_ok());
    assert_eq!(of(&doubled, 20_000), Err("States.DataLimitExceeded".to_owned()));
}
