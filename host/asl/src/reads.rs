//! What the formulas of a state look at beside the document: only that is brought together when it is entered.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::formula::Look;
use crate::state::{Concurrency, Flow, Limit, Selection, Text, Until, Work};
use jsonpath::{Path, Root};

/// What a state reads.
#[derive(Debug, Clone, Default, PartialEq)]
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
    /// `Task.Token`, which is one of these: noted of expressions.
    Token,
    /// `$$.Execution.Input`.
    Input,
    /// `$$.Map.Item.Value`.
    Item,
}

impl Reads {
    pub(crate) fn of(work: &Work) -> Self {
        let mut reads = Self::default();
        visit(work, &mut |look| match look {
            Look::Path(path) => reads.add_path(path),
            Look::Query(query) => {
                reads.add_parts(&query.reads.parts);
                query.reads.variables.iter().for_each(|name| reads.add_variable(name));
            }
        });
        reads
    }

    /// Whether it reads this part of the context object.
    pub(crate) fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    fn add_path(&mut self, path: &Path) {
        match path.root() {
            Root::Document | Root::Current => {}
            Root::Context => self.add_parts(&[Part::Standing]),
            Root::Input => self.add_parts(&[Part::Input]),
            Root::Item => self.add_parts(&[Part::Item]),
            Root::WholeContext => self.add_parts(&[Part::Standing, Part::Input, Part::Item]),
            Root::Variable(name) => drop(self.variables.insert(Arc::clone(name))),
        }
    }

    pub(crate) fn add_variable(&mut self, name: &str) {
        if !self.variables.contains(name) {
            self.variables.insert(name.into());
        }
    }

    pub(crate) fn add_parts(&mut self, parts: &[Part]) {
        for part in parts {
            if !self.has(*part) {
                self.parts.push(*part);
            }
        }
    }
}

/// Calls `visit` with everything in the state that looks at data.
fn visit(work: &Work, visit: &mut dyn FnMut(Look<'_>)) {
    let errand = match work {
        Work::Task(task) => {
            for limit in [&task.timeout, &task.heartbeat] {
                if let Limit::At(formula) = limit {
                    formula.visit(visit);
                }
            }
            &task.errand
        }
        Work::Parallel(parallel) => &parallel.errand,
        Work::Map(map) => {
            selection(&map.items, visit);
            if let Concurrency::At(formula) = &map.concurrency {
                formula.visit(visit);
            }
            map.distributed.iter().for_each(|template| template.visit(visit));
            &map.errand
        }
        Work::Pass(pass) => {
            pass.parameters.iter().for_each(|template| template.visit(visit));
            pass.assign.visit(visit);
            return flow(&pass.flow, visit);
        }
        Work::Choice(choice) => {
            for rule in &choice.rules {
                rule.test.visit(visit);
                rule.assign.visit(visit);
                rule.output.iter().for_each(|output| selection(output, visit));
            }
            choice.assign.visit(visit);
            return flow(&choice.flow, visit);
        }
        Work::Wait(wait) => {
            if let Until::PassedAt(formula) | Until::MomentAt(formula) = &wait.until {
                formula.visit(visit);
            }
            wait.assign.visit(visit);
            return flow(&wait.flow, visit);
        }
        Work::Succeed { flow: own } => return flow(own, visit),
        Work::Fail(fail) => {
            for text in [&fail.error, &fail.cause] {
                if let Text::At(formula) = text {
                    formula.visit(visit);
                }
            }
            return;
        }
    };
    flow(&errand.flow, visit);
    errand.parameters.iter().chain(&errand.selector).for_each(|template| template.visit(visit));
    errand.assign.visit(visit);
    for catcher in &errand.catch {
        catcher.assign.visit(visit);
        catcher.output.iter().for_each(|template| template.visit(visit));
    }
}

fn flow(flow: &Flow, visit: &mut dyn FnMut(Look<'_>)) {
    selection(&flow.input, visit);
    selection(&flow.output, visit);
}

fn selection(selection: &Selection, visit: &mut dyn FnMut(Look<'_>)) {
    match selection {
        Selection::Whole | Selection::Nothing => {}
        Selection::Part(path) => path.visit(&mut |path| visit(Look::Path(path))),
        Selection::Made(template) => template.visit(visit),
    }
}
