//! What an expression looks at outside of itself: known without an evaluation.

use crate::ast::{Call, Group, Kind, Node, Program, Stage};
use crate::functions;

/// One place where an expression looks outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mention<'e> {
    /// A variable, `$name`.
    Variable {
        /// Without the `$`.
        name: &'e str,
        /// The names that follow it, as far as nothing stands between them.
        fields: Vec<&'e str>,
        /// Whether it is called.
        is_called: bool,
        /// Whether the expression gives the name a value itself, here or elsewhere.
        is_bound: bool,
        /// Where, in bytes of the text.
        position: usize,
    },
    /// `$$`, the input of the whole expression.
    Root {
        /// Where, in bytes of the text.
        position: usize,
    },
    /// `$` where it is the input of the whole expression.
    Context {
        /// Where, in bytes of the text.
        position: usize,
    },
    /// A name, `*`, `**` or `%` that is looked for in the input of the whole expression.
    Name {
        /// The name.
        name: &'e str,
        /// Where, in bytes of the text.
        position: usize,
    },
    /// A regular expression.
    Regex,
}

/// Whether a function of the language has this name.
#[must_use]
pub fn is_function(name: &str) -> bool {
    functions::find(name).is_some()
}

pub(crate) fn visit<'e>(program: &'e Program, visit: &mut dyn FnMut(Mention<'e>)) {
    Walk { program, visit }.node(&program.root, true);
}

struct Walk<'e, 'v> {
    program: &'e Program,
    visit: &'v mut dyn FnMut(Mention<'e>),
}

impl<'e> Walk<'e, '_> {
    /// Walks a node; `outside` says whether its input is that of the whole expression.
    fn node(&mut self, node: &'e Node, outside: bool) {
        let position = usize::try_from(node.position).unwrap_or(usize::MAX);
        match &node.kind {
            Kind::Path { steps, .. } => self.path(steps, outside),
            Kind::Variable(symbol) => self.variable(*symbol, Vec::new(), (false, position)),
            Kind::Context if outside => (self.visit)(Mention::Context { position }),
            Kind::Name(name) if outside => (self.visit)(Mention::Name { name, position }),
            Kind::Wildcard if outside => (self.visit)(Mention::Name { name: "*", position }),
            Kind::Descendants if outside => (self.visit)(Mention::Name { name: "**", position }),
            Kind::Parent(_) if outside => (self.visit)(Mention::Name { name: "%", position }),
            Kind::Regex(_) => (self.visit)(Mention::Regex),
            Kind::Binary(_, nodes)
            | Kind::And(nodes)
            | Kind::Or(nodes)
            | Kind::Default { nodes, .. }
            | Kind::Apply(nodes) => {
                self.node(&nodes.0, outside);
                self.node(&nodes.1, outside);
            }
            Kind::Negate(inner) | Kind::Bind(_, inner) => self.node(inner, outside),
            Kind::Array(nodes) | Kind::Block(nodes, _) => nodes.iter().for_each(|node| self.node(node, outside)),
            Kind::Object(group) => self.group(group, outside),
            Kind::Call(call) | Kind::TailCall(call) | Kind::Partial(call) => self.call(call, outside),
            Kind::Lambda(lambda) => self.node(&lambda.body, outside),
            Kind::Condition(parts) => {
                let (condition, then, otherwise) = &**parts;
                [Some(condition), Some(then), otherwise.as_ref()]
                    .into_iter()
                    .flatten()
                    .for_each(|part| self.node(part, outside));
            }
            Kind::Transform(transform) => {
                let parts = [Some(&transform.pattern), Some(&transform.update), transform.delete.as_ref()];
                parts.into_iter().flatten().for_each(|part| self.node(part, false));
            }
            Kind::Sort(terms) => terms.iter().for_each(|term| self.node(&term.expression, false)),
            _ => {}
        }
        self.more(node);
    }

    /// What stands behind a node looks at what the node finds.
    fn more(&mut self, node: &'e Node) {
        let Some(more) = &node.more else { return };
        more.predicates.iter().for_each(|predicate| self.node(predicate, false));
        for stage in &more.stages {
            if let Stage::Filter(filter) = stage {
                self.node(filter, false);
            }
        }
        if let Some(group) = &more.group {
            self.group(group, false);
        }
    }

    fn path(&mut self, steps: &'e [Node], outside: bool) {
        let Some((first, rest)) = steps.split_first() else { return };
        if let Kind::Variable(symbol) = first.kind {
            let position = usize::try_from(first.position).unwrap_or(usize::MAX);
            self.variable(symbol, self.names(first, rest), (false, position));
            self.more(first);
        } else {
            self.node(first, outside);
        }
        for step in rest {
            self.node(step, false);
        }
    }

    /// The names that follow a first step, up to one that looks elsewhere too. A `%` may lead back from any of them.
    fn names(&self, first: &'e Node, rest: &'e [Node]) -> Vec<&'e str> {
        let mut names = Vec::new();
        let mut before = first;
        for step in rest {
            let Kind::Name(name) = &step.kind else { break };
            if before.more.is_some() || !self.program.parents.is_empty() {
                break;
            }
            names.push(&**name);
            before = step;
        }
        names
    }

    fn group(&mut self, group: &'e Group, outside: bool) {
        for (key, value) in &group.pairs {
            self.node(key, outside);
            self.node(value, outside);
        }
    }

    fn call(&mut self, call: &'e Call, outside: bool) {
        if let Kind::Variable(symbol) = call.procedure.kind {
            let position = usize::try_from(call.procedure.position).unwrap_or(usize::MAX);
            self.variable(symbol, Vec::new(), (true, position));
        } else {
            self.node(&call.procedure, outside);
        }
        call.arguments.iter().for_each(|argument| self.node(argument, outside));
    }

    fn variable(&mut self, symbol: u32, fields: Vec<&'e str>, (is_called, position): (bool, usize)) {
        let place = usize::try_from(symbol).unwrap_or(usize::MAX);
        let Some(name) = self.program.names.get(place) else { return };
        if name == "$" {
            return (self.visit)(Mention::Root { position });
        }
        let is_bound = self.program.bound.get(place).copied().unwrap_or(false);
        (self.visit)(Mention::Variable { name, fields, is_called, is_bound, position });
    }
}
