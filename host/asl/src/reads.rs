//! What the formulas of a state look at beside the document: only that is brought together when it is entered.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::state::{Concurrency, Limit, Selection, Text, Until, Work};
use jsonpath::Formula;
use jsonpath::{Path, Root};

/// What a state reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reads {
    parts: Vec<Part>,
    /// Variables, in the order of their names.
    pub(crate) variables: BTreeSet<Arc<str>>,
}

/// A part of the context object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All but the two documents in it.
    Standing,
    /// `$$.Execution.Input`.
    Input,
    /// `$$.Map.Item.Value`.
    Item,
}

impl Reads {
    pub(crate) fn of(work: &Work) -> Self {
        let mut reads = Self::default();
        visit(work, &mut |path| reads.add(path));
        reads
    }

    /// Whether it reads this part of the context object.
    pub(crate) fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    fn add(&mut self, path: &Path) {
        let parts: &[Part] = match path.root() {
            Root::Document | Root::Current => &[],
            Root::Context => &[Part::Standing],
            Root::Input => &[Part::Input],
            Root::Item => &[Part::Item],
            Root::WholeContext => &[Part::Standing, Part::Input, Part::Item],
            Root::Variable(name) => {
                self.variables.insert(Arc::clone(name));
                &[]
            }
        };
        for part in parts {
            if !self.has(*part) {
                self.parts.push(*part);
            }
        }
    }
}

/// Calls `visit` with every path of the state.
fn visit(work: &Work, visit: &mut dyn FnMut(&Path)) {
    let (flow, errand) = match work {
        Work::Task(task) => {
            for limit in [&task.timeout, &task.heartbeat] {
                if let Limit::At(path) = limit {
                    path.visit(visit);
                }
            }
            (&task.errand.flow, Some(&task.errand))
        }
        Work::Parallel(parallel) => (&parallel.errand.flow, Some(&parallel.errand)),
        Work::Map(map) => {
            if let Some(path) = &map.items {
                path.visit(visit);
            }
            if let Concurrency::At(path) = &map.concurrency {
                path.visit(visit);
            }
            (&map.errand.flow, Some(&map.errand))
        }
        Work::Pass(pass) => {
            pass.parameters.iter().for_each(|template| template.visit(visit));
            pass.assign.visit(visit);
            (&pass.flow, None)
        }
        Work::Choice(choice) => {
            for rule in &choice.rules {
                rule.test.visit(visit);
                rule.assign.visit(visit);
            }
            choice.assign.visit(visit);
            (&choice.flow, None)
        }
        Work::Wait(wait) => {
            if let Until::PassedAt(path) | Until::MomentAt(path) = &wait.until {
                path.visit(visit);
            }
            wait.assign.visit(visit);
            (&wait.flow, None)
        }
        Work::Succeed { flow } => (flow, None),
        Work::Fail(fail) => {
            for text in [&fail.error, &fail.cause] {
                if let Text::At(formula) = text {
                    Formula::visit(formula, visit);
                }
            }
            return;
        }
    };
    for selection in [&flow.input, &flow.output] {
        if let Selection::Part(path) = selection {
            path.visit(visit);
        }
    }
    let Some(errand) = errand else { return };
    errand.parameters.iter().chain(&errand.selector).for_each(|template| template.visit(visit));
    errand.assign.visit(visit);
    errand.catch.iter().for_each(|catcher| catcher.assign.visit(visit));
}
