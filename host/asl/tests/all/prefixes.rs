//! Laws: a run that is stored and read goes on as if it had not been; no text and no event makes anything panic.

use std::sync::Arc;
use std::time::Duration;

use asl::{Effect, Event, Execution, StateMachine, TaskId};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::played::{Case, context, second};

/// One thing that happens to a run.
#[derive(Debug, Clone)]
struct Blow {
    kind: u8,
    /// Which of the tasks that were asked for.
    task: usize,
    output: Value,
    after_ms: u64,
    /// Whether the run is stored and read before it.
    cut: bool,
}

fn blows() -> impl Strategy<Value = Vec<Blow>> {
    let blow = (0..6_u8, 0..4_usize, document(), 0..20_000_u64, any::<bool>());
    vec(blow.prop_map(|(kind, task, output, after_ms, cut)| Blow { kind, task, output, after_ms, cut }), 0..12)
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z\"\\\\é]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((prop_oneof!["[a-c]", Just("go".to_owned())], inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn event(blow: &Blow, asked: &[TaskId]) -> Event {
    let task = asked.iter().rev().nth(blow.task).copied().unwrap_or(TaskId::new(99));
    let failed = |error: &'static str| Event::Failed { task, error: error.into(), cause: "why".to_owned() };
    match blow.kind {
        0 | 1 => Event::Succeeded { task, output: Arc::new(blow.output.clone()) },
        2 => failed("E"),
        3 => failed("F"),
        4 => Event::Heartbeat { task },
        _ => Event::Woke,
    }
}

fn drain(run: &mut Execution, asked: &mut Vec<TaskId>) -> Vec<Effect> {
    let mut effects = Vec::new();
    while let Some(effect) = run.next_effect() {
        if let Effect::Invoke { task, .. } = &effect
            && !asked.contains(task)
        {
            asked.push(*task);
        }
        effects.push(effect);
    }
    effects
}

/// What the parser knows, a tab between two.
const WORDS: &str = "A\tB\tStates\tStartAt\tType\tTask\tPass\tChoice\tWait\tSucceed\tFail\tParallel\tMap\tNext\tEnd\tResource\tRetry\t\
    Catch\tErrorEquals\tStates.ALL\tBranches\tChoices\tVariable\tAnd\tNot\tIsNull\tNumericEquals\tStringMatches\t\
    InputPath\tResultPath\tParameters\tx.$\tResultSelector\tSeconds\tSecondsPath\tTimeoutSeconds\t$\t$.a[0]\t\
    $.a[*].b\t$$.State.Name\t$.漢\\.b\t$['\t$[-1]\tError\tCausePath\tDefault\tBackoffRate\ta/~b\tItemProcessor\t\
    ItemSelector\tItemsPath\tMaxConcurrency\tAssign\t$x\tx\t$$.Map.Item.Value\t$$\t$..a[?(@.b > 0)]\t$[::-1]\t\
    $['a','b']\t$.a.length()\tStates.Format('{}', $.a)\tStates.ArrayRange(0, $.n, $.s)\t\
    States.JsonMerge($, $$, false)\tStates.UUID()\tJSONata\tQueryLanguage\t{% 1 %}\t\
    {% $states.input %}\t{% $x %}\t{% $states.result.a[0] %}\tArguments\tOutput\tItems\tCondition\t{%\t{% $uuid() %}";

/// Members that the parser knows, with values of all kinds.
fn definition() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(WORDS.split('\t').collect::<Vec<_>>());
    let leaf = prop_oneof![
        4 => word.clone().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<f64>().prop_map(|float| json!(float)),
        1 => any::<i64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            1 => vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => vec((word.clone(), inner), 0..6).prop_map(|members| {
                Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

/// Replaces the `place`-th value of `document`, counted depth first.
fn replace(document: &mut Value, place: &mut usize, with: &Value) {
    if *place == 0 {
        *document = with.clone();
    }
    *place = place.wrapping_sub(1);
    match document {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, place, with)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, place, with)),
        _ => {}
    }
}

/// Beats a run of the machine; only that nothing panics counts.
fn beat(machine: StateMachine, blows: &[Blow]) {
    let machine = Arc::new(machine);
    let mut run = machine.start(Arc::new(json!({"a": [{"b": 1}]})), context(), second(0.0));
    let (mut now, mut asked) = (second(0.0), Vec::new());
    for blow in blows {
        drain(&mut run, &mut asked);
        now = now.after(Duration::from_millis(blow.after_ms));
        if run.apply(event(blow, &asked), now).is_err() {
            continue;
        }
        run = Execution::decode(Arc::clone(&machine), &run.encode().unwrap()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn a_run_that_is_cut_anywhere_ends_as_the_uncut_one(place in any::<prop::sample::Index>(), blows in blows()) {
        let case = place.get(Case::all());
        let (mut whole, mut cut) = (case.start(), case.start());
        let (mut now, mut asked) = (second(0.0), Vec::new());
        for blow in &blows {
            let effects = drain(&mut whole, &mut asked);
            let again = drain(&mut cut, &mut asked);
            // What was open when the run was cut is asked for again; nothing is ever asked for less.
            prop_assert!(effects.iter().all(|effect| again.contains(effect)), "{effects:?} {again:?} of {}", case.name);
            if blow.cut {
                cut = Execution::decode(Arc::clone(&case.machine), &cut.encode().unwrap()).unwrap();
            }
            now = now.after(Duration::from_millis(blow.after_ms));
            let told = (whole.apply(event(blow, &asked), now), cut.apply(event(blow, &asked), now));
            prop_assert_eq!(told.0, told.1, "{}", &case.name);
            prop_assert_eq!(whole.encode().unwrap(), cut.encode().unwrap(), "{}", &case.name);
            prop_assert_eq!(whole.outcome(), cut.outcome());
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,200}") {
        prop_assert!(StateMachine::parse(&text).is_err());
        prop_assert!(StateMachine::parse_yaml(&text).is_err());
    }

    #[test]
    fn no_formula_makes_a_run_panic(
        formula in prop_oneof![
            "[$][.]{0,2}[ab*]{0,2}(\\[[-?:,0-3'\"a@*. ]{0,8}\\]){0,2}([.][a-l]{1,6}\\(\\))?",
            "[$][.]a\\[\\?\\([-!(@. ab'0-9=<>~&|/in$\\[\\]]{0,24}\\)\\]",
            "States[.](Format|StringSplit|MathAdd|ArrayRange|ArrayPartition|ArrayGetItem|MathRandom|Hash|StringToJson)\\([-$.a0-9', \\\\{}]{0,20}\\)",
        ],
        input in document(),
    ) {
        let text = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"v.$": formula}, "End": true}}});
        if let Ok(machine) = StateMachine::parse(&text.to_string()) {
            let run = Arc::new(machine).start(Arc::new(json!({"a": input})), context(), second(0.0));
            prop_assert!(run.outcome().is_some());
        }
    }

    #[test]
    fn no_expression_makes_a_run_panic(
        expression in "(\\$states[.](input|context)|\\$x|\\$(sum|map|now|uuid|keys)|[-+*/&.^?:;,~>@#%|\\[\\](){}'1a ]){0,12}",
        input in document(),
    ) {
        let expression = format!("{{%{expression}%}}");
        let pass = json!({"Type": "Pass", "Output": [expression], "Assign": {"x": expression}, "End": true});
        let text = json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": pass}});
        if let Ok(machine) = StateMachine::parse(&text.to_string()) {
            let run = Arc::new(machine).start(Arc::new(json!({"a": input})), context(), second(0.0));
            prop_assert!(run.outcome().is_some());
        }
    }

    #[test]
    fn no_json_makes_the_parser_panic(states in definition(), blows in blows()) {
        for text in [states.to_string(), json!({"StartAt": "A", "States": states}).to_string()] {
            if let Ok(machine) = StateMachine::parse(&text) {
                beat(machine, &blows);
            }
        }
    }

    #[test]
    fn no_state_makes_a_run_panic(
        place in any::<prop::sample::Index>(),
        node in 0..40_usize,
        with in definition(),
        blows in blows(),
    ) {
        let mut definition = place.get(Case::all()).definition.clone();
        replace(&mut definition, &mut node.clone(), &with);
        if let Ok(machine) = StateMachine::parse(&definition.to_string()) {
            beat(machine, &blows);
        }
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), blows in blows()) {
        let definition = include_str!("../blobs/definition-2.json");
        let machine = Arc::new(StateMachine::parse(definition).unwrap());
        let mut blob = include_bytes!("../blobs/format-2.blob").to_vec();
        let at = at.index(blob.len());
        blob[at] = byte;
        if let Ok(mut run) = Execution::decode(machine, &blob) {
            let mut asked = Vec::new();
            for blow in &blows {
                drain(&mut run, &mut asked);
                if run.apply(event(blow, &asked), second(0.0).after(Duration::from_millis(blow.after_ms))).is_err() {
                    continue;
                }
                run.encode().unwrap();
            }
        }
    }
}
