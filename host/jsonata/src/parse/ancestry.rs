//! Which step each `%` means.
//!
//! A `%` begins as a slot of level one. On its way out through the tree it passes steps: each lowers the level, each
//! further `%` raises it, and the step where it becomes zero carries its context along under the slot's variable.

use crate::ast::{Kind, Node};
use crate::error::{Fault, Result};

#[derive(Debug, Default)]
pub(super) struct Slots(Vec<Slot>);

#[derive(Debug)]
struct Slot {
    /// Slots that mean the same step share a label.
    label: usize,
    level: i32,
}

impl Slots {
    /// A new `%`.
    pub(super) fn add(&mut self) -> usize {
        let slot = self.0.len();
        self.0.push(Slot { label: slot, level: 1 });
        slot
    }

    pub(super) fn labels(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(|slot| slot.label)
    }

    fn level(&mut self, slot: usize) -> &mut i32 {
        // Every slot was given out by `add`.
        &mut self.0[slot].level
    }

    /// Lets `to` look for what `from` still looks for.
    pub(super) fn pass(to: &mut Node, from: &Node) {
        let mut slots = from.seeking().to_vec();
        if let Kind::Parent(slot) = from.kind {
            slots.push(slot);
        }
        if !slots.is_empty() {
            to.more().seeking.append(&mut slots);
        }
    }

    /// Looks for the steps that the last step of a path asks for.
    pub(super) fn resolve(&mut self, path: &mut Node) -> Result<()> {
        let Kind::Path { steps, .. } = &mut path.kind else { return Ok(()) };
        let Some((last, before)) = steps.split_last_mut() else { return Ok(()) };
        let mut slots = last.seeking().to_vec();
        if let Kind::Parent(slot) = last.kind {
            slots.push(slot);
        }
        let mut unresolved = Vec::new();
        for slot in slots {
            let mut index = before.len();
            while *self.level(slot) > 0 {
                if index == 0 {
                    unresolved.push(slot);
                    break;
                }
                index -= 1;
                // Steps in a row that bind their focus stand at the same place of the document.
                while index > 0 && focuses(&before[index]) && focuses(&before[index - 1]) {
                    index -= 1;
                }
                self.seek(&mut before[index], slot)?;
            }
        }
        if !unresolved.is_empty() {
            path.more().seeking.append(&mut unresolved);
        }
        Ok(())
    }

    /// Resolves the slots of a filter at the step it filters.
    pub(super) fn filter(&mut self, step: &mut Node, predicate: &Node) -> Result<()> {
        if predicate.seeking().is_empty() {
            return Ok(());
        }
        for slot in predicate.seeking().to_vec() {
            if *self.level(slot) == 1 { self.seek(step, slot)? } else { *self.level(slot) -= 1 }
        }
        Self::pass(step, predicate);
        Ok(())
    }

    fn seek(&mut self, node: &mut Node, slot: usize) -> Result<()> {
        match &mut node.kind {
            Kind::Name(_) | Kind::Wildcard => {
                *self.level(slot) -= 1;
                if *self.level(slot) == 0 {
                    if let Some(earlier) = node.more().ancestor {
                        self.0[slot].label = self.0[earlier].label;
                    }
                    node.more().ancestor = Some(slot);
                    node.tuple = true;
                }
            }
            Kind::Parent(_) => *self.level(slot) += 1,
            Kind::Block(parts, _) => {
                if let Some(last) = parts.last_mut() {
                    self.seek(last, slot)?;
                    node.tuple = true;
                }
            }
            Kind::Path { steps, .. } => {
                for (place, step) in steps.iter_mut().rev().enumerate() {
                    if place > 0 && *self.level(slot) <= 0 {
                        break;
                    }
                    self.seek(step, slot)?;
                }
                node.tuple = true;
            }
            _ => return Err(underivable(node)),
        }
        Ok(())
    }
}

fn focuses(node: &Node) -> bool {
    node.more.as_ref().is_some_and(|more| more.focus.is_some())
}

/// The error of a `%` that has no step.
pub(super) fn underivable(node: &Node) -> Box<Fault> {
    let fault = Fault::new("S0217").token(type_of(&node.kind));
    // These are made after parsing and stand nowhere in the text.
    if matches!(node.kind, Kind::Path { .. } | Kind::Parent(_)) { fault } else { fault.at(node.position) }
}

fn type_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Path { .. } => "path",
        Kind::Name(_) => "name",
        Kind::Text(_) => "string",
        Kind::Number(_) => "number",
        Kind::Bool(_) | Kind::Null => "value",
        Kind::Wildcard => "wildcard",
        Kind::Descendants => "descendant",
        Kind::Parent(_) => "parent",
        Kind::Regex(_) => "regex",
        Kind::Context | Kind::Variable(_) => "variable",
        Kind::Binary(..) | Kind::And(_) | Kind::Or(_) => "binary",
        Kind::Negate(_) | Kind::Array(_) | Kind::Object(_) => "unary",
        Kind::Call(_) => "function",
        Kind::Partial(_) => "partial",
        Kind::Hole => "operator",
        Kind::TailCall(_) | Kind::Lambda(_) => "lambda",
        Kind::Condition(_) | Kind::Default { .. } => "condition",
        Kind::Bind(..) => "bind",
        Kind::Block(..) => "block",
        Kind::Apply(_) => "apply",
        Kind::Transform(_) => "transform",
        Kind::Sort(_) => "sort",
    }
}
