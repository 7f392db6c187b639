//! Children of a map run: started for items, and begun again.

use std::sync::Arc;

use asl::{Execution, MapItem, StateMachine, TaskId};
use history::Cursor;
use objects::Owned;
use objects::items::{Item, ItemError, Position, Source};
use serde_json::{Map, Value};

use super::{DriveError, fail, room};
use crate::operations::Refusal;
use crate::sql;
use crate::sql::executions::{New, OfRun};
use crate::sql::map_runs::MapRun;
use crate::standard::{House, LoadError};
use crate::start::random;
use crate::tally::By;

/// Children that are begun with one commit at most.
const BEGIN_MAX: u64 = 100;
/// Items that are read at a time, where batches are not larger.
const READ_MAX: usize = 1_000;
/// Bytes of the input of one child.
const INPUT_MAX: usize = 262_144;

/// What is needed of the execution that the items are for.
struct Above {
    organisation: String,
    machine: i64,
    role_arn: String,
    definition: i64,
    frames: Vec<u8>,
}

/// A child to be.
struct Begun {
    input: String,
    first_item: u64,
    items: u64,
}

/// What came of a piece.
struct Shaped {
    children: Vec<Begun>,
    position: String,
    items: u64,
    at_end: bool,
}

/// Why a piece cannot be taken: error and cause.
type Broken = (&'static str, String);

/// Reads the next items, and starts children for them.
pub(super) async fn start(house: &Arc<House>, run: MapRun) -> Result<bool, DriveError> {
    let execution = run.execution;
    let above = house.store.read(move |db| above(db, execution)).await?;
    let Some(above) = above else {
        // Whoever asked is gone.
        let now = house.clock.now();
        let stopping =
            house.store.write(move |db| sql::map_runs::abort(db, execution, None, now).map_err(Refusal::from));
        stopping.await?;
        return Ok(true);
    };
    let machine = house.machine(above.definition).await?;
    let objects = house.objects.of(above.organisation.parse()?);
    let before = run.clone();
    let shaped =
        tokio::task::spawn_blocking(move || shape(&before, &above, (&machine, &objects)).map(|shaped| (shaped, above)));
    let (shaped, above) = match shaped.await? {
        Ok(shaped) => shaped,
        Err(Trouble::Broken((error, cause))) => return fail(house, &run, (error, cause)).await,
        Err(Trouble::Item(error, cause)) => return fail(house, &run, (&error, cause)).await,
        Err(Trouble::Load(error)) => return Err(error.into()),
        Err(Trouble::Stored(error)) => return Err(error.into()),
    };
    let now = house.clock.now();
    let beginning = house.store.write(move |db| {
        let count = u64::try_from(shaped.children.len()).unwrap_or(u64::MAX);
        if !sql::map_runs::advance(db, &run, (&shaped.position, shaped.items, shaped.at_end), count)? {
            return Ok(0);
        }
        for child in shaped.children {
            let details = history::start_details(&child.input, &above.role_arn);
            let new = New {
                machine: above.machine,
                name: uuid::Uuid::new_v4().to_string(),
                definition: run.definition,
                version: None,
                alias: None,
                is_express: run.kind == "EXPRESS",
                at: now,
                input: child.input,
                trace_header: None,
                seed: random(),
                parent: None,
                of_run: Some(OfRun { map_run: run.id, first_item: child.first_item, items: child.items }),
                event: history::started(now, &details),
                epoch: 0,
                // That of the execution above counts: see `sql::steps::load`.
                origin: None,
            };
            sql::executions::insert(db, &new)?;
        }
        Ok::<_, Refusal>(count)
    });
    house.tally.started(By::MapRun, beginning.await?);
    house.look();
    Ok(true)
}

fn above(db: &rusqlite::Connection, seq: i64) -> rusqlite::Result<Option<Above>> {
    let Some(record) = sql::executions::by_seq(db, seq)?.filter(|record| record.status == "RUNNING") else {
        return Ok(None);
    };
    let Some(frames) = sql::executions::frames(db, seq)? else { return Ok(None) };
    let (organisation, role_arn) = sql::executions::owner(db, seq)?;
    Ok(Some(Above { organisation, machine: record.machine, role_arn, definition: record.definition, frames }))
}

/// Why a piece could not be shaped.
enum Trouble {
    Broken(Broken),
    Item(String, String),
    Load(LoadError),
    Stored(serde_json::Error),
}

impl From<Broken> for Trouble {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<serde_json::Error> for Trouble {
    fn from(error: serde_json::Error) -> Self {
        Self::Stored(error)
    }
}

/// Reads a piece of the items, and makes inputs of them. Blocks.
fn shape(run: &MapRun, above: &Above, (machine, objects): (&Arc<StateMachine>, &Owned)) -> Result<Shaped, Trouble> {
    let execution =
        Execution::decode(Arc::clone(machine), &above.frames).map_err(|error| Trouble::Load(error.into()))?;
    let request: Value = serde_json::from_str(&run.request)?;
    let position: Position = serde_json::from_str(&run.position)?;
    let source = Source::of(&request);
    let name: Arc<str> = source.name().into();
    let limits = Limits::of(&request);
    let room = room(run).min(BEGIN_MAX);
    let wanted = match limits.items {
        // A batch is not larger than its bytes, and so is read as a whole.
        Some(most) => usize::try_from(most).unwrap_or(usize::MAX).clamp(READ_MAX, INPUT_MAX),
        None if limits.is_batch => INPUT_MAX,
        None => usize::try_from(room).unwrap_or(READ_MAX),
    };
    let left = source.most().saturating_sub(run.items);
    let most = wanted.min(usize::try_from(left).unwrap_or(usize::MAX));
    let failed = |error: ItemError| {
        tracing::debug!(%error, map_run = run.id, "the items of a map run cannot be read");
        Trouble::Broken(("States.ItemReaderFailed", error.to_string()))
    };
    let piece = if most == 0 { None } else { Some(source.read(objects, &position, most).map_err(failed)?) };
    let (items, is_end) = piece.map_or((Vec::new(), true), |piece| (piece.items, piece.is_end));
    let took_all = is_end || u64::try_from(items.len()).unwrap_or(u64::MAX) >= left;
    let mut batches = Batches {
        limits,
        room,
        done: Vec::new(),
        open: Vec::new(),
        bytes: 0,
        items: run.items,
        here: position.clone(),
        position,
    };
    let mut index = run.items;
    for Item { value, key, next } in items {
        let item = MapItem { index, value, key, source: Arc::clone(&name) };
        let input = execution
            .item_input(TaskId::new(run.task), item)
            .map_err(|failed| Trouble::Item(failed.error, failed.cause))?;
        if !batches.add(input, next)? {
            return batches.end(Seen::Some);
        }
        index = index.saturating_add(1);
    }
    batches.end(if took_all { Seen::All } else { Seen::Some })
}

/// Whether there are items after those that were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    All,
    Some,
}

/// `ItemBatcher`.
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

/// Inputs of children, one for each item or each batch.
struct Batches {
    limits: Limits,
    room: u64,
    done: Vec<Begun>,
    open: Vec<Value>,
    bytes: usize,
    /// How many items are in those that are done.
    items: u64,
    /// After the last of those, and after the last item.
    position: Position,
    here: Position,
}

impl Batches {
    /// Takes an item; false when there is no room for it.
    fn add(&mut self, input: Value, next: Position) -> Result<bool, Trouble> {
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

    fn close(&mut self, inputs: Vec<Value>, position: Position) -> Result<(), Trouble> {
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
            let cause = format!("The input of a child would be larger than {INPUT_MAX} bytes.");
            return Err(("States.DataLimitExceeded", cause).into());
        }
        self.done.push(Begun { input, first_item: self.items, items });
        self.items = self.items.saturating_add(items);
        self.position = position;
        self.bytes = 0;
        Ok(())
    }

    /// What is not a whole batch is read again with what comes after it, unless nothing does.
    fn end(mut self, seen: Seen) -> Result<Shaped, Trouble> {
        let mut at_end = seen == Seen::All;
        if !self.open.is_empty() && (at_end || self.done.is_empty()) && !self.is_full() {
            let (open, position) = (std::mem::take(&mut self.open), self.here.clone());
            self.close(open, position)?;
        }
        if !self.open.is_empty() {
            at_end = false;
        }
        let position = serde_json::to_string(&self.position)?;
        Ok(Shaped { children: self.done, position, items: self.items, at_end })
    }
}

/// Begins children again that have not succeeded: express ones anew, standard ones where they stood.
pub(super) async fn redrive(house: &Arc<House>, run: MapRun) -> Result<bool, DriveError> {
    let most = u32::try_from(room(&run).min(BEGIN_MAX)).unwrap_or(u32::MAX);
    let now = house.clock.now();
    let redriving = house.store.write(move |db| {
        let pending = sql::map_runs::pending(db, &run, most)?;
        let taken = if pending.is_empty() { run.pending } else { u64::try_from(pending.len()).unwrap_or(u64::MAX) };
        let (mut begun, mut failed_items) = (0, 0);
        for seq in pending {
            let Some(record) = sql::executions::by_seq(db, seq)? else { continue };
            let redrives = record.redrives.saturating_add(1);
            let kept = sql::executions::cursor(db, seq)?;
            match kept {
                Some(kept) => {
                    let mut cursor = Cursor::read(&kept).map_err(sql::broken)?;
                    let event = (cursor.last() + 1, cursor.redrive(now, redrives));
                    sql::redrives::redrive(db, seq, (now, None), Some(event), &cursor.text().map_err(sql::broken)?)?;
                    begun += 1;
                }
                None if record.is_express() => {
                    sql::redrives::redrive(db, seq, (now, None), None, "")?;
                    begun += 1;
                }
                // Nothing is left of it to go on from.
                None => failed_items += sql::redrives::pass_over(db, seq, now)?,
            }
        }
        sql::map_runs::redriven(db, run.id, (taken, begun), failed_items).map_err(Refusal::from)
    });
    redriving.await?;
    house.look();
    Ok(true)
}
