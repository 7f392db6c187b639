//! JSONPath in the dialect of Step Functions, compiled once when the definition is parsed.
//!
//! A **definite** path (names and single indexes only) gives the value itself, or is missing. An indefinite one always
//! gives an array, possibly an empty one. Several names at the end of a path give an object with those of them that are
//! there. A filter takes objects and arrays, never bare values. Every step is paid for.

mod filter;
mod function;
mod read;
mod walk;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::fault::Fault;
use crate::sight::Sight;
use filter::Filter;
use function::Function;

pub use read::is_variable_name;

/// A compiled path.
#[derive(Debug, Clone)]
pub struct Path {
    text: Arc<str>,
    root: Root,
    steps: Box<[Step]>,
    /// How many steps lead to one value.
    definite: usize,
    function: Option<Function>,
}

/// What a path starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// `$`, the document at hand.
    Document,
    /// `$$`, the context object, but for the following two.
    Context,
    /// `$$.Execution.Input`, the steps of which are left out.
    Input,
    /// `$$.Map.Item.Value`, likewise.
    Item,
    /// `$$` where it takes all of it: the one root that is copied.
    WholeContext,
    /// `$name`.
    Variable(Arc<str>),
    /// `@`, inside of a filter.
    Current,
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Name(Box<str>),
    /// Negative counts from the end.
    Index(i64),
    Every,
    Names(Box<[Box<str>]>),
    Indexes(Box<[i64]>),
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        step: i64,
    },
    Filter(Arc<Filter>),
    /// `..`: the step after it is taken from each value below, and from where it stands.
    Descend,
}

/// One step of a path that names one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A member of an object.
    Name(Box<str>),
    /// An item of an array.
    Index(usize),
}

/// Why a text is not a path that can be used: half a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathError(pub String);

/// What a path found.
#[derive(Debug, Clone, PartialEq)]
pub enum Found<'v> {
    /// The whole document.
    Whole,
    /// The value at a definite path.
    One(&'v Value),
    /// What an indefinite path selects, in its order.
    Many(Vec<&'v Value>),
    /// A value that was not there before.
    Made(Value),
    /// Nothing is there.
    Missing,
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    ///
    /// [`PathError`], with what must be otherwise.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        read::path(text)
    }

    /// What it starts from.
    pub const fn root(&self) -> &Root {
        &self.root
    }

    /// The names that it begins with, as far as there is nothing else between them.
    pub fn leading_names(&self) -> Vec<&str> {
        let names = self.steps.iter().map_while(|step| if let Step::Name(name) = step { Some(&**name) } else { None });
        names.collect()
    }

    /// Whether it names one place: nothing but names and indexes from the front.
    pub fn names_one_place(&self) -> bool {
        self.places().is_some()
    }

    /// Its steps, if it names one place.
    pub(crate) fn places(&self) -> Option<Vec<Place>> {
        let place = |step: &Step| match step {
            Step::Name(name) => Some(Place::Name(name.clone())),
            Step::Index(index) => usize::try_from(*index).ok().map(Place::Index),
            _ => None,
        };
        if self.function.is_some() { None } else { self.steps.iter().map(place).collect() }
    }

    /// True for `$` alone.
    pub fn is_whole(&self) -> bool {
        self.root == Root::Document && self.is_root()
    }

    /// Whether it is the whole of what it starts from.
    pub fn is_root(&self) -> bool {
        self.steps.is_empty() && self.function.is_none()
    }

    /// Whether what it finds is always an array.
    pub fn is_list(&self) -> bool {
        self.function.is_none() && !self.gives_one()
    }

    /// Calls `visit` with this path, and with every path inside of its filters.
    pub fn visit(&self, visit: &mut dyn FnMut(&Self)) {
        visit(self);
        for step in &self.steps {
            if let Step::Filter(filter) = step {
                filter.visit(visit);
            }
        }
    }

    /// Follows the path.
    ///
    /// # Errors
    ///
    /// The event's allowance is used up.
    pub fn find<'v>(&self, sight: Sight<'v>) -> Result<Found<'v>, Fault> {
        let world = sight.world;
        let start = match &self.root {
            Root::Document | Root::Current if self.steps.is_empty() && self.function.is_none() => {
                return Ok(Found::Whole);
            }
            Root::Document | Root::Current => Some(sight.document),
            Root::Context => Some(&world.context),
            Root::Input => world.input.as_deref(),
            Root::Item => world.item(),
            Root::Variable(name) => world.variable(name).map(|value| &**value),
            Root::WholeContext => {
                let context = world.whole_context()?;
                let found = self.follow(&context, sight)?;
                return found.into_owned(&context, world);
            }
        };
        match start {
            Some(start) => self.follow(start, sight),
            None => Ok(Found::Missing),
        }
    }
}

/// By its text: the same text is the same path.
impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
