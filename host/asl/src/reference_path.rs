//! Reference paths: those that name one place of a document, so that something can be put there.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::path::{Path, PathError, Root, Step};

/// A path of names and non-negative indexes, from the document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReferencePath(Path);

/// The document has no place where the path leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mismatch;

impl ReferencePath {
    pub(crate) fn parse(text: &str) -> Result<Self, PathError> {
        let path = Path::parse(text)?;
        match path.root() {
            Root::Document if path.is_reference() => Ok(Self(path)),
            Root::Document => Err(PathError("only names and non-negative indexes may stand here".to_owned())),
            _ => Err(PathError("only the document can be written to, from '$'".to_owned())),
        }
    }

    pub(crate) const fn path(&self) -> &Path {
        &self.0
    }

    /// The most that [`Self::put`] writes beside the value: each name as a key, escaped, with its punctuation.
    pub(crate) fn bytes(&self) -> usize {
        let names = self.0.steps().iter().map(|step| match step {
            Step::Name(name) => name.len().saturating_mul(6).saturating_add(6),
            _ => 0,
        });
        names.fold(0, usize::saturating_add)
    }

    /// Puts `value` where the path leads, making missing objects on the way. Copies the document only if somebody else
    /// holds it too.
    ///
    /// # Errors
    ///
    /// [`Mismatch`], with the document as it was: the path steps through something that is neither an object nor
    /// missing, or past the end of an array.
    pub(crate) fn put(&self, document: &mut Arc<Value>, value: Value) -> Result<(), Mismatch> {
        self.check(document)?;
        put(Arc::make_mut(document), self.0.steps(), value)
    }

    /// Whether [`Self::put`] would find its place.
    pub(crate) fn check(&self, document: &Value) -> Result<(), Mismatch> {
        let mut at = document;
        for step in self.0.steps() {
            let inner = match (step, at) {
                (Step::Name(name), Value::Object(members)) => members.get(&**name),
                (Step::Index(index), Value::Array(items)) => {
                    Some(place(*index).and_then(|place| items.get(place)).ok_or(Mismatch)?)
                }
                _ => return Err(Mismatch),
            };
            match inner {
                Some(inner) => at = inner,
                None => return self.check_new(step),
            }
        }
        Ok(())
    }

    /// Below a member that is missing, only objects can be made.
    fn check_new(&self, missing: &Step) -> Result<(), Mismatch> {
        let after = self.0.steps().iter().skip_while(|step| !std::ptr::eq(*step, missing)).skip(1);
        if after.into_iter().all(|step| matches!(step, Step::Name(_))) { Ok(()) } else { Err(Mismatch) }
    }
}

fn place(index: i64) -> Option<usize> {
    usize::try_from(index).ok()
}

fn put(document: &mut Value, steps: &[Step], value: Value) -> Result<(), Mismatch> {
    let Some((last, way)) = steps.split_last() else {
        *document = value;
        return Ok(());
    };
    let mut at = document;
    for step in way {
        at = match (step, at) {
            (Step::Name(name), Value::Object(members)) => {
                if !members.contains_key(&**name) {
                    members.insert(String::from(&**name), Value::Object(Map::new()));
                }
                members.get_mut(&**name).ok_or(Mismatch)?
            }
            (Step::Index(index), Value::Array(items)) => {
                place(*index).and_then(|place| items.get_mut(place)).ok_or(Mismatch)?
            }
            _ => return Err(Mismatch),
        };
    }
    match (last, at) {
        (Step::Name(name), Value::Object(members)) => match members.get_mut(&**name) {
            Some(slot) => *slot = value,
            None => drop(members.insert(String::from(&**name), value)),
        },
        (Step::Index(index), Value::Array(items)) => {
            *place(*index).and_then(|place| items.get_mut(place)).ok_or(Mismatch)? = value;
        }
        _ => return Err(Mismatch),
    }
    Ok(())
}
