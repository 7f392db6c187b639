//! Variables in their scopes.

use std::cell::Cell;

use crate::value::Value;

/// A scope: what is bound in it, what a tuple carries, and the scope around it.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    own: Cell<Option<&'a Binding<'a>>>,
    carried: Option<&'a Binding<'a>>,
    parent: Option<&'a Frame<'a>>,
}

/// A name with its value, before others.
#[derive(Debug)]
pub(crate) struct Binding<'a> {
    pub(crate) symbol: u32,
    value: Cell<Value<'a>>,
    pub(crate) next: Option<&'a Binding<'a>>,
}

impl<'a> Binding<'a> {
    pub(crate) fn new(symbol: u32, value: Value<'a>, next: Option<&'a Binding<'a>>) -> Self {
        Self { symbol, value: Cell::new(value), next }
    }

    pub(crate) fn value(&self) -> Value<'a> {
        self.value.get()
    }

    pub(crate) fn find(mut self: &'a Self, symbol: u32) -> Option<&'a Self> {
        loop {
            if self.symbol == symbol {
                return Some(self);
            }
            self = self.next?;
        }
    }
}

impl<'a> Frame<'a> {
    pub(crate) fn new(parent: Option<&'a Frame<'a>>, carried: Option<&'a Binding<'a>>) -> Self {
        Self { own: Cell::new(None), carried, parent }
    }

    pub(crate) fn own(&self) -> Option<&'a Binding<'a>> {
        self.own.get()
    }

    /// Changes a binding of this very scope, if it is there.
    pub(crate) fn rebind(&self, symbol: u32, value: Value<'a>) -> bool {
        let found = self.own.get().and_then(|own| own.find(symbol));
        if let Some(binding) = found {
            binding.value.set(value);
        }
        found.is_some()
    }

    pub(crate) fn add(&self, binding: &'a Binding<'a>) {
        self.own.set(Some(binding));
    }

    /// The value of a name in this scope or the next one around it that binds it.
    pub(crate) fn lookup(&self, symbol: u32) -> Option<Value<'a>> {
        let mut frame = self;
        loop {
            let found = [frame.own.get(), frame.carried].into_iter().flatten().find_map(|list| list.find(symbol));
            if let Some(binding) = found {
                return Some(binding.value());
            }
            frame = frame.parent?;
        }
    }
}
