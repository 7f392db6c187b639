//! Intrinsic functions: `States.Format('Hello, {}', $.name)`.

mod array;
mod draw;
mod hash;
mod math;
mod read;
mod text;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::formula::Formula;
use crate::path::Path;
use crate::sight::{Sight, World};
use text::Pieces;

pub(crate) use draw::next as draw;
pub use draw::task_token;

/// What a call costs beside what it looks at and makes, in bytes.
const CALL_BYTES: usize = 256;

/// A call, with its arguments checked for their number.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    function: Function,
    arguments: Box<[Argument]>,
    text: Arc<str>,
}

#[derive(Debug, Clone, PartialEq)]
enum Argument {
    Literal(Value),
    /// The literal template of `States.Format`.
    Pieces(Pieces),
    Formula(Formula),
}

/// Which function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Format,
    StringToJson,
    JsonToString,
    Array,
    ArrayPartition,
    ArrayContains,
    ArrayRange,
    ArrayGetItem,
    ArrayLength,
    ArrayUnique,
    Base64Encode,
    Base64Decode,
    Hash,
    JsonMerge,
    MathRandom,
    MathAdd,
    StringSplit,
    Uuid,
}

/// Why a function gave nothing.
#[derive(Debug)]
enum Refusal {
    /// Said to the author.
    Wrong(&'static str),
    /// Not the function's own fault.
    Failed(Fault),
}

impl From<Fault> for Refusal {
    fn from(failure: Fault) -> Self {
        Self::Failed(failure)
    }
}

impl Call {
    /// Reads a call.
    ///
    /// # Errors
    ///
    /// What is wrong with it: half a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        read::call(text)
    }

    /// The function's name, without `States.`.
    pub fn name(&self) -> &str {
        let name = self.text.split('(').next().unwrap_or_default().trim_ascii_end();
        name.strip_prefix("States.").unwrap_or(name)
    }

    /// Its value. `field` is named when a path in an argument finds nothing.
    ///
    /// # Errors
    ///
    /// [`Fault`]: of the function, of an argument, or of what either costs.
    pub fn evaluate(&self, sight: Sight<'_>, field: &str) -> Result<Value, Fault> {
        sight.world.spend(CALL_BYTES)?;
        let mut values = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            values.push(match argument {
                Argument::Literal(value) => Cow::Borrowed(value),
                Argument::Formula(formula) => formula.evaluate(sight, field)?,
                Argument::Pieces(_) => Cow::Owned(Value::Null),
            });
        }
        let pieces = match self.arguments.first() {
            Some(Argument::Pieces(pieces)) => Some(pieces),
            _ => None,
        };
        let world = sight.world;
        match self.apply(pieces, &values, world).and_then(|value| Ok(world.admit(value)?)) {
            Ok(value) => Ok(value),
            Err(Refusal::Failed(fault)) => Err(fault),
            Err(Refusal::Wrong(why)) => Err(Fault::Intrinsic { call: self.to_string(), why }),
        }
    }

    fn apply(&self, pieces: Option<&Pieces>, values: &[Cow<'_, Value>], world: &World) -> Result<Value, Refusal> {
        let at = |place: usize| values.get(place).map_or(&Value::Null, |value| &**value);
        let rest = values.get(1..).unwrap_or_default();
        match self.function {
            Function::Format => text::format(pieces, at(0), rest, world),
            Function::StringToJson => text::parse(at(0)),
            Function::JsonToString => text::print(at(0), world),
            Function::StringSplit => text::split(at(0), at(1)),
            Function::Base64Encode => text::encode(at(0)),
            Function::Base64Decode => text::decode(at(0)),
            Function::Array => {
                values.iter().try_for_each(|value| world.spend(crate::size::measure(value).bytes))?;
                Ok(values.iter().map(|value| Value::clone(value)).collect())
            }
            Function::ArrayPartition => array::partition(at(0), at(1), world),
            Function::ArrayContains => array::contains(at(0), at(1), world),
            Function::ArrayRange => array::range(at(0), at(1), at(2)),
            Function::ArrayGetItem => array::get(at(0), at(1), world),
            Function::ArrayLength => array::list(at(0)).map(|items| Value::from(items.len())),
            Function::ArrayUnique => array::unique(at(0), world),
            Function::Hash => hash::hash(at(0), at(1), world),
            Function::JsonMerge => merge(at(0), at(1), at(2), world),
            Function::MathRandom => math::random(at(0), at(1), values.get(2).map(|seed| &**seed), world),
            Function::MathAdd => math::add(at(0), at(1)),
            Function::Uuid => Ok(draw::uuid(world)),
        }
    }

    /// Whether it says the same whatever the data is, and therefore can be tried while the definition is read.
    pub fn is_constant(&self) -> bool {
        self.arguments.iter().all(|argument| match argument {
            Argument::Literal(_) | Argument::Pieces(_) => true,
            Argument::Formula(Formula::Call(call)) => call.is_constant(),
            Argument::Formula(_) => false,
        })
    }

    /// Calls `visit` with each path in its arguments.
    pub fn visit(&self, visit: &mut dyn FnMut(&Path)) {
        for argument in &self.arguments {
            if let Argument::Formula(formula) = argument {
                formula.visit(visit);
            }
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn merge(one: &Value, other: &Value, deep: &Value, world: &World) -> Result<Value, Refusal> {
    match deep {
        Value::Bool(false) => {}
        Value::Bool(true) => {
            return Err(Refusal::Wrong("the third argument must be false: only shallow merges are done"));
        }
        _ => return Err(Refusal::Wrong("the third argument must be false")),
    }
    let (Value::Object(one), Value::Object(other)) = (one, other) else {
        return Err(Refusal::Wrong("the first two arguments must be objects"));
    };
    for members in [one, other] {
        members.values().try_for_each(|value| world.spend(crate::size::measure(value).bytes))?;
    }
    let members = one.iter().chain(other).map(|(key, value)| (key.clone(), value.clone()));
    Ok(Value::Object(members.collect::<Map<_, _>>()))
}
