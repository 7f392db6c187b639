//! JSONata expressions of a definition: what they see, what they may cost, and what their failures are called.

use std::fmt;

use serde_json::Value;

use crate::failure::{Failure, QUERY_EVALUATION_ERROR};
use crate::reads::{Part, Reads};
use crate::world::{Scene, World};
use jsonata::{Binding, Bindings, Environment, Expression, Limits, Mention};

/// What one step of an evaluation costs of the allowance of an event, in bytes: as long as copying so many takes.
const STEP_BYTES: usize = 16;

/// What an evaluation costs beside its steps and what it makes, in bytes.
const CALL_BYTES: usize = 512;

/// How much of an expression a failure quotes, in characters.
const QUOTED_CHARACTERS_MAX: usize = 1_000;

/// An expression in its place.
#[derive(Debug, PartialEq)]
pub(crate) struct Query {
    expression: Expression,
    /// The field, and the keys and indexes that lead to it from there: `Output/lines/0`.
    place: Box<str>,
    pub(crate) reads: Reads,
    is_random: bool,
}

impl Query {
    pub(crate) fn new(expression: Expression, place: &str) -> Self {
        let (mut reads, mut is_random) = (Reads::default(), false);
        expression.visit(&mut |mention| match mention {
            Mention::Variable { name: "states", fields, .. } => reads.add_parts(parts(&fields)),
            Mention::Variable { name, .. } => {
                is_random |= matches!(name, "random" | "shuffle" | "uuid");
                reads.add_variable(name);
            }
            _ => {}
        });
        Self { expression, place: place.into(), reads, is_random }
    }

    /// Its value, which is new.
    pub(crate) fn evaluate(&self, scene: Scene<'_>) -> Result<Value, Failure> {
        let world = scene.world;
        world.spend(CALL_BYTES)?;
        // A quarter of what is left for its steps and one for what it makes: what follows a failure, a Catcher's own
        // expression, can still be evaluated.
        let left = world.allowance.get() / 4;
        let most = Limits::default();
        let limits = Limits {
            steps: most.steps.min(u64::try_from(left / STEP_BYTES).unwrap_or(u64::MAX)),
            memory_bytes: most.memory_bytes.min(left),
            result_bytes: most.result_bytes.min(world.limit),
            ..most
        };
        let environment = Environment {
            now: world.now.as_micros().div_euclid(1_000),
            seed: if self.is_random { world.draw() } else { 0 },
        };
        let (result, spent) =
            self.expression.evaluate_counted(&Value::Null, &self.bindings(scene), limits, environment);
        let steps = usize::try_from(spent.steps).unwrap_or(usize::MAX);
        let paid = world.spend(steps.saturating_mul(STEP_BYTES).saturating_add(spent.memory_bytes));
        match result {
            Err(error) if error.code == RESULT_TOO_LONG => Err(Failure::too_large()),
            Err(error) => Err(self.failed(format_args!("threw an error during evaluation. {error}"))),
            Ok(None) => Err(self.failed(format_args!("returned nothing (undefined)."))),
            Ok(Some(value)) => {
                paid?;
                // What it makes is copied out of where it was made.
                world.spend(jsonpath::measure(&value).bytes)?;
                Ok(value)
            }
        }
    }

    /// It gave something else than its place takes.
    pub(crate) fn unfit(&self, wanted: &str) -> Failure {
        self.failed(format_args!("returned an unexpected result type. It must give {wanted}."))
    }

    fn failed(&self, what: fmt::Arguments<'_>) -> Failure {
        let text = syntax::shortened(self.expression.text().trim(), QUOTED_CHARACTERS_MAX);
        let place = &self.place;
        Failure::because(
            QUERY_EVALUATION_ERROR,
            format!("The JSONata expression '{text}' specified for the field '{place}' {what}"),
        )
    }

    /// `$states`, and the variables.
    fn bindings<'s>(&self, scene: Scene<'s>) -> Bindings<'s> {
        let mut states = vec![("input", Binding::Value(scene.document))];
        states.extend(scene.result.map(|result| ("result", Binding::Value(result))));
        states.extend(scene.error.map(|error| ("errorOutput", Binding::Value(error))));
        if [Part::Standing, Part::Input, Part::Item].into_iter().any(|part| self.reads.has(part)) {
            states.push(("context", context(scene.world)));
        }
        let bindings = Bindings::new().with("states", Binding::Record(states));
        let variables = scene.world.variables.iter();
        variables.fold(bindings, |bindings, (name, value)| bindings.with(name, &**value))
    }
}

/// The code of a result that is longer than a document may be.
const RESULT_TOO_LONG: &str = "L1004";

/// The expression as it is written, without its marks.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expression.text())
    }
}

/// What of the context object the names after `$states` lead to.
fn parts(names: &[&str]) -> &'static [Part] {
    match names {
        [] | ["context"] => &[Part::Standing, Part::Token, Part::Input, Part::Item],
        ["context", "Task", ..] => &[Part::Standing, Part::Token],
        ["context", "Execution"] => &[Part::Standing, Part::Input],
        ["context", "Execution", "Input", ..] => &[Part::Input],
        ["context", "Map"] | ["context", "Map", "Item"] => &[Part::Standing, Part::Item],
        ["context", "Map", "Item", "Value", ..] => &[Part::Item],
        ["context", ..] => &[Part::Standing],
        _ => &[],
    }
}

/// The context object; the two documents in it are not copied.
fn context(world: &World) -> Binding<'_> {
    let mut context = Binding::Value(&world.context).into_record();
    if let Some(input) = world.input.as_deref() {
        put(&mut context, &["Execution", "Input"], input);
    }
    if let Some(item) = world.item() {
        put(&mut context, &["Map", "Item", "Value"], item);
    }
    Binding::Record(context)
}

fn put<'b>(fields: &mut Vec<(&'b str, Binding<'b>)>, names: &[&'static str], value: &'b Value) {
    let Some((name, rest)) = names.split_first() else { return };
    let old = fields.iter().position(|(known, _)| known == name).map(|place| fields.remove(place).1);
    let new = if rest.is_empty() {
        Binding::Value(value)
    } else {
        let mut inner = old.map(Binding::into_record).unwrap_or_default();
        put(&mut inner, rest, value);
        Binding::Record(inner)
    };
    fields.push((name, new));
}
