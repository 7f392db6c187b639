//! JSONPath, compiled once when the definition is parsed.
//!
//! A **definite** path (names and single indexes only) gives the value itself, or is missing. An indefinite one always
//! gives an array. Descent, slices, unions, filters and functions are refused as not supported yet.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// A compiled path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    text: Arc<str>,
    root: Root,
    steps: Box<[Step]>,
}

/// What a path starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Root {
    /// `$`, the document at hand.
    Document,
    /// `$$`, the context object.
    Context,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Name(Box<str>),
    /// Negative counts from the end.
    Index(i64),
    Every,
}

/// Why a text is not a path that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathError {
    Malformed(&'static str),
    NotSupported(&'static str),
}

/// What a path found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found<'v> {
    /// The whole document.
    Whole,
    One(&'v Value),
    Many(Vec<&'v Value>),
    Missing,
}

impl Path {
    pub(crate) fn parse(text: &str) -> Result<Self, PathError> {
        let after = text.strip_prefix('$').ok_or(PathError::Malformed("a path starts with '$'"))?;
        let (root, rest) = match after.strip_prefix('$') {
            Some(rest) => (Root::Context, rest),
            None => (Root::Document, after),
        };
        match rest.chars().next() {
            None | Some('.' | '[') => {}
            Some(first) if first.is_alphabetic() || first == '_' => {
                return Err(PathError::NotSupported("A variable"));
            }
            Some(_) => return Err(PathError::Malformed("'.' or '[' must follow the root")),
        }
        let steps = Reader { rest }.steps()?;
        Ok(Self { text: text.into(), root, steps: steps.into() })
    }

    pub(crate) const fn root(&self) -> Root {
        self.root
    }

    pub(crate) const fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// True for `$` alone.
    pub(crate) const fn is_whole(&self) -> bool {
        matches!(self.root, Root::Document) && self.steps.is_empty()
    }

    /// Follows the path from `document`, or from `context` when it starts there.
    pub(crate) fn find<'v>(&self, document: &'v Value, context: &'v Value) -> Found<'v> {
        let mut at = match self.root {
            Root::Document if self.steps.is_empty() => return Found::Whole,
            Root::Document => document,
            Root::Context => context,
        };
        for (index, step) in self.steps.iter().enumerate() {
            if matches!(step, Step::Every) {
                return Found::Many(spread(at, self.steps.get(index..).unwrap_or_default()));
            }
            match take(at, step) {
                Some(inner) => at = inner,
                // A missing prefix before a wildcard selects nothing, and nothing is a list too.
                None if self.steps.contains(&Step::Every) => return Found::Many(Vec::new()),
                None => return Found::Missing,
            }
        }
        Found::One(at)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The member or item that `step` names; a wildcard names none.
fn take<'v>(value: &'v Value, step: &Step) -> Option<&'v Value> {
    match (step, value) {
        (Step::Name(name), Value::Object(members)) => members.get(&**name),
        (Step::Index(index), Value::Array(items)) => {
            let place = match usize::try_from(index.unsigned_abs()).ok()? {
                back if *index < 0 => items.len().checked_sub(back)?,
                place => place,
            };
            items.get(place)
        }
        _ => None,
    }
}

fn spread<'v>(value: &'v Value, steps: &[Step]) -> Vec<&'v Value> {
    let mut selected = vec![value];
    for step in steps {
        let mut next = Vec::with_capacity(selected.len());
        for value in selected {
            match (step, value) {
                (Step::Every, Value::Array(items)) => next.extend(items),
                (Step::Every, Value::Object(members)) => next.extend(members.values()),
                _ => next.extend(take(value, step)),
            }
        }
        selected = next;
    }
    selected
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn steps(mut self) -> Result<Vec<Step>, PathError> {
        let mut steps = Vec::new();
        while !self.rest.is_empty() {
            if let Some(rest) = self.rest.strip_prefix('.') {
                self.rest = rest;
                match rest.chars().next() {
                    Some('.') => return Err(PathError::NotSupported("A descent ('..') in a path")),
                    Some('*') => {
                        self.rest = rest.get(1..).unwrap_or_default();
                        steps.push(Step::Every);
                    }
                    Some('[') => steps.push(self.bracket()?),
                    _ => steps.push(self.name()?),
                }
            } else {
                steps.push(self.bracket()?);
            }
        }
        Ok(steps)
    }

    fn name(&mut self) -> Result<Step, PathError> {
        let mut name = String::new();
        let mut characters = self.rest.char_indices();
        let mut end = self.rest.len();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some((_, escaped)) => name.push(escaped),
                    None => return Err(PathError::Malformed("a backslash escapes nothing")),
                },
                '.' | '[' => {
                    end = at;
                    break;
                }
                '(' => return Err(PathError::NotSupported("A function in a path")),
                ']' | ')' | '*' | '?' | '@' | ',' | ':' | '\'' | '"' => {
                    return Err(PathError::Malformed("a name with an operator in it needs brackets and quotes"));
                }
                plain if plain.is_whitespace() || plain.is_control() => {
                    return Err(PathError::Malformed("a name with a space in it needs brackets and quotes"));
                }
                plain => name.push(plain),
            }
        }
        self.rest = self.rest.get(end..).unwrap_or_default();
        if name.is_empty() { Err(PathError::Malformed("a name is missing")) } else { Ok(Step::Name(name.into())) }
    }

    fn bracket(&mut self) -> Result<Step, PathError> {
        let inner =
            self.rest.strip_prefix('[').ok_or(PathError::Malformed("'.' or '[' is missing"))?.trim_ascii_start();
        if let Some(quote) = inner.chars().next().filter(|first| matches!(first, '\'' | '"')) {
            return self.quoted(inner.get(1..).unwrap_or_default(), quote);
        }
        if inner.starts_with('?') {
            return Err(PathError::NotSupported("A filter in a path"));
        }
        if inner.starts_with('(') {
            return Err(PathError::Malformed("a script expression is not allowed"));
        }
        let (body, rest) = inner.split_once(']').ok_or(PathError::Malformed("']' is missing"))?;
        self.rest = rest;
        match body.trim_ascii() {
            "*" => Ok(Step::Every),
            body if body.contains(':') => Err(PathError::NotSupported("A slice in a path")),
            body if body.contains(',') => Err(PathError::NotSupported("A union in a path")),
            body => body.parse().map(Step::Index).map_err(|_| PathError::Malformed("an index must be a whole number")),
        }
    }

    fn quoted(&mut self, inner: &'t str, quote: char) -> Result<Step, PathError> {
        let mut name = String::new();
        let mut characters = inner.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some((_, escaped)) => name.push(escaped),
                    None => break,
                },
                end if end == quote => {
                    let rest = inner.get(at + 1..).unwrap_or_default().trim_ascii_start();
                    if rest.starts_with(',') {
                        return Err(PathError::NotSupported("A union in a path"));
                    }
                    self.rest = rest.strip_prefix(']').ok_or(PathError::Malformed("']' is missing"))?;
                    return Ok(Step::Name(name.into()));
                }
                plain => name.push(plain),
            }
        }
        Err(PathError::Malformed("a quote is not closed"))
    }
}
