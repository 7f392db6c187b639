//! `|pattern|update, delete|`: a changed copy.

use super::{Evaluation, Frame};
use crate::ast::Transform;
use crate::error::{Fault, Result};
use crate::value::{Flags, NESTING_MAX, Value, significant, too_deep};

impl<'a> Evaluation<'a> {
    pub(super) fn transform(
        &self,
        transform: &'a Transform,
        input: Value<'a>,
        frame: &'a Frame<'a>,
    ) -> Result<Value<'a>> {
        if input.is_undefined() {
            return Ok(input);
        }
        let copy = self.copy(input, 0)?;
        let matches = self.eval(&transform.pattern, copy, frame)?;
        if matches.is_undefined() {
            return Ok(copy);
        }
        for found in matches.as_items().iter() {
            let update = self.eval(&transform.update, found, frame)?;
            if !update.is_undefined() {
                if update.fields().is_none() {
                    return Err(Fault::new("T2011").at(transform.update.position).value(update));
                }
                self.update(found, update)?;
            }
            let Some(delete) = &transform.delete else { continue };
            let names = self.eval(delete, found, frame)?;
            if names.is_undefined() {
                continue;
            }
            let items = names.as_items();
            if items.iter().any(|name| !matches!(name, Value::Text(_))) {
                return Err(Fault::new("T2012").at(delete.position).value(names));
            }
            self.delete(found, &items.iter().collect::<Vec<_>>())?;
        }
        Ok(copy)
    }

    /// Sets the fields of one object in another. What is no object, or was not made here, stays as it is.
    fn update(&self, found: Value<'a>, update: Value<'a>) -> Result<()> {
        let Value::Object(object) = found else { return Ok(()) };
        let mut entries = object.entries().to_vec();
        self.work(entries.len() + update.fields().unwrap_or(0))?;
        let before = entries.len();
        let mut places = std::collections::HashMap::new();
        update.each_field(&mut |name, value| {
            if places.is_empty() {
                places = entries.iter().take(before).enumerate().map(|(place, entry)| (entry.0, place)).collect();
            }
            match places.get(name).and_then(|place| entries.get_mut(*place)) {
                Some(entry) => entry.1 = value,
                None => entries.push((name, value)),
            }
            Ok(())
        })?;
        self.arena.replace(object, entries)
    }

    fn delete(&self, found: Value<'a>, names: &[Value<'a>]) -> Result<()> {
        let Value::Object(object) = found else { return Ok(()) };
        let mut entries = object.entries().to_vec();
        self.work(entries.len().saturating_mul(names.len()))?;
        entries.retain(|(key, _)| !names.iter().any(|name| matches!(name, Value::Text(name) if name == key)));
        self.arena.replace(object, entries)
    }

    /// A copy that can be changed. As in the official implementation it is as if written and read again.
    pub(crate) fn copy(&self, value: Value<'a>, depth: usize) -> Result<Value<'a>> {
        if depth > NESTING_MAX {
            return Err(too_deep());
        }
        self.work(1)?;
        if let Some(items) = value.items() {
            let mut out = Vec::new();
            for item in items.iter() {
                let copy = self.copy(item, depth + 1)?;
                self.push(&mut out, if copy.is_undefined() { Value::Null } else { copy })?;
            }
            return Ok(self.arena.counted_list(&out, Flags::PLAIN));
        }
        if value.fields().is_some() {
            let mut entries = Vec::new();
            value.each_field(&mut |name, field| {
                if !field.is_undefined() {
                    entries.push((name, self.copy(field, depth + 1)?));
                }
                Ok(())
            })?;
            return self.arena.object(entries);
        }
        Ok(match value {
            Value::Number(_) => match value.numeric()? {
                Some(number) if number.fract() != 0.0 => Value::Number(significant(number)),
                Some(_) => value,
                None => Value::Null,
            },
            Value::Function(_) => Value::Text(""),
            other => other,
        })
    }
}
