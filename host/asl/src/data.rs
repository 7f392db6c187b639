//! The way of the data through a state: selections, placements, and the limit on their size.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::failure::{Failure, RESULT_PATH_MATCH_FAILURE};
use crate::state::{Placement, Selection};
use crate::template::Template;
use crate::world::{Scene, World};
use jsonpath::{ReferencePath, Size};

/// What one more value costs beside its text, in bytes: a key to be copied, memory to be asked for.
const VALUE_BYTES: usize = 32;

/// What may still be put into one document, in bytes of JSON text.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) const fn of(bytes: usize) -> Self {
        Self(bytes)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Failure> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(Failure::too_large)?;
        Ok(())
    }

    /// Copies `value`, paid for before.
    pub(crate) fn copy(&mut self, value: &Value, world: &World) -> Result<Value, Failure> {
        let bytes = jsonpath::measure(value).bytes;
        self.spend(bytes)?;
        world.spend(bytes.saturating_add(VALUE_BYTES))?;
        Ok(value.clone())
    }

    /// Takes a value that was made for this document.
    pub(crate) fn keep(&mut self, value: Value) -> Result<Value, Failure> {
        self.spend(jsonpath::measure(&value).bytes)?;
        Ok(value)
    }
}

/// A document and bounds on its size and depth: exact, or too large when members of it were replaced.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) value: Arc<Value>,
    size: Size,
}

impl Document {
    pub(crate) fn new(value: Arc<Value>) -> Self {
        let size = jsonpath::measure(&value);
        Self { value, size }
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.size.bytes
    }

    /// The same, refused when it is larger than `limit` bytes or too deep.
    pub(crate) fn within(self, limit: usize) -> Result<Self, Failure> {
        let fits = |document: &Self| document.size.fits(limit);
        if fits(&self) {
            return Ok(self);
        }
        let exact = Self::new(self.value);
        if fits(&exact) { Ok(exact) } else { Err(Failure::too_large()) }
    }

    pub(crate) fn scene<'v>(&'v self, world: &'v World) -> Scene<'v> {
        Scene::of(&self.value, world)
    }

    /// What `template` makes; `field` says which it is.
    pub(crate) fn made(template: &Template, scene: Scene<'_>, field: &str) -> Result<Self, Failure> {
        let limit = scene.world.limit;
        let value = template.fill(scene, &mut Budget::of(limit), field)?;
        Self::new(Arc::new(value)).within(limit)
    }

    /// What is selected of the document; `field` says by what.
    pub(crate) fn select(&self, selection: &Selection, world: &World, field: &str) -> Result<Self, Failure> {
        let path = match selection {
            Selection::Whole => return Ok(self.clone()),
            Selection::Nothing => return Ok(Self::new(Arc::new(Value::Object(Map::new())))),
            Selection::Made(template) => return Self::made(template, self.scene(world), field),
            Selection::Part(path) => path,
        };
        if let Some(variable) = world.shared(path) {
            return Ok(Self::new(variable));
        }
        match path.value(self.scene(world).sight(), field)? {
            Cow::Borrowed(part) => {
                let size = jsonpath::measure(part);
                if !size.fits(world.limit) {
                    return Err(Failure::too_large());
                }
                world.spend(size.bytes)?;
                Ok(Self { value: Arc::new(part.clone()), size })
            }
            Cow::Owned(part) => Self::new(Arc::new(part)).within(world.limit),
        }
    }

    /// `Parameters`, `Arguments` or `ItemSelector`, if there is one.
    pub(crate) fn shape(self, template: Option<&Template>, world: &World, field: &str) -> Result<Self, Failure> {
        let Some(template) = template else { return Ok(self) };
        Self::made(template, self.scene(world), field)
    }

    /// `ResultPath`, in place. On failure the document is as it was, so that Retry and Catch find it.
    pub(crate) fn place(&mut self, placement: &Placement, result: Self, world: &World) -> Result<(), Failure> {
        match placement {
            Placement::Discard => Ok(()),
            Placement::Replace => {
                *self = result.within(world.limit)?;
                Ok(())
            }
            Placement::Into(path) => self.put(path, result, world),
        }
    }

    fn put(&mut self, path: &ReferencePath, result: Self, world: &World) -> Result<(), Failure> {
        let mismatch = |_| {
            let cause = format!("The ResultPath '{}' cannot be applied to the state's input.", path.path());
            Failure::because(RESULT_PATH_MATCH_FAILURE, cause)
        };
        path.check(&self.value).map_err(mismatch)?;
        let size = Size {
            bytes: self.size.bytes.saturating_add(result.size.bytes).saturating_add(path.bytes()),
            depth: self.size.depth.max(path.depth().saturating_add(result.size.depth)),
        };
        if Arc::strong_count(&result.value) > 1 {
            world.spend(result.size.bytes)?;
        }
        if size.fits(world.limit) {
            if Arc::strong_count(&self.value) > 1 {
                world.spend(self.size.bytes)?;
            }
            let value = Arc::unwrap_or_clone(result.value);
            self.size = size;
            return path.put(&mut self.value, value).map_err(mismatch);
        }
        // Near the limit only the text itself tells, and the input must survive a refusal.
        world.spend(self.size.bytes)?;
        let mut changed = Arc::clone(&self.value);
        path.put(&mut changed, Arc::unwrap_or_clone(result.value)).map_err(mismatch)?;
        *self = Self::new(changed).within(world.limit)?;
        Ok(())
    }
}
