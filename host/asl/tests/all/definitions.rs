//! Correct definitions of every kind, made up.

use asl::QueryLanguage::{self, JsonPath, Jsonata};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A machine of states in a row, so that all are reached and one ends it.
pub(crate) fn machine() -> impl Strategy<Value = Value> {
    let language = prop_oneof![Just(JsonPath), Just(Jsonata)];
    (language, any::<bool>(), proptest::option::of(text())).prop_flat_map(|(language, says, comment)| {
        states(language, 2, "S").prop_map(move |mut machine| {
            if language == Jsonata {
                machine["QueryLanguage"] = json!("JSONata");
            } else if says {
                machine["QueryLanguage"] = json!("JSONPath");
                machine["Version"] = json!("1.0");
                machine["TimeoutSeconds"] = json!(99);
            }
            if let Some(comment) = &comment {
                machine["Comment"] = json!(comment);
            }
            machine
        })
    })
}

fn states(language: QueryLanguage, depth: u32, prefix: &'static str) -> BoxedStrategy<Value> {
    proptest::collection::vec(state(language, depth), 1..5)
        .prop_map(move |states| {
            let count = states.len();
            let named = states.into_iter().enumerate().map(|(place, mut state)| {
                lead(&mut state, place, count, prefix);
                (format!("{prefix}{place}"), state)
            });
            json!({"StartAt": format!("{prefix}0"), "States": named.collect::<Map<_, _>>()})
        })
        .boxed()
}

/// Fills in where the state leads, and gives names to the states inside of it.
fn lead(state: &mut Value, place: usize, count: usize, prefix: &str) {
    let next = format!("{prefix}{}", if place + 1 < count { place + 1 } else { place });
    match state["Type"].as_str() {
        Some("Choice") if place + 1 < count => {
            for rule in state["Choices"].as_array_mut().into_iter().flatten() {
                rule["Next"] = json!(next);
            }
            state["Default"] = json!(next);
        }
        Some("Choice") => *state = json!({"Type": "Fail", "Error": "E"}),
        _ if place + 1 < count => state["Next"] = json!(next),
        _ => state["End"] = json!(true),
    }
    for catcher in state.get_mut("Catch").and_then(Value::as_array_mut).into_iter().flatten() {
        catcher["Next"] = json!(next);
    }
    let own = format!("{prefix}{place}");
    let branches = state.get_mut("Branches").and_then(Value::as_array_mut).into_iter().flatten();
    branches.enumerate().for_each(|(branch, machine)| rename(machine, &format!("{own}.{branch}.")));
    for name in ["ItemProcessor", "Iterator"] {
        if let Some(machine) = state.get_mut(name) {
            rename(machine, &format!("{own}.i."));
        }
    }
}

/// Puts `prefix` before the name of every state in `machine`: names are unique in a whole definition.
fn rename(machine: &mut Value, prefix: &str) {
    for value in [machine.get_mut("StartAt")].into_iter().flatten() {
        prepend(value, prefix);
    }
    let Some(states) = machine.get_mut("States").and_then(Value::as_object_mut) else { return };
    for (name, mut state) in std::mem::take(states) {
        for target in ["Next", "Default"] {
            state.get_mut(target).into_iter().for_each(|value| prepend(value, prefix));
        }
        for list in ["Choices", "Catch"] {
            let entries = state.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
            entries.for_each(|entry| prepend(&mut entry["Next"], prefix));
        }
        state.get_mut("Branches").and_then(Value::as_array_mut).into_iter().flatten().for_each(|machine| {
            rename(machine, prefix);
        });
        for inner in ["ItemProcessor", "Iterator"] {
            state.get_mut(inner).into_iter().for_each(|machine| rename(machine, prefix));
        }
        states.insert(format!("{prefix}{name}"), state);
    }
}

fn prepend(value: &mut Value, prefix: &str) {
    let name = value.as_str().unwrap_or_default();
    *value = json!(format!("{prefix}{name}"));
}

fn state(language: QueryLanguage, depth: u32) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        4 => fields(leaf_fields(language)),
        1 => choice(language),
        1 => fields(wait_fields(language)),
        2 => fields(task_fields(language)),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let parallel = (proptest::collection::vec(states(language, depth - 1, "B"), 1..3), errand(language, "Parameters"));
    let parallel = parallel.prop_map(|(branches, mut state)| {
        (state["Type"], state["Branches"]) = (json!("Parallel"), json!(branches));
        state
    });
    let selector = prop_oneof![Just("ItemSelector"), Just("Parameters")];
    let map =
        (states(language, depth - 1, "I"), any::<bool>(), selector).prop_flat_map(move |(inner, old, selector)| {
            errand(language, selector).prop_map(move |mut state| {
                (state["Type"], state["MaxConcurrency"]) = (json!("Map"), json!(u32::from(old) * 7));
                state[if old { "Iterator" } else { "ItemProcessor" }] = inner.clone();
                if language == Jsonata {
                    state["Items"] = json!(["{% $states.input %}", 1]);
                } else {
                    state["ItemsPath"] = json!("$.items");
                }
                state
            })
        });
    prop_oneof![6 => leaf, 1 => parallel, 1 => map].boxed()
}

/// A field of a state and what may stand there; each is there or not.
type Field = (&'static str, BoxedStrategy<Value>);

fn fields(all: Vec<Field>) -> BoxedStrategy<Value> {
    let members: Vec<_> = all
        .into_iter()
        .map(|(name, value)| {
            let needed = name.ends_with('*');
            let some = if needed { value.prop_map(Some).boxed() } else { proptest::option::of(value).boxed() };
            some.prop_map(move |value| value.map(|value| (name.trim_end_matches('*').to_owned(), value)))
        })
        .collect();
    members.prop_map(|members| Value::Object(members.into_iter().flatten().collect())).boxed()
}

fn flow(language: QueryLanguage) -> Vec<Field> {
    let comment = ("Comment", text().prop_map(Value::from).boxed());
    let own = own_language(language);
    if language == Jsonata {
        return vec![comment, own, ("Output", template(Jsonata)), ("Assign", assign(Jsonata))];
    }
    let selection = || prop_oneof![Just(Value::Null), path()].boxed();
    vec![comment, own, ("InputPath", selection()), ("OutputPath", selection()), ("Assign", assign(JsonPath))]
}

/// A state may say the language that it has anyway.
fn own_language(language: QueryLanguage) -> Field {
    ("QueryLanguage", Just(json!(if language == Jsonata { "JSONata" } else { "JSONPath" })).boxed())
}

fn leaf_fields(language: QueryLanguage) -> Vec<Field> {
    let mut fields = flow(language);
    fields.push(("Type*", Just(json!("Pass")).boxed()));
    if language != Jsonata {
        fields.push(("Parameters", template(JsonPath)));
        fields.push(("Result", json_value()));
        fields.push(("ResultPath", result_path()));
    }
    fields
}

fn wait_fields(language: QueryLanguage) -> Vec<Field> {
    let mut fields = flow(language);
    fields.push(("Type*", Just(json!("Wait")).boxed()));
    if language == Jsonata {
        fields.push(("Seconds*", prop_oneof![(0..9_u32).prop_map(Value::from), expression()].boxed()));
    } else {
        const MOMENTS: [&str; 3] =
            ["2026-01-02T03:04:05.678Z", "0000-01-01T00:00:00+11:30", "1969-12-31T23:59:59.5-09:00"];
        fields.push(("Timestamp*", proptest::sample::select(&MOMENTS[..]).prop_map(Value::from).boxed()));
    }
    fields
}

fn task_fields(language: QueryLanguage) -> Vec<Field> {
    let template_name = if language == Jsonata { "Arguments" } else { "Parameters" };
    let mut fields = errand_fields(language, template_name);
    fields.push(("Type*", Just(json!("Task")).boxed()));
    fields.push(("Resource*", text().prop_map(|text| json!(format!("component:{text}"))).boxed()));
    fields.push(("TimeoutSeconds", (50..99_u32).prop_map(Value::from).boxed()));
    fields.push(("HeartbeatSeconds", (1..50_u32).prop_map(Value::from).boxed()));
    let role = if language == Jsonata { json!({"RoleArn": "{% 'r' %}"}) } else { json!({"RoleArn.$": "$.role"}) };
    fields.push(("Credentials", Just(role).boxed()));
    fields
}

fn errand(language: QueryLanguage, name: &'static str) -> BoxedStrategy<Value> {
    let name = if language == Jsonata && name == "Parameters" { "" } else { name };
    fields(errand_fields(language, name))
}

fn errand_fields(language: QueryLanguage, name: &'static str) -> Vec<Field> {
    let mut fields = flow(language);
    if !name.is_empty() {
        fields.push((name, template(language)));
    }
    if language != Jsonata {
        fields.push(("ResultSelector", template(JsonPath)));
        fields.push(("ResultPath", result_path()));
    }
    let retry = (1..5_u32, 0..9_u32, 1.0..9.0_f64, any::<bool>()).prop_map(|(interval, attempts, rate, full)| {
        json!([{"ErrorEquals": ["E", "F"], "IntervalSeconds": interval, "MaxAttempts": attempts, "BackoffRate": rate},
            {"ErrorEquals": ["States.ALL"], "Comment": "c", "MaxDelaySeconds": 60,
             "JitterStrategy": if full { "FULL" } else { "NONE" }}])
    });
    fields.push(("Retry", retry.boxed()));
    let placed = if language == Jsonata { ("Output", template(Jsonata)) } else { ("ResultPath", result_path()) };
    let catch = (placed.1, assign(language)).prop_map(move |(output, assign)| {
        json!([{"ErrorEquals": ["States.TaskFailed"], placed.0: output, "Assign": assign}, {"ErrorEquals": ["States.ALL"]}])
    });
    fields.push(("Catch", catch.boxed()));
    fields
}

fn choice(language: QueryLanguage) -> BoxedStrategy<Value> {
    let test = if language == Jsonata {
        prop_oneof![any::<bool>().prop_map(Value::from), expression()]
            .prop_map(|condition| json!({"Condition": condition}))
            .boxed()
    } else {
        comparison()
    };
    (proptest::collection::vec(test, 1..4), fields(flow(language)))
        .prop_map(|(rules, mut state)| {
            (state["Type"], state["Choices"]) = (json!("Choice"), json!(rules));
            state
        })
        .boxed()
}

fn comparison() -> BoxedStrategy<Value> {
    let operand = prop_oneof![
        text().prop_map(|text| ("StringLessThan", json!(text))),
        text().prop_map(|text| ("StringMatches", json!(text))),
        Just(("StringMatches", json!("a*\\*\\\\b*"))),
        number().prop_map(|number| ("NumericGreaterThanEquals", number)),
        path().prop_map(|path| ("NumericEqualsPath", path)),
        any::<bool>().prop_map(|truth| ("IsTimestamp", json!(truth))),
        any::<bool>().prop_map(|truth| ("BooleanEquals", json!(truth))),
        Just(("TimestampLessThanEquals", json!("2026-01-02T03:04:05.5-01:00"))),
    ];
    let leaf = operand.prop_map(|(operator, operand)| json!({"Variable": "$.a", operator: operand}));
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..3).prop_map(|tests| json!({"And": tests})),
            proptest::collection::vec(inner.clone(), 1..3).prop_map(|tests| json!({"Or": tests})),
            inner.prop_map(|test| json!({"Not": test})),
        ]
    })
    .boxed()
}

fn assign(language: QueryLanguage) -> BoxedStrategy<Value> {
    // The name differs from those of other scopes by chance alone; one name in all of them would be refused.
    let value = if language == Jsonata { template(Jsonata) } else { json_value() };
    (0..u64::MAX, value)
        .prop_map(move |(number, value)| {
            let filled = if language == Jsonata { format!("y{number}") } else { format!("y{number}.$") };
            let formula = if language == Jsonata { "{% $states.input %}" } else { "$.a" };
            json!({format!("x{number}"): value, filled: formula})
        })
        .boxed()
}

fn text() -> BoxedStrategy<String> {
    // Without '$': a key that ends in ".$" must have a path.
    prop_oneof!["[a-c ]{0,4}", "[^{}%$]{0,6}"].boxed()
}

fn number() -> BoxedStrategy<Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no infinity", |number| number.is_finite()).prop_map(Value::from),
    ]
    .boxed()
}

fn path() -> BoxedStrategy<Value> {
    const PATHS: [&str; 7] = ["$", "$.a", "$.a.b[0]", "$['a b']", "$$.State.Name", "$..a[?(@.b > 1)]", "$.a[-1:]"];
    proptest::sample::select(&PATHS[..]).prop_map(Value::from).boxed()
}

fn result_path() -> BoxedStrategy<Value> {
    prop_oneof![Just(Value::Null), Just(json!("$")), Just(json!("$.a.b[0]")), Just(json!("$['a b']"))].boxed()
}

fn expression() -> BoxedStrategy<Value> {
    const EXPRESSIONS: [&str; 3] =
        ["{%$states.input.a%}", "{% {'a': [1, $states.context.State.Name]} %}", "{%\n$uuid() ~> $length\n%}"];
    proptest::sample::select(&EXPRESSIONS[..]).prop_map(Value::from).boxed()
}

fn json_value() -> BoxedStrategy<Value> {
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number(), text().prop_map(Value::from)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::vec((text(), inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
    .boxed()
}

/// JSON with something filled in.
fn template(language: QueryLanguage) -> BoxedStrategy<Value> {
    if language == Jsonata {
        let filled =
            (json_value(), expression()).prop_map(|(value, formula)| json!({"l": [value, formula], "m": formula}));
        return prop_oneof![json_value().prop_map(|value| json!({"v": value})), expression(), filled].boxed();
    }
    let formula = prop_oneof![path(), Just(json!("States.Format('{} \\\\ {}', $.a, States.UUID())"))];
    (json_value(), formula)
        .prop_map(|(value, formula)| json!({"v": value, "f.$": formula, "l": [{"g.$": formula}, 1]}))
        .boxed()
}
