//! The rules of a Choice state, and what is true.

use std::cmp::Ordering;
use std::fmt;

use serde_json::{Number, Value};
use types::Timestamp;

use crate::failure::Failure;
use crate::formula::{Formula, Look};
use crate::state::{Selection, StateIndex};
use crate::timestamp;
use crate::variables::Assign;
use crate::world::Scene;
use jsonpath::Sight;
use jsonpath::compare;
use jsonpath::gather;
use jsonpath::{Found, Path};

/// One entry of `Choices`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) test: Test,
    pub(crate) assign: Assign,
    /// In JSONata; in JSONPath that of the state counts.
    pub(crate) output: Option<Selection>,
    pub(crate) next: StateIndex,
    pub(crate) comment: Option<Box<str>>,
}

/// What must be true.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    All(Box<[Test]>),
    Any(Box<[Test]>),
    Not(Box<Test>),
    Variable(Path, Comparison),
    /// A `Condition` that does not look at data.
    Constant(bool),
    /// A `Condition`.
    Condition(Formula),
}

/// What a variable is held against.
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand<T> {
    Fixed(T),
    At(Path),
}

/// A pattern of `StringMatches`: literal pieces, with any run of characters between two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Box<[String]>);

impl Test {
    pub(crate) fn holds(&self, scene: Scene<'_>) -> Result<bool, Failure> {
        match self {
            Self::All(tests) => {
                for test in tests {
                    if !test.holds(scene)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(tests) => {
                for test in tests {
                    if test.holds(scene)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(test) => Ok(!test.holds(scene)?),
            Self::Variable(path, comparison) => comparison.holds(path, scene.sight()),
            Self::Constant(truth) => Ok(*truth),
            Self::Condition(formula) => {
                let found = formula.evaluate(scene, "Condition")?;
                found.as_bool().ok_or_else(|| formula.unfit("Condition", "true or false"))
            }
        }
    }

    /// Calls `visit` with each path or expression in it.
    pub(crate) fn visit(&self, visit: &mut dyn FnMut(Look<'_>)) {
        let mut visit_path = |path: &Path| path.visit(&mut |path| visit(Look::Path(path)));
        match self {
            Self::All(tests) | Self::Any(tests) => tests.iter().for_each(|test| test.visit(visit)),
            Self::Not(test) => test.visit(visit),
            Self::Variable(path, comparison) => {
                visit_path(path);
                if let Some(path) = comparison.operand_path() {
                    visit_path(path);
                }
            }
            Self::Constant(_) => {}
            Self::Condition(formula) => formula.visit(visit),
        }
    }
}

impl Comparison {
    fn holds(&self, path: &Path, sight: Sight<'_>) -> Result<bool, Failure> {
        let made;
        let value = match path.find(sight)? {
            Found::Whole => sight.document,
            Found::One(value) => value,
            Found::Many(values) => {
                made = gather(values, sight.world)?;
                &made
            }
            Found::Made(value) => {
                made = value;
                &made
            }
            Found::Missing => {
                return match self {
                    Self::Is(Quality::Present, wanted) => Ok(!wanted),
                    _ => Err(invalid_path(path)),
                };
            }
        };
        match self {
            Self::Text(order, operand) => {
                let holds = |text: &str, other: &str| order.admits(text.cmp(other));
                match operand {
                    Operand::Fixed(other) => Ok(value.as_str().is_some_and(|text| holds(text, other))),
                    Operand::At(at) => {
                        let other = read(at, sight, |value| value.as_str().map(str::to_owned))?;
                        Ok(value.as_str().is_some_and(|text| holds(text, &other)))
                    }
                }
            }
            Self::Number(order, operand) => {
                let holds =
                    |other: &Number| value.as_number().is_some_and(|number| order.admits(compare(number, other)));
                match operand {
                    Operand::Fixed(other) => Ok(holds(other)),
                    Operand::At(at) => read(at, sight, |value| value.as_number().cloned()).map(|other| holds(&other)),
                }
            }
            Self::Moment(order, operand) => {
                let other = match operand {
                    Operand::Fixed(other) => *other,
                    Operand::At(at) => read(at, sight, moment)?,
                };
                Ok(moment(value).is_some_and(|moment| order.admits(moment.cmp(&other))))
            }
            Self::Truth(operand) => {
                let other = match operand {
                    Operand::Fixed(other) => *other,
                    Operand::At(at) => read(at, sight, Value::as_bool)?,
                };
                Ok(value.as_bool() == Some(other))
            }
            Self::Matches(pattern) => {
                let Some(text) = value.as_str() else { return Ok(false) };
                sight.world.spend(text.len())?;
                Ok(pattern.matches(text))
            }
            Self::Is(quality, wanted) => Ok(quality.of(value) == *wanted),
        }
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

/// The operand that stands at a path. One of another type is an error, not a rule that is false.
fn read<T>(path: &Path, sight: Sight<'_>, read: impl Fn(&Value) -> Option<T>) -> Result<T, Failure> {
    let value = match path.find(sight)? {
        Found::Whole => read(sight.document),
        Found::One(value) => read(value),
        Found::Made(value) => read(&value),
        Found::Many(_) | Found::Missing => None,
    };
    value.ok_or_else(|| invalid_path(path))
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

/// As it is read: a star and a backslash that stand for themselves have a backslash before them.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pieces: Vec<String> = self.0.iter().map(|piece| piece.replace('\\', "\\\\").replace('*', "\\*")).collect();
        f.write_str(&pieces.join("*"))
    }
}
