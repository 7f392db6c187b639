//! Hostile expressions end, each with the limit that it reached.

use jsonata::{Bindings, Environment, Error, Expression, Limits};
use serde_json::{Value, json};

fn run(expression: &str) -> Result<Option<Value>, Error> {
    run_within(expression, Limits::default())
}

fn run_within(expression: &str, limits: Limits) -> Result<Option<Value>, Error> {
    Expression::parse(expression)?.evaluate(&json!({"a": [1, 2, 3]}), &Bindings::new(), limits, Environment::default())
}

/// As `code`, on half of the stack that a thread has.
fn code_on_small_stack(expression: String) -> &'static str {
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(move || code(&expression));
    thread.map_or("", |thread| thread.join().unwrap_or_default())
}

fn code(expression: &str) -> &'static str {
    let result = run(expression);
    assert!(result.as_ref().is_err_and(Error::is_limit), "{expression}: {result:?}");
    result.map_or_else(|error| error.code, |_| "")
}

#[test]
fn an_endless_loop_ends_by_its_steps() {
    let limits = Limits { steps: 100_000, ..Limits::default() };
    for endless in ["($f := function(){$f()}; $f())", "($f := function($n){$f($n + 1)}; $f(0))"] {
        assert_eq!(run_within(endless, limits).unwrap_err().code, "L1001");
        assert!(code(endless).starts_with('L'));
    }
}

#[test]
fn a_deep_recursion_ends_by_its_depth_on_a_stack_of_one_megabyte() {
    let sources = [
        "($f := function($n){1 + $f($n)}; $f(0))",
        "($f := function($n){[$map([1], function($x){$f($x)})]}; $f(0))",
        "($f := function($n){{'a': (1; [$n].{'b': $sort([1, 2], function($l, $r){$f($l) > 0})})}}; $f(0))",
        "($f := function($n){$n ~> |$|{'a': $f({})}|}; $f({}))",
        "($f := function($n){[1, 2]^($f($)).x@$y[$f($y)]}; $f(0))",
        "($f := function($n){$replace('a', /a/, function($m){'' & $f(1)})}; $f(0))",
        "($f := function($n){$reduce([1, 2], function($a, $b){$a + ($b + ($b + $f($b)))})}; $f(0))",
    ];
    for source in sources {
        assert_eq!(code_on_small_stack(source.to_owned()), "L1002", "{source}");
    }
}

#[test]
fn values_without_end_end_by_their_bytes() {
    assert_eq!(code("($f := function($s){$f($s & $s)}; $f('abcdefgh'))"), "L1003");
    assert_eq!(code("$pad('', 1000000000)"), "L1003");
    assert_eq!(code("[1..4000000]"), "L1003");
    assert_eq!(code("$reduce([1..60], function($a, $b){[$a, $a]}, [1])"), "L1003");
    assert_eq!(code("$join($map([1..100000], function($i){$pad('', 1000)}))"), "L1003");
    assert_eq!(code("$replace($pad('', 1000, 'a'), /a/, $pad('', 20000, '$0'))"), "L1003");
    assert_eq!(code("($f := function($o){$f({'a': $o, 'b': $o, 'c': $string($o)})}; $f({}))"), "L1003");
}

#[test]
fn a_result_that_is_too_long_or_too_deep_is_refused() {
    let long = "$pad('', 9000000)";
    assert_eq!(code(long), "L1004");
    assert_eq!(code("$reduce([1..1000], function($a, $b){[[$a]]}, 1)"), "L1007");
    assert_eq!(code("$string($reduce([1..1000], function($a, $b){{'a': $a}}, 1))"), "L1007");
    assert_eq!(code("$boolean($reduce([1..1000], function($a, $b){[[$a]]}, 0))"), "L1007");
    assert_eq!(code("$reduce([1..1000], function($a, $b){[[$a]]}, 0).x"), "L1007");
    let twice = "($f := function(){$reduce([1..1000], function($a, $b){[[$a]]}, 0)}; $f() = $f())";
    assert_eq!(code(twice), "L1007");
}

#[test]
fn an_object_that_holds_itself_is_walked_no_further_than_the_limits() {
    assert_eq!(code("{'a': 1} ~> |$|{'b': $, 'c': $}|"), "L1007");
    assert_eq!(code("$string({'a': 1} ~> |$|{'b': $}|)"), "L1007");
    assert_eq!(code("({'a': 1} ~> |$|{'b': $, 'c': $}|).**"), "L1007");
}

#[test]
fn shared_parts_are_walked_as_often_as_steps_allow() {
    let doubled = "$reduce([1..200], function($a, $b){{'l': $a, 'r': $a}}, {})";
    assert!(["L1001", "L1003"].contains(&code(&format!("$count({doubled}.**)"))));
    assert!(["L1001", "L1003"].contains(&code(&format!("{doubled} = {doubled}"))));
    let lists = "$reduce([1..200], function($a, $b){[[$a], [$a]]}, [])";
    assert!(code(&format!("$boolean({lists})")).starts_with('L'));
}

#[test]
fn parsing_has_a_limit_of_nesting_and_length() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(100_000 / open.len()), close.repeat(10_000));
    for (open, close) in
        [("(", ")"), ("[", "]"), ("-", ""), ("{'a':", "}"), ("a.", ""), ("$f(", ")"), ("1+", ""), ("a[", "]")]
    {
        assert_eq!(code_on_small_stack(deep(open, close)), "L1006", "{open}");
    }
    assert_eq!(code_on_small_stack("function($x){".repeat(5_000)), "L1006");
    assert_eq!(code_on_small_stack("1 ?: ".repeat(5_000)), "L1006");
    assert_eq!(code_on_small_stack(format!("a{}", "^(b)".repeat(5_000))), "L1006");
    assert_eq!(code_on_small_stack(" ".repeat(200_000)), "L1006");
}

#[test]
fn pictures_have_a_limit_of_length_and_are_not_compiled_for_nothing() {
    for long in ["$formatInteger(1, $pad('0', 2000, ','))", "$formatNumber(1, $pad('0', 2000))", "$now('[Y,2000]')"] {
        assert_eq!(run(long).unwrap_err().code, "D3205");
    }
    let option = "$formatNumber(1234567, '#,##0', {'grouping-separator': $pad('', 20, 'x')})";
    assert_eq!(run(option).unwrap_err().code, "D3205");
    assert_eq!(code("$map([1..1000], function($i){$toMillis('one', '[Yw]' & $i)})"), "L1001");
}

#[test]
fn regular_expressions_have_a_limit_of_size_and_work() {
    assert_eq!(code("/(((a{100}){100}){100}){100}/"), "L1005");
    assert_eq!(code(&format!("/{}a{}/", "(".repeat(60), ")".repeat(60))), "L1005");
    assert_eq!(code(&format!("/{}/", "a".repeat(5_000))), "L1005");
    assert_eq!(code(&format!("$f({}1)", "/a/,".repeat(101))), "L1005");
    // What makes a backtracking engine try for ever is answered at once.
    assert_eq!(run("$contains($pad('', 10000, 'a') & 'b', /^(a+)+$/)"), Ok(Some(json!(false))));
    assert_eq!(code("$count($match($pad('', 100000, 'a'), /a(?:.*b)?/))"), "L1001");
}

#[test]
fn what_linear_time_does_not_allow_is_refused_with_what_it_is() {
    for (pattern, what) in [("/(?=a)/", "lookahead"), ("/(?<!a)b/", "lookbehind"), ("/(a)\\1/", "back-references")] {
        let error = run(pattern).expect_err(pattern);
        assert_eq!(error.code, "S0304");
        assert!(error.message.contains(what), "{error}");
    }
    assert_eq!(run("/a**/").expect_err("no pattern").code, "S0303");
}

#[test]
fn a_loop_in_tail_position_needs_no_depth() {
    let sum = "($sum := function($n, $s){$n = 0 ? $s : $sum($n - 1, $s + $n)}; $sum(50000, 0))";
    assert_eq!(run(sum), Ok(Some(json!(1_250_025_000))));
}
