//! Sets of characters.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir};

/// A set that takes single characters, ranges and the sets with a letter.
#[derive(Debug)]
pub(super) struct Set(ClassUnicode);

/// What JavaScript calls white space.
const SPACES: [(char, char); 10] = [
    ('\t', '\r'),
    (' ', ' '),
    ('\u{a0}', '\u{a0}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{2000}', '\u{200a}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{202f}', '\u{202f}'),
    ('\u{205f}', '\u{205f}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{feff}', '\u{feff}'),
];

impl Set {
    pub(super) fn new() -> Self {
        Self(ClassUnicode::empty())
    }

    pub(super) fn of(ranges: &[(char, char)]) -> Self {
        Self(ClassUnicode::new(ranges.iter().map(|(first, last)| ClassUnicodeRange::new(*first, *last))))
    }

    /// The set of `\d`, `\s`, `\w` and their opposites.
    pub(super) fn lettered(letter: char) -> Option<Self> {
        let mut set = match letter.to_ascii_lowercase() {
            'd' => Self::of(&[('0', '9')]),
            's' => Self::of(&SPACES),
            'w' => Self::of(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
            _ => return None,
        };
        if letter.is_ascii_uppercase() {
            set.0.negate();
        }
        Some(set)
    }

    /// What a dot matches: all but ends of lines.
    pub(super) fn dot() -> Self {
        let mut set = Self::of(&[('\n', '\n'), ('\r', '\r'), ('\u{2028}', '\u{2029}')]);
        set.0.negate();
        set
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.0.union(&other.0);
    }

    pub(super) fn add_range(&mut self, first: char, last: char) {
        self.0.push(ClassUnicodeRange::new(first, last));
    }

    /// The set as a part of a pattern.
    pub(super) fn into_hir(mut self, ignore_case: bool, negated: bool) -> Hir {
        if ignore_case {
            self.0.case_fold_simple();
        }
        if negated {
            self.0.negate();
        }
        Hir::class(Class::Unicode(self.0))
    }
}
