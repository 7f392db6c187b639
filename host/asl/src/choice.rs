//! The rules of a Choice state, and what is true.

use std::cmp::Ordering;

use serde_json::{Number, Value};
use types::Timestamp;

use crate::failure::Failure;
use crate::path::{Found, Path};
use crate::state::StateIndex;
use crate::timestamp;

/// One entry of `Choices`.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) test: Test,
    pub(crate) next: StateIndex,
}

/// What must be true.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    All(Box<[Test]>),
    Any(Box<[Test]>),
    Not(Box<Test>),
    Variable(Path, Comparison),
}

/// What a variable is held against.
#[derive(Debug, Clone)]
pub(crate) enum Comparison {
    Text(Order, Operand<String>),
    Number(Order, Operand<Number>),
    Moment(Order, Operand<Timestamp>),
    Truth(Operand<bool>),
    Matches(Pattern),
    Is(Quality, bool),
}

/// `Equals`, `LessThan` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
}

/// `IsNull` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quality {
    Null,
    Present,
    Numeric,
    Text,
    Truth,
    Moment,
}

/// A constant, or where to find the value (the operators that end in `Path`).
#[derive(Debug, Clone)]
pub(crate) enum Operand<T> {
    Fixed(T),
    At(Path),
}

/// A pattern of `StringMatches`: literal pieces, with any run of characters between two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Box<[String]>);

/// What a rule is evaluated on.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'v> {
    pub(crate) document: &'v Value,
    pub(crate) context: &'v Value,
}

impl Test {
    pub(crate) fn holds(&self, sight: Sight<'_>) -> Result<bool, Failure> {
        match self {
            Self::All(tests) => {
                for test in tests {
                    if !test.holds(sight)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(tests) => {
                for test in tests {
                    if test.holds(sight)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(test) => Ok(!test.holds(sight)?),
            Self::Variable(path, comparison) => comparison.holds(path, sight),
        }
    }

    /// Whether a path in it starts at the context object.
    pub(crate) fn reads_context(&self) -> bool {
        let reads = |path: &Path| path.root() == crate::path::Root::Context;
        match self {
            Self::All(tests) | Self::Any(tests) => tests.iter().any(Self::reads_context),
            Self::Not(test) => test.reads_context(),
            Self::Variable(path, comparison) => reads(path) || comparison.operand_path().is_some_and(reads),
        }
    }
}

impl Comparison {
    fn holds(&self, path: &Path, sight: Sight<'_>) -> Result<bool, Failure> {
        let list;
        let value = match path.find(sight.document, sight.context) {
            Found::Whole => sight.document,
            Found::One(value) => value,
            Found::Many(values) => {
                list = values.into_iter().cloned().collect();
                &list
            }
            Found::Missing => {
                return match self {
                    Self::Is(Quality::Present, wanted) => Ok(!wanted),
                    _ => Err(invalid_path(path)),
                };
            }
        };
        Ok(match self {
            Self::Text(order, operand) => {
                let other = operand.read(sight, |value| value.as_str().map(str::to_owned))?;
                value.as_str().is_some_and(|text| order.admits(text.cmp(&other)))
            }
            Self::Number(order, operand) => {
                let other = operand.read(sight, |value| value.as_number().cloned())?;
                value.as_number().and_then(|number| compare(number, &other)).is_some_and(|found| order.admits(found))
            }
            Self::Moment(order, operand) => {
                let other = operand.read(sight, moment)?;
                moment(value).is_some_and(|moment| order.admits(moment.cmp(&other)))
            }
            Self::Truth(operand) => {
                let other = operand.read(sight, Value::as_bool)?;
                value.as_bool() == Some(other)
            }
            Self::Matches(pattern) => value.as_str().is_some_and(|text| pattern.matches(text)),
            Self::Is(quality, wanted) => quality.of(value) == *wanted,
        })
    }

    const fn operand_path(&self) -> Option<&Path> {
        match self {
            Self::Text(_, Operand::At(path))
            | Self::Number(_, Operand::At(path))
            | Self::Moment(_, Operand::At(path))
            | Self::Truth(Operand::At(path)) => Some(path),
            _ => None,
        }
    }
}

fn invalid_path(path: &Path) -> Failure {
    Failure::runtime(format!("Invalid path '{path}': The choice state's condition path references an invalid value."))
}

impl<T: Clone> Operand<T> {
    fn read(&self, sight: Sight<'_>, read: impl Fn(&Value) -> Option<T>) -> Result<T, Failure> {
        match self {
            Self::Fixed(value) => Ok(value.clone()),
            Self::At(path) => match path.find(sight.document, sight.context) {
                Found::Whole => read(sight.document),
                Found::One(value) => read(value),
                Found::Many(_) | Found::Missing => None,
            }
            .ok_or_else(|| invalid_path(path)),
        }
    }
}

impl Order {
    const fn admits(self, found: Ordering) -> bool {
        match self {
            Self::Equal => found.is_eq(),
            Self::Less => found.is_lt(),
            Self::Greater => found.is_gt(),
            Self::LessOrEqual => found.is_le(),
            Self::GreaterOrEqual => found.is_ge(),
        }
    }
}

impl Quality {
    fn of(self, value: &Value) -> bool {
        match self {
            Self::Null => value.is_null(),
            Self::Present => true,
            Self::Numeric => value.is_number(),
            Self::Text => value.is_string(),
            Self::Truth => value.is_boolean(),
            Self::Moment => moment(value).is_some(),
        }
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str().and_then(timestamp::parse)
}

/// Whole numbers compare exactly, beyond what a float holds too.
fn compare(one: &Number, other: &Number) -> Option<Ordering> {
    let whole = |number: &Number| number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    if let (Some(one), Some(other)) = (whole(one), whole(other)) {
        return Some(one.cmp(&other));
    }
    one.as_f64()?.partial_cmp(&other.as_f64()?)
}

impl Pattern {
    /// Reads a pattern: `*` is any run of characters, `\*` a star, `\\` a backslash.
    pub(crate) fn read(text: &str) -> Self {
        let mut pieces = vec![String::new()];
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            if character == '*' {
                pieces.push(String::new());
                continue;
            }
            let literal = if character == '\\' { characters.next().unwrap_or('\\') } else { character };
            if let Some(piece) = pieces.last_mut() {
                piece.push(literal);
            }
        }
        Self(pieces.into())
    }

    /// Greedy from the left: each piece at its first place is right whenever any place is.
    fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = &*self.0 else {
            return self.0.first().is_some_and(|only| only == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str())) else {
            return false;
        };
        for piece in middle {
            let Some((_, after)) = rest.split_once(piece.as_str()) else { return false };
            rest = after;
        }
        true
    }
}
