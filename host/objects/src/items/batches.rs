//! `ItemBatcher`: the inputs of children, one for each item or each batch.

use serde_json::{Map, Value};

use super::Position;

/// Bytes of the input of one child.
const INPUT_MAX: usize = 262_144;
/// Items that are read at a time, where batches are not larger.
const READ_MAX: usize = 1_000;

/// A child to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Its input, JSON.
    pub input: String,
    /// The place of its first item among all.
    pub first_item: u64,
    /// How many it has.
    pub items: u64,
}

/// What came of a piece of the items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batched {
    /// Children in the order of their items.
    pub children: Vec<Child>,
    /// After the last item of these.
    pub position: Position,
    /// How many items are in children by now, those before this piece included.
    pub items: u64,
    /// There are no more.
    pub at_end: bool,
}

/// Whether there are items after those that were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// There are none.
    All,
    /// There may be some.
    Some,
}

/// The input of a child would be larger than a document may be: `States.DataLimitExceeded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("The input of a child would be larger than {INPUT_MAX} bytes.")]
pub struct TooLarge;

struct Limits {
    is_batch: bool,
    items: Option<u64>,
    bytes: usize,
    beside: Option<Value>,
}

impl Limits {
    fn of(request: &Value) -> Self {
        let batcher = request.get("ItemBatcher");
        let number = |name| batcher.and_then(|batcher| batcher.get(name)).and_then(Value::as_u64);
        let bytes = number("MaxInputBytesPerBatch").and_then(|bytes| usize::try_from(bytes).ok());
        Self {
            is_batch: batcher.is_some(),
            items: number("MaxItemsPerBatch"),
            bytes: bytes.unwrap_or(INPUT_MAX).min(INPUT_MAX),
            beside: batcher.and_then(|batcher| batcher.get("BatchInput")).cloned(),
        }
    }
}

/// Takes items one by one, as long as there is room for children.
pub struct Batches {
    limits: Limits,
    room: u64,
    done: Vec<Child>,
    open: Vec<Value>,
    bytes: usize,
    /// How many items are in those that are done.
    items: u64,
    /// After the last of those, and after the last item.
    position: Position,
    here: Position,
}

impl Batches {
    /// For as many children as there is `room` for, of what a Map asks for, after so many items and from `position` on.
    pub fn new(request: &Value, room: u64, (items, position): (u64, Position)) -> Self {
        let limits = Limits::of(request);
        let here = position.clone();
        Self { limits, room, done: Vec::new(), open: Vec::new(), bytes: 0, items, position, here }
    }

    /// How many items to read.
    pub fn wanted(&self) -> usize {
        match self.limits.items {
            // A batch is not larger than its bytes, and so is read as a whole.
            Some(most) => usize::try_from(most).unwrap_or(usize::MAX).clamp(READ_MAX, INPUT_MAX),
            None if self.limits.is_batch => INPUT_MAX,
            None => usize::try_from(self.room).unwrap_or(READ_MAX),
        }
    }

    /// Takes what an item comes to, with where the next one is; false when there is no room for it.
    ///
    /// # Errors
    ///
    /// [`TooLarge`].
    pub fn add(&mut self, input: Value, next: Position) -> Result<bool, TooLarge> {
        if !self.limits.is_batch {
            if self.is_full() {
                return Ok(false);
            }
            self.close(vec![input], next)?;
            return Ok(true);
        }
        let bytes = input.to_string().len().saturating_add(1);
        let around = self.limits.beside.as_ref().map_or(0, |beside| beside.to_string().len()).saturating_add(32);
        let is_over = self.bytes.saturating_add(bytes).saturating_add(around) > self.limits.bytes;
        if !self.open.is_empty() && is_over {
            let (open, position) = (std::mem::take(&mut self.open), self.here.clone());
            self.close(open, position)?;
        }
        if self.is_full() {
            return Ok(false);
        }
        self.open.push(input);
        self.bytes = self.bytes.saturating_add(bytes);
        self.here = next;
        let count = u64::try_from(self.open.len()).unwrap_or(u64::MAX);
        if self.limits.items.is_some_and(|most| count >= most) {
            let (open, position) = (std::mem::take(&mut self.open), self.here.clone());
            self.close(open, position)?;
        }
        Ok(true)
    }

    fn is_full(&self) -> bool {
        u64::try_from(self.done.len()).unwrap_or(u64::MAX) >= self.room
    }

    fn close(&mut self, inputs: Vec<Value>, position: Position) -> Result<(), TooLarge> {
        let items = u64::try_from(inputs.len()).unwrap_or(u64::MAX);
        let input = if self.limits.is_batch {
            let mut batch = Map::new();
            batch.extend(self.limits.beside.clone().map(|beside| ("BatchInput".to_owned(), beside)));
            batch.insert("Items".to_owned(), Value::Array(inputs));
            Value::Object(batch).to_string()
        } else {
            inputs.into_iter().next().unwrap_or_default().to_string()
        };
        if input.len() > INPUT_MAX {
            return Err(TooLarge);
        }
        self.done.push(Child { input, first_item: self.items, items });
        self.items = self.items.saturating_add(items);
        self.position = position;
        self.bytes = 0;
        Ok(())
    }

    /// The children. What is not a whole batch is read again with what comes after it, unless nothing does.
    ///
    /// # Errors
    ///
    /// [`TooLarge`].
    pub fn end(mut self, seen: Seen) -> Result<Batched, TooLarge> {
        let mut at_end = seen == Seen::All;
        if !self.open.is_empty() && (at_end || self.done.is_empty()) && !self.is_full() {
            let (open, position) = (std::mem::take(&mut self.open), self.here.clone());
            self.close(open, position)?;
        }
        if !self.open.is_empty() {
            at_end = false;
        }
        Ok(Batched { children: self.done, position: self.position, items: self.items, at_end })
    }
}
