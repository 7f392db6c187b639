//! What a caller gives and gets, and the functions of Step Functions.

use jsonata::{Binding, Bindings, Environment, Error, Expression, Limits, Mention};
use serde_json::{Value, json};

fn run_in(expression: &str, bindings: &Bindings<'_>, environment: Environment) -> Result<Option<Value>, Error> {
    Expression::parse(expression)?.evaluate(&json!(null), bindings, Limits::default(), environment)
}

fn run(expression: &str) -> Result<Option<Value>, Error> {
    run_in(expression, &Bindings::new(), Environment { now: 1_526_034_030_456, seed: 1 })
}

fn value(expression: &str) -> Value {
    let result = run(expression);
    assert!(matches!(result, Ok(Some(_))), "{expression}: {result:?}");
    result.ok().flatten().unwrap_or_default()
}

fn code(expression: &str) -> &'static str {
    let result = run(expression);
    assert!(result.is_err(), "{expression}: {result:?}");
    result.map_or_else(|error| error.code, |_| "")
}

#[test]
fn variables_are_values_or_objects_of_values_that_lie_apart() {
    let (input, count, other) = (json!({"name": "Ada"}), json!(3), json!(4));
    let context = vec![("deep", Binding::Value(&count))];
    let bindings = Bindings::new()
        .with("states", Binding::Record(vec![("input", (&input).into()), ("context", Binding::Record(context))]))
        .with("count", &other)
        .with("count", &count);
    let result = run_in("$states.input.name & $count & $states.context.deep", &bindings, Environment::default());
    assert_eq!(result, Ok(Some(json!("Ada33"))));
}

#[test]
fn a_variable_may_hide_a_function_and_be_hidden_itself() {
    let seven = json!(7);
    let bindings = Bindings::new().with("sum", &seven);
    assert_eq!(run_in("$sum", &bindings, Environment::default()), Ok(Some(json!(7))));
    assert_eq!(run_in("($sum := 8; $sum)", &bindings, Environment::default()), Ok(Some(json!(8))));
}

#[test]
fn nothing_found_is_no_null() {
    assert_eq!(run("nothing.at.all"), Ok(None));
    assert_eq!(run("null"), Ok(Some(Value::Null)));
}

#[test]
fn numbers_that_json_cannot_hold_are_text_as_in_step_functions() {
    assert_eq!(
        value("{'a': 1 / 0, 'b': -1 / 0, 'c': 0 / 0, 'd': -0}").to_string(),
        r#"{"a":"Infinity","b":"-Infinity","c":"NaN","d":0}"#
    );
    assert_eq!(value("[1, 1.5, 9007199254740993, 1e30]").to_string(), "[1,1.5,9007199254740992,1e+30]");
}

#[test]
fn a_function_is_no_result() {
    assert_eq!(code("$sum"), "D3206");
    assert_eq!(code("{'a': [function(){1}]}"), "D3206");
}

#[test]
fn positions_are_counted_in_code_units() {
    assert_eq!(run("'\u{1f600}' + 1").unwrap_err().position, Some(6));
    assert_eq!(run("'abcd' + 1").unwrap_err().position, Some(8));
}

#[test]
fn eval_is_not_there() {
    assert_eq!(code("$eval('1')"), "T1006");
}

#[test]
fn time_is_the_one_that_is_given() {
    assert_eq!(value("[$millis(), $now()]"), json!([1_526_034_030_456_i64, "2018-05-11T10:20:30.456Z"]));
}

#[test]
fn chance_comes_from_the_seed() {
    let draw = "[$random(), $random(), $uuid(), $shuffle([1..9])]";
    assert_eq!(value(draw), value(draw));
    let other = run_in(draw, &Bindings::new(), Environment { now: 0, seed: 2 }).unwrap().unwrap();
    assert_ne!(value(draw), other);
    assert_eq!(value("$random() != $random()"), json!(true));
    assert_eq!(value("$random(5) = $random(5) and $random(5) != $random(6)"), json!(true));
    assert_eq!(value("$min([1..100].$random()) >= 0 and $max([1..100].$random()) < 1"), json!(true));
    assert_eq!(value("$sort($shuffle([1..9]))"), json!([1, 2, 3, 4, 5, 6, 7, 8, 9]));
    assert_eq!(
        value("$contains($uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)"),
        json!(true)
    );
}

#[test]
fn partition_cuts_an_array_in_pieces() {
    assert_eq!(value("$partition([1..5], 2)"), json!([[1, 2], [3, 4], [5]]));
    assert_eq!(value("$partition([1..4], 2.9)"), json!([[1, 2], [3, 4]]));
    assert_eq!(value("$partition([], 2)"), json!([]));
    assert_eq!(code("$partition([1], 0)"), "D3201");
}

#[test]
fn range_counts_by_steps_and_not_too_far() {
    assert_eq!(value("$range(0, 10, 5)"), json!([0, 5, 10]));
    assert_eq!(value("$range(3, 1, -1)"), json!([3, 2, 1]));
    assert_eq!(value("$range(1, 0, 1)"), json!([]));
    assert_eq!(value("$count($range(1, 1000, 1))"), json!(1_000));
    assert_eq!(code("$range(1, 1001, 1)"), "D3202");
    assert_eq!(code("$range(1, 2, 0)"), "D3202");
}

#[test]
fn hash_knows_five_algorithms() {
    assert_eq!(value("$hash('abc', 'MD5')"), json!("900150983cd24fb0d6963f7d28e17f72"));
    assert_eq!(value("$hash('abc', 'SHA-1')"), json!("a9993e364706816aba3e25717850c26c9cd0d89d"));
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(value("$hash('abc', 'SHA-256')"), json!(sha256));
    assert_eq!(value("$length($hash('abc', 'SHA-384')) & $length($hash('', 'SHA-512'))"), json!("96128"));
    assert_eq!(code("$hash('abc', 'CRC')"), "D3203");
}

#[test]
fn parse_reads_json() {
    assert_eq!(value(r#"$parse('{"b": [1, {"a": null}], "c": "\u00e9"}').b[1]"#), json!({"a": null}));
    assert_eq!(code("$parse('{')"), "D3204");
}

#[test]
fn an_expression_can_be_shared_between_threads() {
    let expression = Expression::parse("$sum([1..10])").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let result =
                    expression.evaluate(&json!(1), &Bindings::new(), Limits::default(), Environment::default());
                assert_eq!(result, Ok(Some(json!(55))));
            });
        }
    });
}

/// What an expression looks at, one word each.
fn mentions(expression: &str) -> Vec<String> {
    let Ok(expression) = Expression::parse(expression) else { return Vec::new() };
    let mut seen = Vec::new();
    expression.visit(&mut |mention| {
        seen.push(match mention {
            Mention::Variable { name, fields, is_called: true, .. } => format!("{name}({})", fields.join(".")),
            Mention::Variable { name, is_bound: true, .. } => format!("{name}:="),
            Mention::Variable { name, fields, .. } => format!("{name}[{}]", fields.join(".")),
            Mention::Root { .. } => "$$".to_owned(),
            Mention::Context { .. } => "$".to_owned(),
            Mention::Name { name, .. } => name.to_owned(),
            Mention::Regex => "/".to_owned(),
        });
    });
    seen.sort();
    seen.dedup();
    seen
}

#[test]
fn an_expression_tells_what_it_looks_at_outside_of_itself() {
    for (expression, wanted) in [
        ("$states.input.a.b[c > 1].d", &["states[input.a.b]"][..]),
        ("$states.input.(a + $.b + $$.c)", &["$$", "states[input]"]),
        ("$sum($x.y)", &["sum()", "x[y]"]),
        ("($x := 1; $x + $y)", &["x:=", "y[]"]),
        ("a.b", &["a"]),
        ("$.a & *", &["$", "*"]),
        ("function($i){$ & $i}", &["$", "i:="]),
        ("$map($l, function($i){$i.a})", &["i:=", "l[]", "map()"]),
        ("$l^(>a).b{c: d}", &["l[]"]),
        ("$l ~> |a|{'b': c}|", &["l[]"]),
        ("{'a': [b, -c, d ? e : f]}", &["b", "c", "d", "e", "f"]),
        ("$x ~> $f ~> $g(1) ~> $match(/a/)", &["/", "f[]", "g()", "match()", "x[]"]),
        ("$l@$a.b[$a.c = 1]#$n.%.d", &["a:=", "l[]"]),
    ] {
        assert_eq!(mentions(expression), wanted, "{expression}");
    }
}

#[test]
fn an_evaluation_tells_what_it_took_also_when_it_fails() {
    let run = |expression: &str| {
        let expression = Expression::parse(expression).unwrap();
        let limits = Limits { steps: 1_000, ..Limits::default() };
        expression.evaluate_counted(&json!(null), &Bindings::new(), limits, Environment::default())
    };
    let (result, spent) = run("$sum([1..100])");
    assert_eq!(result, Ok(Some(json!(5_050))));
    assert!((100..1_000).contains(&spent.steps) && spent.memory_bytes > 100, "{spent:?}");
    let (result, spent) = run("$sum([1..1000])");
    assert!(result.is_err_and(|error| error.is_limit()) && spent.steps > 1_000, "{spent:?}");
}
