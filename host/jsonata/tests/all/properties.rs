//! Whatever text and JSON come, nothing panics.

use jsonata::{Bindings, Environment, Expression, Limits};
use proptest::prelude::*;
use serde_json::{Value, json};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[abc$ ]{0,2}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

/// Pieces that expressions are made of, apart by line feeds.
const PIECES: &str = include_str!("pieces.txt");

/// Pieces in any order.
fn any_pieces() -> impl Strategy<Value = String> {
    let pieces: Vec<&str> = PIECES.lines().collect();
    prop::collection::vec(prop::sample::select(pieces), 0..14).prop_map(|pieces| pieces.concat())
}

fn evaluate(text: &str, document: &Value) {
    let limits = Limits { steps: 20_000, memory_bytes: 1 << 20, ..Limits::default() };
    if let Ok(parsed) = Expression::parse(text) {
        let first = parsed.evaluate(document, &Bindings::new(), limits, Environment { now: 7, seed: 7 });
        let second = parsed.evaluate(document, &Bindings::new(), limits, Environment { now: 7, seed: 7 });
        assert_eq!(first, second, "the same world gives the same result");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics_the_parser(text in "\\PC{0,60}") {
        evaluate(&text, &json!(null));
    }

    #[test]
    fn no_order_of_pieces_panics(text in any_pieces(), document in any_json()) {
        evaluate(&text, &document);
    }

    #[test]
    fn no_argument_panics_a_function(
        name in prop::sample::select(vec!["substring", "pad", "split", "match", "replace", "formatNumber", "formatInteger",
            "parseInteger", "formatBase", "fromMillis", "toMillis", "round", "power", "join", "number", "range", "partition",
            "base64decode", "decodeUrl", "parse", "zip", "spread", "merge", "sort", "distinct", "lookup", "now", "string"]),
        arguments in prop::collection::vec(any_json(), 0..4),
    ) {
        let names: Vec<String> = (0..arguments.len()).map(|place| format!("v{place}")).collect();
        let text = format!("${name}({})", names.iter().map(|name| format!("${name}")).collect::<Vec<_>>().join(", "));
        let bindings = names.iter().zip(&arguments).fold(Bindings::new(), |all, (name, value)| all.with(name, value));
        let limits = Limits { steps: 100_000, memory_bytes: 4 << 20, ..Limits::default() };
        let parsed = Expression::parse(&text).unwrap();
        // Any result is right, as long as there is one.
        drop(parsed.evaluate(&json!(null), &bindings, limits, Environment::default()));
    }
}
