//! Objects that an evaluation made.

use std::cell::Cell;

use super::Value;

/// Up to so many entries are looked through one by one.
const SEARCHED_MAX: usize = 8;

type Entries<'a> = &'a [(&'a str, Value<'a>)];

/// An object: its entries in the order of JavaScript, and where each is by name if they are many.
///
/// The entries are in a cell for transforms alone, which change the copy they made.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    inner: Cell<(Entries<'a>, &'a [u32])>,
}

impl<'a> Object<'a> {
    pub(crate) fn new(entries: Entries<'a>, index: &'a [u32]) -> Self {
        Self { inner: Cell::new((entries, index)) }
    }

    pub(crate) fn entries(&self) -> Entries<'a> {
        self.inner.get().0
    }

    pub(crate) fn replace(&self, entries: Entries<'a>, index: &'a [u32]) {
        self.inner.set((entries, index));
    }

    pub(crate) fn get(&self, name: &str) -> Option<Value<'a>> {
        let (entries, index) = self.inner.get();
        if index.is_empty() {
            return entries.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        }
        let key = |place: &u32| usize::try_from(*place).ok().and_then(|place| entries.get(place));
        let found = index.binary_search_by(|place| key(place).map_or("", |(key, _)| *key).cmp(name)).ok()?;
        index.get(found).and_then(key).map(|(_, value)| *value)
    }
}

/// The places of entries by their names, for objects that are too large to be looked through.
pub(crate) fn index(entries: &[(&str, Value<'_>)]) -> Vec<u32> {
    if entries.len() <= SEARCHED_MAX {
        return Vec::new();
    }
    let mut index: Vec<u32> = (0_u32..).take(entries.len()).collect();
    let key =
        |place: &u32| usize::try_from(*place).ok().and_then(|place| entries.get(place)).map_or("", |entry| entry.0);
    index.sort_unstable_by(|left, right| key(left).cmp(key(right)));
    index
}

/// A name that is a whole number: JavaScript puts these first, by size.
pub(crate) fn array_index(name: &str) -> Option<u32> {
    let first = *name.as_bytes().first()?;
    if !first.is_ascii_digit() || (first == b'0' && name.len() > 1) || name.len() > 10 {
        return None;
    }
    name.parse().ok().filter(|number| *number < u32::MAX)
}
