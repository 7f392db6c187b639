//! The tree as it is parsed, before paths are made of it.

use serde_json::Value as Json;

use crate::regex::Pattern;
use crate::signature::Signature;

#[derive(Debug)]
pub(super) struct Raw {
    pub(super) kind: RawKind,
    pub(super) position: u32,
    /// It was followed by `[]`.
    pub(super) keep_array: bool,
    /// How many levels are below it.
    pub(super) height: u32,
}

#[derive(Debug)]
pub(super) enum RawKind {
    Name(String),
    Variable(String),
    Text(String),
    Number(f64),
    Bool(bool),
    Null,
    Regex(Box<Pattern>),
    /// A keyword that stands for a name, or `?` as an argument.
    Operator(&'static str),
    Wildcard,
    Descendants,
    Parent,
    Binary(&'static str, Box<Raw>, Box<Raw>),
    Negate(Box<Raw>),
    Array(Vec<Raw>),
    Object(Vec<(Raw, Raw)>),
    Group(Box<Raw>, Vec<(Raw, Raw)>),
    Sort(Box<Raw>, Vec<RawTerm>),
    Function {
        procedure: Box<Raw>,
        arguments: Vec<Raw>,
        partial: bool,
    },
    Lambda {
        parameters: Vec<String>,
        signature: Option<Signature>,
        body: Box<Raw>,
    },
    Block(Vec<Raw>),
    Condition(Box<Raw>, Box<Raw>, Option<Box<Raw>>),
    /// `?:` (by truth) or `??` (by existence).
    Default {
        by_truth: bool,
        value: Box<Raw>,
        otherwise: Box<Raw>,
    },
    Transform(Box<Raw>, Box<Raw>, Option<Box<Raw>>),
    End,
}

#[derive(Debug)]
pub(super) struct RawTerm {
    pub(super) descending: bool,
    pub(super) expression: Raw,
}

impl Raw {
    pub(super) fn new(kind: RawKind, position: u32) -> Self {
        let height = kind.children().map(|child| child.height + 1).max().unwrap_or(0);
        Self { kind, position, keep_array: false, height }
    }

    /// What an error calls it by.
    pub(super) fn token(&self) -> Json {
        match &self.kind {
            RawKind::Name(text) | RawKind::Variable(text) | RawKind::Text(text) => Json::from(text.as_str()),
            RawKind::Number(number) => number_token(*number),
            RawKind::Bool(value) => Json::from(*value),
            RawKind::Null => Json::Null,
            RawKind::Regex(_) => Json::from("/"),
            RawKind::Operator(operator) | RawKind::Binary(operator, ..) => Json::from(*operator),
            RawKind::Wildcard => Json::from("*"),
            RawKind::Descendants => Json::from("**"),
            RawKind::Parent => Json::from("%"),
            RawKind::Negate(_) => Json::from("-"),
            RawKind::Array(_) => Json::from("["),
            RawKind::Object(_) | RawKind::Group(..) => Json::from("{"),
            RawKind::Sort(..) => Json::from("^"),
            RawKind::Function { .. } | RawKind::Lambda { .. } | RawKind::Block(_) => Json::from("("),
            RawKind::Condition(..) => Json::from("?"),
            RawKind::Default { by_truth: true, .. } => Json::from("?:"),
            RawKind::Default { .. } => Json::from("??"),
            RawKind::Transform(..) => Json::from("|"),
            RawKind::End => Json::from("(end)"),
        }
    }
}

/// A number as it stands in a message: whole ones without a fraction.
pub(super) fn number_token(number: f64) -> Json {
    crate::value::number_to_json(number)
}

impl RawKind {
    fn children(&self) -> Box<dyn Iterator<Item = &Raw> + '_> {
        match self {
            Self::Binary(_, left, right) => Box::new([&**left, &**right].into_iter()),
            Self::Negate(inner) | Self::Lambda { body: inner, .. } => Box::new(std::iter::once(&**inner)),
            Self::Array(items) | Self::Block(items) => Box::new(items.iter()),
            Self::Object(pairs) => Box::new(pairs.iter().flat_map(|(key, value)| [key, value])),
            Self::Group(left, pairs) => {
                Box::new(std::iter::once(&**left).chain(pairs.iter().flat_map(|(key, value)| [key, value])))
            }
            Self::Sort(left, terms) => {
                Box::new(std::iter::once(&**left).chain(terms.iter().map(|term| &term.expression)))
            }
            Self::Function { procedure, arguments, .. } => {
                Box::new(std::iter::once(&**procedure).chain(arguments.iter()))
            }
            Self::Condition(first, second, third) | Self::Transform(first, second, third) => {
                Box::new([&**first, &**second].into_iter().chain(third.as_deref()))
            }
            Self::Default { value, otherwise, .. } => Box::new([&**value, &**otherwise].into_iter()),
            _ => Box::new(std::iter::empty()),
        }
    }
}
