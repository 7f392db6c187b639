//! Steps that carry variables along: `@$v`, `#$i` and the parents that `%` asks for.

use super::{Binding, Evaluation, Frame};
use crate::ast::{Kind, Node, Stage};
use crate::error::Result;
use crate::value::{Flags, Items, Stream, Value};

/// An item on its way, with what it carries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tuple<'a> {
    pub(crate) context: Value<'a>,
    pub(crate) carried: Option<&'a Binding<'a>>,
}

impl<'a> Evaluation<'a> {
    /// The scope that a tuple's variables make.
    pub(super) fn tuple_frame(&self, tuple: Tuple<'a>, frame: &'a Frame<'a>) -> Result<&'a Frame<'a>> {
        self.arena.frame(Some(frame), tuple.carried)
    }

    pub(super) fn tuple_step(
        &self,
        step: &'a Node,
        input: Items<'a>,
        tuples: Option<(Vec<Tuple<'a>>, Stream)>,
        frame: &'a Frame<'a>,
    ) -> Result<(Vec<Tuple<'a>>, Stream)> {
        let more = step.more.as_deref();
        let index = more.and_then(|more| more.index);
        if let Kind::Sort(terms) = &step.kind {
            let (mut sorted, stream) = match tuples {
                Some((tuples, stream)) => {
                    let sorted = self.order_tuples(terms, (&tuples, stream), step.position, frame)?;
                    // The official implementation forgets that what it sorted are tuples.
                    (sorted, if tuples.len() > 1 { Stream::Sorted } else { stream })
                }
                None => {
                    let items: Vec<Value<'a>> = input.iter().collect();
                    let list = self.arena.list(&items, Flags::SEQUENCE)?;
                    let sorted = self.order(terms, list, step.position, frame)?.as_items();
                    (self.numbered(sorted, index)?, Stream::Flowing)
                }
            };
            sorted = self.tuple_stages(step, sorted, stream, frame)?;
            return Ok((sorted, stream));
        }
        let tuples = match tuples {
            Some((tuples, _)) => tuples,
            None => input.iter().map(|context| Tuple { context, carried: None }).collect(),
        };
        let mut out = Vec::new();
        for tuple in tuples {
            let inner = self.tuple_frame(tuple, frame)?;
            let result = self.eval(step, tuple.context, inner)?;
            if let Value::Tuples(results, _) = result {
                for result in results {
                    let carried = self.join(result.carried, tuple.carried)?;
                    self.push_tuple(&mut out, Tuple { context: result.context, carried })?;
                }
                continue;
            }
            if result.is_undefined() {
                continue;
            }
            for (place, item) in result.as_items().iter().enumerate() {
                let mut next = Tuple { context: item, ..tuple };
                if let Some(focus) = more.and_then(|more| more.focus) {
                    next = self.carry(Tuple { context: tuple.context, ..next }, focus, item)?;
                }
                if let Some(index) = index {
                    next = self.carry(next, index, Value::Number(place as f64))?;
                }
                let ancestor = more.and_then(|more| more.ancestor);
                if let Some(label) = ancestor.and_then(|slot| self.program.parents.get(slot)) {
                    next = self.carry(next, *label, tuple.context)?;
                }
                self.push_tuple(&mut out, next)?;
            }
        }
        Ok((self.tuple_stages(step, out, Stream::Flowing, frame)?, Stream::Flowing))
    }

    fn push_tuple(&self, out: &mut Vec<Tuple<'a>>, tuple: Tuple<'a>) -> Result<()> {
        self.work(1)?;
        self.arena.spend(size_of::<Tuple<'_>>())?;
        out.push(tuple);
        Ok(())
    }

    fn carry(&self, tuple: Tuple<'a>, symbol: u32, value: Value<'a>) -> Result<Tuple<'a>> {
        Ok(Tuple { carried: Some(self.arena.binding(symbol, value, tuple.carried)?), ..tuple })
    }

    /// What one tuple carries, before what another does.
    fn join(&self, first: Option<&'a Binding<'a>>, rest: Option<&'a Binding<'a>>) -> Result<Option<&'a Binding<'a>>> {
        let mut bindings = Vec::new();
        let mut next = first;
        while let Some(binding) = next {
            bindings.push(binding);
            next = binding.next;
        }
        let mut joined = rest;
        for binding in bindings.iter().rev() {
            joined = Some(self.arena.binding(binding.symbol, binding.value(), joined)?);
        }
        Ok(joined)
    }

    fn numbered(&self, items: Items<'a>, index: Option<u32>) -> Result<Vec<Tuple<'a>>> {
        let mut out = Vec::new();
        for (place, context) in items.iter().enumerate() {
            let mut tuple = Tuple { context, carried: None };
            if let Some(index) = index {
                tuple = self.carry(tuple, index, Value::Number(place as f64))?;
            }
            self.push_tuple(&mut out, tuple)?;
        }
        Ok(out)
    }

    fn tuple_stages(
        &self,
        step: &'a Node,
        mut tuples: Vec<Tuple<'a>>,
        stream: Stream,
        frame: &'a Frame<'a>,
    ) -> Result<Vec<Tuple<'a>>> {
        for stage in step.stages() {
            match stage {
                Stage::Filter(predicate) => tuples = self.filter_tuples(predicate, &tuples, stream, frame)?,
                Stage::Index(symbol) => {
                    for (place, tuple) in tuples.iter_mut().enumerate() {
                        *tuple = self.carry(*tuple, *symbol, Value::Number(place as f64))?;
                    }
                }
            }
        }
        Ok(tuples)
    }

    pub(super) fn filter_tuples(
        &self,
        predicate: &'a Node,
        tuples: &[Tuple<'a>],
        stream: Stream,
        frame: &'a Frame<'a>,
    ) -> Result<Vec<Tuple<'a>>> {
        if let Kind::Number(number) = predicate.kind {
            let kept = super::path::place(number, tuples.len()).and_then(|place| tuples.get(place).copied());
            return Ok(kept.into_iter().collect());
        }
        let mut out = Vec::new();
        for (index, tuple) in tuples.iter().enumerate() {
            let chosen = match stream {
                Stream::Flowing => self.eval(predicate, tuple.context, self.tuple_frame(*tuple, frame)?)?,
                Stream::Sorted => self.eval(predicate, self.tuple_object(*tuple)?, frame)?,
            };
            for _ in 0..self.chosen(chosen, index, tuples.len())? {
                self.push_tuple(&mut out, *tuple)?;
            }
        }
        Ok(out)
    }

    /// A tuple as the plain object that it is after sorting, with its variables as fields.
    pub(super) fn tuple_object(&self, tuple: Tuple<'a>) -> Result<Value<'a>> {
        let mut entries = vec![("@", tuple.context)];
        for (symbol, value) in carried(tuple.carried) {
            let name = usize::try_from(symbol).ok().and_then(|symbol| self.program.names.get(symbol));
            entries.push((name.map_or("", String::as_str), value));
        }
        self.arena.object(entries)
    }
}

/// What a binding list holds, each name once.
pub(super) fn carried<'a>(mut list: Option<&'a Binding<'a>>) -> Vec<(u32, Value<'a>)> {
    let mut out: Vec<(u32, Value<'a>)> = Vec::new();
    while let Some(binding) = list {
        if out.iter().all(|(symbol, _)| *symbol != binding.symbol) {
            out.push((binding.symbol, binding.value()));
        }
        list = binding.next;
    }
    out
}
