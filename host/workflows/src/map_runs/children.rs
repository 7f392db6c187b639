//! Children of a map run: started for items, and begun again.

use std::sync::Arc;

use asl::{Execution, MapItem, StateMachine, TaskId};
use history::Cursor;
use objects::Owned;
use objects::items::{Batched, Batches, Item, ItemError, Position, Seen, Source, TooLarge};
use serde_json::Value;

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

/// What is needed of the execution that the items are for.
struct Above {
    organisation: String,
    machine: i64,
    role_arn: String,
    definition: i64,
    frames: Vec<u8>,
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
    let position = serde_json::to_string(&shaped.position)?;
    let now = house.clock.now();
    let beginning = house.store.write(move |db| {
        let count = u64::try_from(shaped.children.len()).unwrap_or(u64::MAX);
        if !sql::map_runs::advance(db, &run, (&position, shaped.items, shaped.at_end), count)? {
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

impl From<TooLarge> for Trouble {
    fn from(error: TooLarge) -> Self {
        Self::Broken(("States.DataLimitExceeded", error.to_string()))
    }
}

impl From<serde_json::Error> for Trouble {
    fn from(error: serde_json::Error) -> Self {
        Self::Stored(error)
    }
}

/// Reads a piece of the items, and makes inputs of them. Blocks.
fn shape(run: &MapRun, above: &Above, (machine, objects): (&Arc<StateMachine>, &Owned)) -> Result<Batched, Trouble> {
    let execution =
        Execution::decode(Arc::clone(machine), &above.frames).map_err(|error| Trouble::Load(error.into()))?;
    let request: Value = serde_json::from_str(&run.request)?;
    let position: Position = serde_json::from_str(&run.position)?;
    let source = Source::of(&request);
    let name: Arc<str> = source.name().into();
    let mut batches = Batches::new(&request, room(run).min(BEGIN_MAX), (run.items, position.clone()));
    let left = source.most().saturating_sub(run.items);
    let most = batches.wanted().min(usize::try_from(left).unwrap_or(usize::MAX));
    let failed = |error: ItemError| {
        tracing::debug!(%error, map_run = run.id, "the items of a map run cannot be read");
        Trouble::Broken(("States.ItemReaderFailed", error.to_string()))
    };
    let piece = if most == 0 { None } else { Some(source.read(objects, &position, most).map_err(failed)?) };
    let (items, is_end) = piece.map_or((Vec::new(), true), |piece| (piece.items, piece.is_end));
    let took_all = is_end || u64::try_from(items.len()).unwrap_or(u64::MAX) >= left;
    let mut index = run.items;
    for Item { value, key, next } in items {
        let item = MapItem { index, value, key, source: Arc::clone(&name) };
        let input = execution
            .item_input(TaskId::new(run.task), item)
            .map_err(|failed| Trouble::Item(failed.error, failed.cause))?;
        if !batches.add(input, next)? {
            return Ok(batches.end(Seen::Some)?);
        }
        index = index.saturating_add(1);
    }
    Ok(batches.end(if took_all { Seen::All } else { Seen::Some })?)
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
