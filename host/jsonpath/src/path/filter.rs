//! Filters: `[?(@.price < 10 && @.tag in ['a', 'b'])]`.

mod operator;
mod read;

use std::borrow::Cow;

use serde_json::Value;

use super::{Found, Path, Root};
use crate::fault::Fault;
use crate::sight::Sight;
use operator::Operator;

/// What an item must be like.
#[derive(Debug)]
pub(crate) enum Filter {
    All(Box<[Self]>),
    Any(Box<[Self]>),
    Not(Box<Self>),
    /// Something is there, be it null.
    Exists(Path),
    Compare(Term, Operator, Term),
    Matches(Term, regex::Regex),
}

/// One side of a comparison.
#[derive(Debug)]
pub(crate) enum Term {
    Literal(Value),
    Path(Path),
}

impl Filter {
    /// Whether `item` passes. A bare value never does.
    ///
    /// # Errors
    ///
    /// The event's allowance is used up.
    pub(super) fn takes(&self, item: &Value, sight: Sight<'_>) -> Result<bool, Fault> {
        if item.is_object() || item.is_array() { self.holds(item, sight) } else { Ok(false) }
    }

    fn holds(&self, item: &Value, sight: Sight<'_>) -> Result<bool, Fault> {
        match self {
            Self::All(filters) => {
                for filter in filters {
                    if !filter.holds(item, sight)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(filters) => {
                for filter in filters {
                    if filter.holds(item, sight)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(filter) => Ok(!filter.holds(item, sight)?),
            Self::Exists(path) => Ok(match find(path, item, sight)? {
                Found::Missing => false,
                Found::Many(values) => !values.is_empty(),
                Found::Whole | Found::One(_) | Found::Made(_) => true,
            }),
            Self::Compare(left, operator, right) => {
                let (left, right) = (left.value(item, sight)?, right.value(item, sight)?);
                operator.holds(left.as_deref(), right.as_deref(), sight.world)
            }
            Self::Matches(term, regex) => {
                let value = term.value(item, sight)?;
                let Some(text) = value.as_deref().and_then(Value::as_str) else { return Ok(false) };
                sight.world.spend(text.len())?;
                Ok(regex.is_match(text))
            }
        }
    }

    pub(super) fn visit(&self, visit: &mut dyn FnMut(&Path)) {
        match self {
            Self::All(filters) | Self::Any(filters) => filters.iter().for_each(|filter| filter.visit(visit)),
            Self::Not(filter) => filter.visit(visit),
            Self::Exists(path) => path.visit(visit),
            Self::Compare(left, _, right) => [left, right].into_iter().for_each(|term| term.visit(visit)),
            Self::Matches(term, _) => term.visit(visit),
        }
    }
}

impl Term {
    fn visit(&self, visit: &mut dyn FnMut(&Path)) {
        if let Self::Path(path) = self {
            path.visit(visit);
        }
    }

    fn value<'v>(&'v self, item: &'v Value, sight: Sight<'v>) -> Result<Option<Cow<'v, Value>>, Fault> {
        let path = match self {
            Self::Literal(value) => return Ok(Some(Cow::Borrowed(value))),
            Self::Path(path) => path,
        };
        Ok(match find(path, item, sight)? {
            Found::Whole => Some(Cow::Borrowed(sight.document)),
            Found::One(value) => Some(Cow::Borrowed(value)),
            Found::Many(values) => {
                values.iter().try_for_each(|value| sight.world.spend(crate::size::measure(value).bytes))?;
                Some(Cow::Owned(values.into_iter().cloned().collect()))
            }
            Found::Made(value) => Some(Cow::Owned(value)),
            Found::Missing => None,
        })
    }
}

fn find<'v>(path: &Path, item: &'v Value, sight: Sight<'v>) -> Result<Found<'v>, Fault> {
    match path.root {
        Root::Current => path.follow(item, sight),
        _ => path.find(sight),
    }
}
