//! Following a path from a value.

use serde_json::{Map, Value};

use super::{Found, Path, Step};
use crate::fault::Fault;
use crate::sight::{Sight, World};

/// What looking at one value costs: what is held for it meanwhile, in bytes.
const LOOK_BYTES: usize = 16;

impl Path {
    /// Whether the last of its steps gives one value, or one object of several members.
    pub(super) fn gives_one(&self) -> bool {
        match self.steps.get(self.definite..) {
            None | Some([] | [Step::Names(_)]) => true,
            Some(_) => false,
        }
    }

    pub(super) fn follow<'v>(&self, start: &'v Value, sight: Sight<'_>) -> Result<Found<'v>, Fault> {
        let (names, rest) = self.steps.split_at_checked(self.definite).unwrap_or_default();
        let mut at = Some(start);
        for step in names {
            at = at.and_then(|value| take(value, step));
        }
        let found = match (at, rest) {
            (Some(value), []) => Found::One(value),
            (Some(value), [Step::Names(names)]) => match pick(value, names) {
                Some(picked) => Found::Made(sight.world.admit(picked)?),
                None => Found::Missing,
            },
            (None, [] | [Step::Names(_)]) => Found::Missing,
            // A missing way to what is many selects nothing, and nothing is a list too.
            (None, _) => Found::Many(Vec::new()),
            (Some(value), steps) => spread(value, steps, sight)?,
        };
        match self.function {
            None => Ok(found),
            Some(function) => Ok(function.of(&found).map_or(Found::Missing, Found::Made)),
        }
    }
}

impl Found<'_> {
    /// The same, independent of the value that it was found in.
    pub(super) fn into_owned<'o>(self, whole: &Value, world: &World) -> Result<Found<'o>, Fault> {
        let made = match self {
            Self::Whole => whole.clone(),
            Self::One(value) => value.clone(),
            Self::Many(values) => {
                values.iter().try_for_each(|value| world.spend(crate::size::measure(value).bytes))?;
                values.into_iter().cloned().collect()
            }
            Self::Made(value) => value,
            Self::Missing => return Ok(Found::Missing),
        };
        world.admit(made).map(Found::Made)
    }
}

/// The member or item that `step` names; others than names and indexes name none.
fn take<'v>(value: &'v Value, step: &Step) -> Option<&'v Value> {
    match (step, value) {
        (Step::Name(name), Value::Object(members)) => members.get(&**name),
        (Step::Index(index), Value::Array(items)) => item(items, *index),
        _ => None,
    }
}

fn item(items: &[Value], index: i64) -> Option<&Value> {
    let place = match usize::try_from(index.unsigned_abs()).ok()? {
        back if index < 0 => items.len().checked_sub(back)?,
        place => place,
    };
    items.get(place)
}

/// An object of those members that have one of the names.
fn pick(value: &Value, names: &[Box<str>]) -> Option<Value> {
    let members = value.as_object()?;
    let found = names.iter().filter_map(|name| members.get_key_value(&**name));
    Some(Value::Object(found.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>()))
}

fn spread<'v>(start: &'v Value, steps: &[Step], sight: Sight<'_>) -> Result<Found<'v>, Fault> {
    let world = sight.world;
    let mut selected = vec![start];
    let mut descends = false;
    for (place, step) in steps.iter().enumerate() {
        if matches!(step, Step::Descend) {
            let mut all = Vec::new();
            selected.into_iter().try_for_each(|value| descend(value, &mut all, world))?;
            (selected, descends) = (all, true);
            continue;
        }
        if let Step::Names(names) = step
            && place + 1 == steps.len()
        {
            let picked = selected.into_iter().filter_map(|value| pick(value, names));
            let picked =
                picked.filter(|value| !descends || value.as_object().is_some_and(|members| !members.is_empty()));
            return picked.map(|value| world.admit(value)).collect::<Result<_, _>>().map(Found::Made);
        }
        let mut next = Vec::new();
        for value in selected {
            world.spend(LOOK_BYTES)?;
            match (step, descends) {
                // From each value below, a filter takes that value itself.
                (Step::Filter(filter), true) => {
                    if filter.takes(value, sight)? {
                        next.push(value);
                    }
                }
                _ => select(value, step, sight, &mut next)?,
            }
        }
        (selected, descends) = (next, false);
    }
    Ok(Found::Many(selected))
}

/// The value, and everything below it, each before what is inside of it.
fn descend<'v>(value: &'v Value, all: &mut Vec<&'v Value>, world: &World) -> Result<(), Fault> {
    world.spend(LOOK_BYTES)?;
    all.push(value);
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| descend(item, all, world)),
        Value::Object(members) => members.values().try_for_each(|member| descend(member, all, world)),
        _ => Ok(()),
    }
}

/// Appends what one step takes from one value.
fn select<'v>(value: &'v Value, step: &Step, sight: Sight<'_>, next: &mut Vec<&'v Value>) -> Result<(), Fault> {
    let world = sight.world;
    match (step, value) {
        (Step::Every, Value::Array(items)) => {
            world.spend(items.len().saturating_mul(LOOK_BYTES))?;
            next.extend(items);
        }
        (Step::Every, Value::Object(members)) => {
            world.spend(members.len().saturating_mul(LOOK_BYTES))?;
            next.extend(members.values());
        }
        (Step::Names(names), Value::Object(members)) => {
            world.spend(names.len().saturating_mul(LOOK_BYTES))?;
            next.extend(names.iter().filter_map(|name| members.get(&**name)));
        }
        (Step::Indexes(indexes), Value::Array(items)) => {
            world.spend(indexes.len().saturating_mul(LOOK_BYTES))?;
            next.extend(indexes.iter().filter_map(|index| item(items, *index)));
        }
        (Step::Slice { start, end, step }, Value::Array(items)) => {
            world.spend(items.len().saturating_mul(LOOK_BYTES))?;
            slice(items, (*start, *end), *step, next);
        }
        (Step::Filter(filter), Value::Array(items)) => {
            for item in items {
                world.spend(LOOK_BYTES)?;
                if filter.takes(item, sight)? {
                    next.push(item);
                }
            }
        }
        (Step::Filter(filter), Value::Object(_)) => {
            if filter.takes(value, sight)? {
                next.push(value);
            }
        }
        _ => next.extend(take(value, step)),
    }
    Ok(())
}

/// `[start:end:step]`. Ends outside of the array are moved to its ends; a negative step goes backwards.
fn slice<'v>(items: &'v [Value], (start, end): (Option<i64>, Option<i64>), step: i64, next: &mut Vec<&'v Value>) {
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let bound = |bound: Option<i64>, default: i64| {
        let Some(bound) = bound else { return default };
        let from_front = if bound < 0 { bound.saturating_add(length) } else { bound };
        from_front.clamp(low, high)
    };
    let (first, last) = if step > 0 { (low, high) } else { (high, low) };
    let (mut at, end) = (bound(start, first), bound(end, last));
    while (step > 0 && at < end) || (step < 0 && at > end) {
        next.extend(usize::try_from(at).ok().and_then(|place| items.get(place)));
        at = at.saturating_add(step);
    }
}
