//! Distributed Maps: their children are executions of their own, which whoever runs this one starts and waits for.

use std::sync::Arc;

use serde_json::Value;

use super::Execution;
use super::spread::{concurrency, no_items};
use super::survey::DOCUMENTS_PER_EVENT;
use super::walk::Move;
use crate::data::{Budget, Document};
use crate::failure::Failure;
use crate::frame::{FrameId, Invoking, TaskId};
use crate::state::{Map, Work};
use crate::template::Template;
use crate::world::World;

/// Numbers of a Map that may come from the data, and their bounds.
const NUMBERS: [(&str, f64, f64); 5] = [
    ("/ToleratedFailureCount", 0.0, 4_294_967_295.0),
    ("/ToleratedFailurePercentage", 0.0, 100.0),
    ("/ItemReader/ReaderConfig/MaxItems", 1.0, 100_000_000.0),
    ("/ItemBatcher/MaxItemsPerBatch", 1.0, 4_294_967_295.0),
    ("/ItemBatcher/MaxInputBytesPerBatch", 1.0, 262_144.0),
];

/// How far the draws of two items are apart.
const DRAWS_PER_ITEM: u64 = 1 << 20;

/// One item of a distributed Map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapItem {
    /// Its place among all items.
    pub index: u64,
    /// The item.
    pub value: Value,
    /// Its key, where the items are the members of an object.
    pub key: Option<String>,
    /// `STATE_DATA`, or where it was read from.
    pub source: Arc<str>,
}

/// `ItemSelector` fails for an item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {cause}")]
pub struct ItemFailed {
    /// The error's name.
    pub error: String,
    /// More about it, for people.
    pub cause: String,
}

impl Execution {
    /// What `ItemSelector` makes of an item of the Map that asked for `task`. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`ItemFailed`]: the Map fails with it.
    pub fn item_input(&self, task: TaskId, item: MapItem) -> Result<Value, ItemFailed> {
        let Some(frame) = self.frames.of_task(task) else { return Ok(item.value) };
        let Some(state) = self.machine.at(frame.state) else { return Ok(item.value) };
        let Work::Map(map) = &state.work else { return Ok(item.value) };
        let Some(selector) = &map.errand.parameters else { return Ok(item.value) };
        let mut world = self.world_with(state, frame, Some((Arc::new(Value::Array(vec![item.value])), 0)));
        if let Some(shown) = world.paths.context.pointer_mut("/Map/Item").and_then(Value::as_object_mut) {
            shown.insert("Index".to_owned(), item.index.into());
            shown.insert("Source".to_owned(), Value::from(&*item.source));
            shown.extend(item.key.map(|key| ("Key".to_owned(), Value::from(key))));
        }
        world.allowance.set(self.limit().saturating_mul(DOCUMENTS_PER_EVENT));
        world.draws.set(self.draws.saturating_add(item.index.saturating_add(1).saturating_mul(DRAWS_PER_ITEM)));
        let selected = frame.input.select(&map.errand.flow.input, &world, "InputPath");
        let made = selected.and_then(|input| Document::made(selector, input.scene(&world), "ItemSelector"));
        made.map(|made| Arc::unwrap_or_clone(made.value)).map_err(|failure| {
            let failure = failure.in_state(state.name.as_str());
            let error = failure.error.map(std::borrow::Cow::into_owned).unwrap_or_default();
            ItemFailed { error, cause: failure.cause.unwrap_or_default() }
        })
    }

    pub(super) fn begin_run(
        &mut self,
        (map, plan): (&Map, &Template),
        id: FrameId,
        world: &World,
    ) -> Result<Move, Failure> {
        let Some(frame) = self.frames.get(id) else { return Ok(Move::Stay) };
        let input = frame.input.select(&map.errand.flow.input, world, "InputPath")?;
        let mut request = plan.fill(input.scene(world), &mut Budget::of(world.limit), "ItemReader")?;
        for (pointer, low, high) in NUMBERS {
            let Some(number) = request.pointer(pointer) else { continue };
            let is_whole = number.is_u64() || pointer.ends_with("Percentage");
            if !number.as_f64().is_some_and(|number| is_whole && (low..=high).contains(&number)) {
                let name = pointer.rsplit('/').next().unwrap_or_default();
                return Err(Failure::runtime(format!("The {name} must be a number from {low} to {high}.")));
            }
        }
        request["MaxConcurrency"] = concurrency(map, &input, world)?.into();
        if request.get("ItemReader").is_none() {
            let items = input.select(&map.items, world, "ItemsPath")?;
            if !items.value.is_array() && !items.value.is_object() {
                return Err(no_items(map));
            }
            request["Items"] = Arc::unwrap_or_clone(items.value);
        }
        let invoking = Invoking {
            task: self.coming_task(),
            input: Some(Document::new(Arc::new(request))),
            timeout: None,
            heartbeat: None,
            times_out_at: None,
            beats_until: None,
        };
        Ok(self.invoke_soon(id, invoking))
    }
}
