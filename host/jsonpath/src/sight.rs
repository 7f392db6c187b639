//! What a formula of a state can see besides the document at hand, and what looking may cost.

use std::cell::Cell;
use std::sync::Arc;

use serde_json::Value;

use crate::fault::Fault;
use crate::path::{Path, Root};
use crate::size;

/// The surroundings of one state while it is entered or left. Made anew for each, without a copy of any document.
#[derive(Debug)]
pub struct World {
    /// The context object without `Execution.Input` and `Map.Item.Value`; null where the state does not read it.
    pub context: Value,
    /// `$$.Execution.Input`.
    pub input: Option<Arc<Value>>,
    /// `$$.Map.Item.Value`: the items, and which of them.
    pub item: Option<(Arc<Value>, usize)>,
    /// The variables that the state reads and that have a value, in the order of their names.
    pub variables: Vec<(Arc<str>, Arc<Value>)>,
    /// Everything random follows from it.
    pub seed: u64,
    /// How many draws the run has made from its seed.
    pub draws: Cell<u64>,
    /// What one event may still cost, in bytes that are copied or looked at.
    pub allowance: Cell<usize>,
    /// How large one document may be, in bytes of JSON text.
    pub limit: usize,
}

/// A document in its surroundings.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'v> {
    /// What `$` is.
    pub document: &'v Value,
    /// What is around it.
    pub world: &'v World,
}

impl World {
    /// Pays for work on `bytes`. What is held in memory for a moment counts too.
    ///
    /// # Errors
    ///
    /// [`Fault::TooMuch`]: the allowance is used up, and stays so.
    pub fn spend(&self, bytes: usize) -> Result<(), Fault> {
        let left = self.allowance.get().checked_sub(bytes);
        self.allowance.set(left.unwrap_or(0));
        left.map(drop).ok_or(Fault::TooMuch)
    }

    /// The next draw of the run from its seed. What is made of it does not tell the seed.
    pub fn draw(&self) -> u64 {
        crate::intrinsic::draw(self)
    }

    /// Refuses a value that was made and is larger than a document may be, and pays for it.
    pub(crate) fn admit(&self, value: Value) -> Result<Value, Fault> {
        let size = size::measure(&value);
        if !size.fits(self.limit) {
            return Err(Fault::TooLarge);
        }
        self.spend(size.bytes)?;
        Ok(value)
    }

    /// The value of the variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&Arc<Value>> {
        let place = self.variables.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        self.variables.get(place).map(|(_, value)| value)
    }

    /// The variable that `path` is, and nothing of it less: it can be held where a part must be copied.
    pub fn shared(&self, path: &Path) -> Option<Arc<Value>> {
        let Root::Variable(name) = path.root() else { return None };
        if path.is_root() { self.variable(name).cloned() } else { None }
    }

    /// `$$.Map.Item.Value`.
    pub fn item(&self) -> Option<&Value> {
        self.item.as_ref().and_then(|(items, index)| items.get(index))
    }

    /// The whole context object, copied.
    pub(crate) fn whole_context(&self) -> Result<Value, Fault> {
        let mut context = self.context.clone();
        let parts = [("Execution", "Input", self.input.as_deref()), ("Map", "Item", self.item())];
        for (owner, name, value) in parts {
            let (Some(value), Some(Value::Object(members))) = (value, context.get_mut(owner)) else { continue };
            self.spend(size::measure(value).bytes)?;
            match members.get_mut(name) {
                Some(Value::Object(item)) => drop(item.insert("Value".to_owned(), value.clone())),
                _ => drop(members.insert(name.to_owned(), value.clone())),
            }
        }
        Ok(context)
    }
}
