//! The way of the data through a state: selections, placements, and the limit on their size.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::failure::{DATA_LIMIT_EXCEEDED, Failure, RESULT_PATH_MATCH_FAILURE};
use crate::path::Found;
use crate::reference_path::ReferencePath;
use crate::size::{self, Size};
use crate::state::{Placement, Selection};
use crate::template::Template;

/// What may still be copied into one document, in bytes of JSON text.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) const fn of(bytes: usize) -> Self {
        Self(bytes)
    }

    pub(crate) fn spend(&mut self, value: &Value) -> Result<(), Failure> {
        self.0 = self.0.checked_sub(size::of(value).bytes).ok_or_else(too_large)?;
        Ok(())
    }

    pub(crate) fn copy(&mut self, value: &Value) -> Result<Value, Failure> {
        self.spend(value)?;
        Ok(value.clone())
    }
}

fn too_large() -> Failure {
    Failure::because(DATA_LIMIT_EXCEEDED, "The data is larger than an execution may hold.")
}

/// A document and bounds on its size and depth: exact, or too large when members of it were replaced.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) value: Arc<Value>,
    size: Size,
}

impl Document {
    pub(crate) fn new(value: Arc<Value>) -> Self {
        let size = size::of(&value);
        Self { value, size }
    }

    /// The same, refused when it is larger than `limit` bytes or too deep.
    pub(crate) fn within(self, limit: usize) -> Result<Self, Failure> {
        let fits = |document: &Self| document.size.fits(limit);
        if fits(&self) {
            return Ok(self);
        }
        let exact = Self::new(self.value);
        if fits(&exact) { Ok(exact) } else { Err(too_large()) }
    }

    /// `InputPath` or `OutputPath`.
    pub(crate) fn select(&self, selection: &Selection, context: &Value) -> Result<Self, Failure> {
        let path = match selection {
            Selection::Whole => return Ok(self.clone()),
            Selection::Nothing => return Ok(Self::new(Arc::new(Value::Object(Map::new())))),
            Selection::Part(path) => path,
        };
        let value = match path.find(&self.value, context) {
            Found::Whole => return Ok(self.clone()),
            Found::One(part) => part.clone(),
            Found::Many(parts) => parts.into_iter().cloned().collect(),
            Found::Missing => {
                return Err(Failure::runtime(format!("The JSONPath '{path}' was not found in the input.")));
            }
        };
        Ok(Self::new(Arc::new(value)))
    }

    /// `Parameters` or `ResultSelector`, if there is one.
    pub(crate) fn shape(self, template: Option<&Template>, context: &Value, limit: usize) -> Result<Self, Failure> {
        let Some(template) = template else { return Ok(self) };
        let value = template.fill(&self.value, context, &mut Budget::of(limit))?;
        Self::new(Arc::new(value)).within(limit)
    }

    /// `ResultPath`, in place. On failure the document is as it was, so that Retry and Catch find it.
    pub(crate) fn place(&mut self, placement: &Placement, result: Self, limit: usize) -> Result<(), Failure> {
        match placement {
            Placement::Discard => Ok(()),
            Placement::Replace => {
                *self = result.within(limit)?;
                Ok(())
            }
            Placement::Into(path) => self.put(path, result, limit),
        }
    }

    fn put(&mut self, path: &ReferencePath, result: Self, limit: usize) -> Result<(), Failure> {
        let mismatch = |_| {
            let cause = format!("The ResultPath '{}' cannot be applied to the state's input.", path.path());
            Failure::because(RESULT_PATH_MATCH_FAILURE, cause)
        };
        path.check(&self.value).map_err(mismatch)?;
        let size = Size {
            bytes: self.size.bytes.saturating_add(result.size.bytes).saturating_add(path.bytes()),
            depth: self.size.depth.max(path.path().steps().len().saturating_add(result.size.depth)),
        };
        let value = Arc::try_unwrap(result.value).unwrap_or_else(|held| (*held).clone());
        if size.fits(limit) {
            self.size = size;
            return path.put(&mut self.value, value).map_err(mismatch);
        }
        // Near the limit only the text itself tells, and the input must survive a refusal.
        let mut changed = Arc::clone(&self.value);
        path.put(&mut changed, value).map_err(mismatch)?;
        *self = Self::new(changed).within(limit)?;
        Ok(())
    }
}
