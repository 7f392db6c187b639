//! What the official implementation answered, replayed. `tests/official/record.mjs` says how it was recorded.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jsonata::{Bindings, Environment, Expression, Limits};
use serde_json::Value;

const RECORDED: &str = include_str!("../official/recorded.jsonl");

/// Expressions that are answered differently on purpose: each a reason, and texts one of which is in the expression.
const DIFFERENCES: &str = include_str!("../official/differences.json");

/// `$now()` of the recording.
const NOW: i64 = 1_526_034_030_456;

/// An answer in the form of the recording.
fn answer(expression: &str, document: &Value) -> Value {
    let environment = Environment { now: NOW, seed: 1 };
    let result = Expression::parse(expression)
        .and_then(|parsed| parsed.evaluate(document, &Bindings::new(), Limits::default(), environment));
    match result {
        Ok(None) => serde_json::json!([]),
        Ok(Some(result)) => serde_json::json!([0, result]),
        Err(error) => serde_json::json!([1, error.code, error.position, error.token, error.message]),
    }
}

/// Equal, with all numbers as JavaScript has them: to the last bit but one, for `serde_json` reads no better.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let (left, right) = (left.as_f64().unwrap_or(f64::NAN), right.as_f64().unwrap_or(f64::NAN));
            (left - right).abs() <= left.abs() * f64::EPSILON
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => left == right,
    }
}

#[test]
fn every_recorded_expression_is_answered_as_by_the_official_implementation() {
    let differences: BTreeMap<String, Vec<String>> = serde_json::from_str(DIFFERENCES).unwrap();
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lines = RECORDED.lines();
    let documents: BTreeMap<String, Value> = serde_json::from_str(lines.next().unwrap()).unwrap();
    let (mut count, mut wrong, mut report) = (0, 0, String::new());
    for line in lines {
        let mut recorded: Vec<Value> = serde_json::from_str(line).unwrap();
        let rest = Value::from(recorded.split_off(2));
        let [Value::String(document), Value::String(expression)] = recorded.as_slice() else { panic!("{line}") };
        count += 1;
        let answered = answer(expression, &documents[document]);
        if equal(&answered, &rest) {
            continue;
        }
        let known = differences.iter().find(|(_, parts)| parts.iter().any(|part| expression == part));
        if let Some((reason, _)) = known {
            *used.entry(reason).or_default() += 1;
            continue;
        }
        wrong += 1;
        if wrong <= 2_000 {
            writeln!(report, "{document}: {expression}\n  official: {rest}\n  here:     {answered}").unwrap();
        }
    }
    assert!(count > 10_000, "only {count} expressions were recorded");
    assert!(wrong == 0, "{wrong} of {count} expressions are answered differently:\n{report}");
    for (reason, parts) in &differences {
        assert_eq!(used.get(reason.as_str()), Some(&parts.len()), "some of these are no differences: {reason}");
    }
}
