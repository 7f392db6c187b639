//! Regular expressions of JavaScript on an engine that takes linear time.

mod class;
mod syntax;

use regex_automata::meta;
use regex_automata::util::captures::Captures;
use regex_automata::{Input, Match};

use crate::error::{Fault, Result};

/// Bytes of a pattern, and of its automaton.
const SOURCE_BYTES_MAX: usize = 4 << 10;
const AUTOMATON_BYTES_MAX: usize = 64 << 10;

/// A regular expression, compiled.
#[derive(Debug)]
pub(crate) struct Pattern {
    regex: meta::Regex,
    /// Steps for each 16 bytes that are searched.
    cost: usize,
}

/// Where a match and its groups are, in bytes.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) whole: Match,
    pub(crate) groups: Vec<Option<(usize, usize)>>,
}

impl Pattern {
    /// Reads a pattern and the flags `i` and `m`.
    ///
    /// # Errors
    ///
    /// `S0303` when it is no pattern of JavaScript, `S0304` when it is one that linear time does not allow, `L1005` when it
    /// or its automaton is too large.
    pub(crate) fn parse(source: &str, flags: &str) -> Result<Self> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(Fault::new("L1005"));
        }
        let hir = syntax::parse(source, flags)?;
        let config = meta::Config::new()
            .nfa_size_limit(Some(AUTOMATON_BYTES_MAX))
            .hybrid_cache_capacity(AUTOMATON_BYTES_MAX * 8)
            .onepass(false);
        let built = meta::Builder::new().configure(config).build_from_hir(&hir);
        let regex = built.map_err(|_| Fault::new("L1005"))?;
        let cost = 1 + regex.memory_usage() / (8 << 10);
        Ok(Self { regex, cost })
    }

    /// How many steps a search through so many bytes is.
    pub(crate) fn cost(&self, bytes: usize) -> usize {
        (1 + bytes / 16).saturating_mul(self.cost)
    }

    /// The first match at or after a place.
    pub(crate) fn find(&self, text: &str, from: usize) -> Option<Found> {
        if from > text.len() {
            return None;
        }
        let input = Input::new(text).range(from..);
        let mut captures: Captures = self.regex.create_captures();
        self.regex.search_captures(&input, &mut captures);
        let whole = captures.get_match()?;
        let groups =
            (1..captures.group_len()).map(|group| captures.get_group(group).map(|span| (span.start, span.end)));
        Some(Found { whole, groups: groups.collect() })
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}
