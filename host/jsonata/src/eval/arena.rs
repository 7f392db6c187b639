//! Where values live that an evaluation makes: freed with it at once, and counted.

use std::cell::Cell;
use std::mem::size_of;

use bumpalo::Bump;

use super::{Binding, Frame, Function, Tuple};
use crate::error::{Fault, Result};
use crate::value::{Flags, Object, Stream, Value, array_index, index};

/// The entries of an object on their way.
pub(crate) type Entries<'a> = Vec<(&'a str, Value<'a>)>;

/// Memory with a limit.
pub(crate) struct Arena<'a> {
    bump: &'a Bump,
    spent: Cell<usize>,
    bytes_max: usize,
}

impl<'a> Arena<'a> {
    pub(crate) fn new(bump: &'a Bump, bytes_max: usize) -> Self {
        Self { bump, spent: Cell::new(0), bytes_max }
    }

    /// Counts bytes before they are taken.
    pub(crate) fn spend(&self, bytes: usize) -> Result<()> {
        let spent = self.spent.get().saturating_add(bytes);
        self.spent.set(spent);
        if spent > self.bytes_max {
            return Err(Fault::new("L1003").word(self.bytes_max.to_string()));
        }
        Ok(())
    }

    /// Counts items that are collected before they become a list.
    pub(crate) fn spend_items(&self, count: usize) -> Result<()> {
        self.spend(count.saturating_mul(size_of::<Value<'_>>()))
    }

    /// Bytes that were made.
    pub(crate) fn spent(&self) -> usize {
        self.spent.get()
    }

    /// Bytes that may still be made.
    pub(crate) fn left(&self) -> usize {
        self.bytes_max.saturating_sub(self.spent.get())
    }

    pub(crate) fn list(&self, items: &[Value<'a>], flags: Flags) -> Result<Value<'a>> {
        self.spend_items(items.len())?;
        Ok(Value::List(self.bump.alloc_slice_copy(items), flags))
    }

    /// A list of items that were counted when they were collected.
    pub(crate) fn counted_list(&self, items: &[Value<'a>], flags: Flags) -> Value<'a> {
        Value::List(self.bump.alloc_slice_copy(items), flags)
    }

    pub(crate) fn items(&self, items: &[Value<'a>]) -> Result<&'a [Value<'a>]> {
        self.spend_items(items.len())?;
        Ok(self.bump.alloc_slice_copy(items))
    }

    pub(crate) fn text(&self, text: &str) -> Result<Value<'a>> {
        Ok(Value::Text(self.str(text)?))
    }

    pub(crate) fn str(&self, text: &str) -> Result<&'a str> {
        self.spend(text.len())?;
        Ok(self.bump.alloc_str(text))
    }

    /// An object; of entries with the same name the last one counts, at the place of the first.
    pub(crate) fn object(&self, mut entries: Entries<'a>) -> Result<Value<'a>> {
        in_order(&mut entries);
        let places = index(&entries);
        self.spend(size_of::<Object<'_>>() + entries.len() * (size_of::<(&str, Value<'_>)>() + 4))?;
        let entries = self.bump.alloc_slice_copy(&entries);
        let places = self.bump.alloc_slice_copy(&places);
        Ok(Value::Object(self.bump.alloc(Object::new(entries, places))))
    }

    /// Gives an object other entries.
    pub(crate) fn replace(&self, object: &'a Object<'a>, mut entries: Entries<'a>) -> Result<()> {
        in_order(&mut entries);
        let places = index(&entries);
        self.spend(entries.len() * (size_of::<(&str, Value<'_>)>() + 4))?;
        object.replace(self.bump.alloc_slice_copy(&entries), self.bump.alloc_slice_copy(&places));
        Ok(())
    }

    pub(crate) fn function(&self, function: Function<'a>) -> Result<Value<'a>> {
        self.spend(size_of::<Function<'_>>())?;
        Ok(Value::Function(self.bump.alloc(function)))
    }

    pub(crate) fn tuples(&self, tuples: &[Tuple<'a>], stream: Stream) -> Result<Value<'a>> {
        self.spend(tuples.len().saturating_mul(size_of::<Tuple<'_>>()))?;
        Ok(Value::Tuples(self.bump.alloc_slice_copy(tuples), stream))
    }

    pub(crate) fn frame(
        &self,
        parent: Option<&'a Frame<'a>>,
        carried: Option<&'a Binding<'a>>,
    ) -> Result<&'a Frame<'a>> {
        self.spend(size_of::<Frame<'_>>())?;
        Ok(self.bump.alloc(Frame::new(parent, carried)))
    }

    /// Puts a binding before others.
    pub(crate) fn binding(
        &self,
        symbol: u32,
        value: Value<'a>,
        next: Option<&'a Binding<'a>>,
    ) -> Result<&'a Binding<'a>> {
        self.spend(size_of::<Binding<'_>>())?;
        Ok(self.bump.alloc(Binding::new(symbol, value, next)))
    }

    /// Binds a name in a frame, again or anew.
    pub(crate) fn bind(&self, frame: &'a Frame<'a>, symbol: u32, value: Value<'a>) -> Result<()> {
        if !frame.rebind(symbol, value) {
            frame.add(self.binding(symbol, value, frame.own())?);
        }
        Ok(())
    }
}

/// Names that are whole numbers come first, as in JavaScript.
fn in_order(entries: &mut Entries<'_>) {
    let place = |entry: &(&str, Value<'_>)| array_index(entry.0).map_or(u64::MAX, u64::from);
    if entries.iter().any(|entry| entry.0.as_bytes().first().is_some_and(u8::is_ascii_digit)) {
        entries.sort_by_key(place);
    }
}
