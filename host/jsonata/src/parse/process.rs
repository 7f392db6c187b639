//! The parsed tree to the tree that is evaluated: dots become paths, filters belong to steps, parents are found.

use super::ancestry::{Slots, underivable};
use super::raw::{Raw, RawKind};
use super::{Symbols, refuse};
use crate::ast::{Call, Group, Kind, Lambda, Node, Operator, Program, Stage, Term, Transform};
use crate::error::{Fault, Result};
use crate::value::{Value, shown_number};

#[derive(Debug, Default)]
struct Process {
    symbols: Symbols,
    bound: Vec<u32>,
    slots: Slots,
    /// How many `:=` were seen.
    binds: usize,
}

pub(super) fn program(raw: Raw) -> Result<Program> {
    let mut process = Process::default();
    let root = process.node(raw)?;
    if matches!(root.kind, Kind::Parent(_)) || !root.seeking().is_empty() {
        return Err(underivable(&root));
    }
    let labels: Vec<usize> = process.slots.labels().collect();
    // No name of a variable has a blank in it.
    let parents = labels.iter().map(|label| process.binds(&format!(" {label}"))).collect();
    let names = process.symbols.names;
    let mut bound = vec![false; names.len()];
    for symbol in process.bound {
        if let Some(bound) = usize::try_from(symbol).ok().and_then(|symbol| bound.get_mut(symbol)) {
            *bound = true;
        }
    }
    Ok(Program { root, names, bound, parents })
}

impl Process {
    /// The number of a name that the expression binds.
    fn binds(&mut self, name: &str) -> u32 {
        let symbol = self.symbols.number(name);
        self.bound.push(symbol);
        symbol
    }

    fn node(&mut self, raw: Raw) -> Result<Node> {
        let Raw { kind, position, keep_array, .. } = raw;
        let mut node = match kind {
            RawKind::Name(name) => name_path(name, position, keep_array),
            RawKind::Operator(operator @ ("and" | "or" | "in")) => name_path(operator.to_owned(), position, keep_array),
            RawKind::Binary(operator, left, right) => self.binary(operator, *left, *right, (position, keep_array))?,
            RawKind::Group(left, pairs) => self.group(*left, pairs, position)?,
            RawKind::Sort(left, terms) => self.sort(*left, terms, position)?,
            RawKind::Array(items) => {
                let items = self.all(items)?;
                seeking_all(Kind::Array, items, position)
            }
            RawKind::Object(pairs) => {
                let pairs = self.pairs(pairs)?;
                let mut node = Node::new(Kind::Null, position);
                for (key, value) in &pairs {
                    Slots::pass(&mut node, key);
                    Slots::pass(&mut node, value);
                }
                node.kind = Kind::Object(Box::new(Group { pairs, position }));
                node
            }
            RawKind::Negate(inner) => self.negate(*inner, position)?,
            RawKind::Function { procedure, arguments, partial } => {
                self.function(*procedure, arguments, partial, position)?
            }
            RawKind::Lambda { parameters, signature, body } => {
                let parameters = parameters.iter().map(|name| self.binds(name)).collect();
                let body = tail_calls(self.node(*body)?);
                Node::new(Kind::Lambda(Box::new(Lambda { parameters, signature, body })), position)
            }
            RawKind::Condition(condition, then, otherwise) => {
                let condition = self.node(*condition)?;
                let then = self.node(*then)?;
                let otherwise = otherwise.map(|otherwise| self.node(*otherwise)).transpose()?;
                let mut node = Node::new(Kind::Null, position);
                [Some(&condition), Some(&then), otherwise.as_ref()].into_iter().flatten().for_each(|part| {
                    Slots::pass(&mut node, part);
                });
                node.kind = Kind::Condition(Box::new((condition, then, otherwise)));
                node
            }
            RawKind::Default { by_truth, value, otherwise } => {
                let kind = |nodes| Kind::Default { by_truth, nodes };
                self.two(kind, *value, *otherwise, position)?
            }
            RawKind::Transform(pattern, update, delete) => {
                let (pattern, update) = (self.node(*pattern)?, self.node(*update)?);
                let delete = delete.map(|delete| self.node(*delete)).transpose()?;
                Node::new(Kind::Transform(Box::new(Transform { pattern, update, delete })), position)
            }
            RawKind::Block(parts) => self.block(parts, position)?,
            RawKind::Parent => Node::new(Kind::Parent(self.slots.add()), position),
            RawKind::End => return Err(Fault::new("S0207").at(position).token("(end)")),
            RawKind::Operator("?") => Node::new(Kind::Hole, position),
            RawKind::Operator(operator) => return Err(Fault::new("S0201").at(position).token(operator)),
            leaf => Node::new(self.leaf(leaf), position),
        };
        node.keep_array |= keep_array;
        Ok(node)
    }

    fn leaf(&mut self, kind: RawKind) -> Kind {
        match kind {
            RawKind::Text(text) => Kind::Text(text.into()),
            RawKind::Number(number) => Kind::Number(number),
            RawKind::Bool(value) => Kind::Bool(value),
            RawKind::Regex(pattern) => Kind::Regex(pattern),
            RawKind::Wildcard => Kind::Wildcard,
            RawKind::Descendants => Kind::Descendants,
            RawKind::Variable(name) if name.is_empty() => Kind::Context,
            RawKind::Variable(name) => Kind::Variable(self.symbols.number(&name)),
            // All others have parts.
            _ => Kind::Null,
        }
    }

    fn all(&mut self, raws: Vec<Raw>) -> Result<Vec<Node>> {
        raws.into_iter().map(|raw| self.node(raw)).collect()
    }

    fn pairs(&mut self, pairs: Vec<(Raw, Raw)>) -> Result<Vec<(Node, Node)>> {
        pairs.into_iter().map(|(key, value)| Ok((self.node(key)?, self.node(value)?))).collect()
    }

    fn two(&mut self, kind: impl FnOnce(Box<(Node, Node)>) -> Kind, left: Raw, right: Raw, at: u32) -> Result<Node> {
        let nodes = Box::new((self.node(left)?, self.node(right)?));
        let mut node = Node::new(Kind::Null, at);
        Slots::pass(&mut node, &nodes.0);
        Slots::pass(&mut node, &nodes.1);
        node.kind = kind(nodes);
        Ok(node)
    }

    fn binary(&mut self, operator: &'static str, left: Raw, right: Raw, about: (u32, bool)) -> Result<Node> {
        let (position, keep_array) = about;
        let kind = match operator {
            "." => return self.dot(left, right),
            "[" => return self.predicate(left, right, position),
            "@" => return self.focus(left, &right, position, keep_array),
            "#" => return self.index(left, &right),
            ":=" => {
                let RawKind::Variable(name) = &left.kind else { return refuse("S0212", left.position) };
                self.binds += 1;
                let symbol = self.binds(name);
                let value = Box::new(self.node(right)?);
                let mut node = Node::new(Kind::Null, position);
                Slots::pass(&mut node, &value);
                node.kind = Kind::Bind(symbol, value);
                return Ok(node);
            }
            "~>" => {
                let nodes = Box::new((self.node(left)?, self.node(right)?));
                let keep_array = nodes.0.keep_array || nodes.1.keep_array;
                let mut node = Node::new(Kind::Apply(nodes), position);
                node.keep_array = keep_array;
                return Ok(node);
            }
            "and" => Kind::And,
            "or" => Kind::Or,
            _ => {
                let operator = operator_of(operator);
                return self.two(|nodes| Kind::Binary(operator, nodes), left, right, position);
            }
        };
        self.two(kind, left, right, position)
    }

    fn dot(&mut self, left: Raw, right: Raw) -> Result<Node> {
        let left = self.node(left)?;
        let parent = if let Kind::Parent(slot) = left.kind { Some(slot) } else { None };
        let mut path = as_path(left);
        if let Some(slot) = parent {
            path.more().seeking.push(slot);
        }
        let mut rest = self.node(right)?;
        let Kind::Path { steps, keep_singleton } = &mut path.kind else { return Ok(path) };
        to_stages(&mut rest);
        match rest.kind {
            Kind::Path { steps: more, .. } => steps.extend(more),
            _ => steps.push(rest),
        }
        for step in steps.iter_mut() {
            let literal = match &mut step.kind {
                Kind::Number(number) => Value::Number(*number),
                Kind::Bool(value) => Value::Bool(*value),
                Kind::Null => Value::Null,
                Kind::Text(text) => {
                    step.kind = Kind::Name(std::mem::take(text));
                    continue;
                }
                _ => continue,
            };
            return Err(Fault::new("S0213").at(step.position).value(literal));
        }
        *keep_singleton |= steps.iter().any(|step| step.keep_array);
        for place in [0, steps.len().saturating_sub(1)] {
            if let Some(step) = steps.get_mut(place)
                && matches!(step.kind, Kind::Array(_))
            {
                step.constructs = true;
            }
        }
        self.slots.resolve(&mut path)?;
        Ok(path)
    }

    fn predicate(&mut self, left: Raw, right: Raw, position: u32) -> Result<Node> {
        let mut node = self.node(left)?;
        let is_path = matches!(node.kind, Kind::Path { .. });
        let step = last_step(&mut node);
        if step.more.as_ref().is_some_and(|more| more.group.is_some()) {
            return refuse("S0209", position);
        }
        let predicate = self.node(right)?;
        self.slots.filter(step, &predicate)?;
        if is_path {
            step.more().stages.push(Stage::Filter(predicate));
        } else {
            step.more().predicates.push(predicate);
        }
        Ok(node)
    }

    fn group(&mut self, left: Raw, pairs: Vec<(Raw, Raw)>, position: u32) -> Result<Node> {
        let mut node = self.node(left)?;
        if node.more.as_ref().is_some_and(|more| more.group.is_some()) {
            return refuse("S0210", position);
        }
        let pairs = self.pairs(pairs)?;
        node.more().group = Some(Group { pairs, position });
        Ok(node)
    }

    fn sort(&mut self, left: Raw, terms: Vec<super::raw::RawTerm>, position: u32) -> Result<Node> {
        let left = self.node(left)?;
        let mut path = as_path(left);
        let mut sort = Node::new(Kind::Null, position);
        let mut made = Vec::new();
        for term in terms {
            let expression = self.node(term.expression)?;
            Slots::pass(&mut sort, &expression);
            made.push(Term { descending: term.descending, expression });
        }
        sort.kind = Kind::Sort(made);
        if let Kind::Path { steps, .. } = &mut path.kind {
            steps.push(sort);
        }
        self.slots.resolve(&mut path)?;
        Ok(path)
    }

    fn focus(&mut self, left: Raw, right: &Raw, position: u32, keep_array: bool) -> Result<Node> {
        let RawKind::Variable(name) = &right.kind else { return refuse("S0214", right.position) };
        let mut node = self.node(left)?;
        let symbol = self.binds(name);
        let step = last_step(&mut node);
        if step.more.as_ref().is_some_and(|more| !more.stages.is_empty() || !more.predicates.is_empty()) {
            return refuse("S0215", position);
        }
        if matches!(step.kind, Kind::Sort(_)) {
            return refuse("S0216", position);
        }
        step.keep_array |= keep_array;
        step.more().focus = Some(symbol);
        step.tuple = true;
        Ok(node)
    }

    fn index(&mut self, left: Raw, right: &Raw) -> Result<Node> {
        let RawKind::Variable(name) = &right.kind else { return refuse("S0214", right.position) };
        let mut node = self.node(left)?;
        let symbol = self.binds(name);
        if !matches!(node.kind, Kind::Path { .. }) {
            to_stages(&mut node);
            let position = node.position;
            node = Node::new(Kind::Path { steps: vec![node], keep_singleton: false }, position);
        }
        let step = last_step(&mut node);
        if step.stages().is_empty() {
            step.more().index = Some(symbol);
        } else {
            step.more().stages.push(Stage::Index(symbol));
        }
        step.tuple = true;
        Ok(node)
    }

    fn negate(&mut self, inner: Raw, position: u32) -> Result<Node> {
        let mut inner = self.node(inner)?;
        if let Kind::Number(number) = &mut inner.kind {
            *number = -*number;
            return Ok(inner);
        }
        let mut node = Node::new(Kind::Null, position);
        Slots::pass(&mut node, &inner);
        node.kind = Kind::Negate(Box::new(inner));
        Ok(node)
    }

    fn function(&mut self, procedure: Raw, arguments: Vec<Raw>, partial: bool, position: u32) -> Result<Node> {
        let arguments = self.all(arguments)?;
        let procedure = self.node(procedure)?;
        let name = self.called(&procedure);
        let mut node = Node::new(Kind::Null, position);
        for argument in &arguments {
            Slots::pass(&mut node, argument);
        }
        let call = Box::new(Call { procedure, arguments, name, position });
        node.kind = if partial { Kind::Partial(call) } else { Kind::Call(call) };
        Ok(node)
    }

    /// What errors call what is called.
    fn called(&self, procedure: &Node) -> Option<String> {
        let text = match &procedure.kind {
            Kind::Variable(symbol) => {
                usize::try_from(*symbol).ok().and_then(|symbol| self.symbols.names.get(symbol))?
            }
            Kind::Path { steps, .. } => return steps.first().and_then(|step| self.called(step)),
            Kind::Name(text) | Kind::Text(text) => &**text,
            Kind::Number(number) => return Some(shown_number(*number)),
            Kind::Bool(true) => "true",
            Kind::Bool(false) => "false",
            Kind::Context => "",
            Kind::Wildcard => "*",
            Kind::Descendants => "**",
            Kind::Array(_) => "[",
            Kind::Object(_) => "{",
            Kind::Call(_) | Kind::Partial(_) => "(",
            _ => return None,
        };
        Some(text.to_owned())
    }

    fn block(&mut self, parts: Vec<Raw>, position: u32) -> Result<Node> {
        let binds = self.binds;
        let parts = self.all(parts)?;
        let constructs = parts.iter().any(|part| match &part.kind {
            Kind::Path { steps, .. } => steps.first().is_some_and(|step| step.constructs),
            _ => part.constructs,
        });
        let framed = self.binds > binds;
        let mut node = seeking_all(|parts| Kind::Block(parts, framed), parts, position);
        node.constructs = constructs;
        Ok(node)
    }
}

fn seeking_all(kind: impl FnOnce(Vec<Node>) -> Kind, parts: Vec<Node>, position: u32) -> Node {
    let mut node = Node::new(Kind::Null, position);
    for part in &parts {
        Slots::pass(&mut node, part);
    }
    node.kind = kind(parts);
    node
}

fn name_path(name: String, position: u32, keep_array: bool) -> Node {
    let mut step = Node::new(Kind::Name(name.into()), position);
    step.keep_array = keep_array;
    Node::new(Kind::Path { steps: vec![step], keep_singleton: keep_array }, position)
}

/// A node as a path of one step, unless it is a path.
fn as_path(node: Node) -> Node {
    if matches!(node.kind, Kind::Path { .. }) {
        return node;
    }
    let position = node.position;
    Node::new(Kind::Path { steps: vec![node], keep_singleton: false }, position)
}

/// Filters of a node become those of a step.
fn to_stages(node: &mut Node) {
    if let Some(more) = &mut node.more {
        let predicates = std::mem::take(&mut more.predicates);
        more.stages.extend(predicates.into_iter().map(Stage::Filter));
    }
}

/// The step that a filter or a binding belongs to.
fn last_step(node: &mut Node) -> &mut Node {
    if !matches!(node.kind, Kind::Path { ref steps, .. } if !steps.is_empty()) {
        return node;
    }
    let Node { kind: Kind::Path { steps, .. }, .. } = node else { return node };
    let last = steps.len() - 1;
    &mut steps[last]
}

/// Calls in tail position are made by the caller, so that a loop does not grow the stack.
fn tail_calls(mut node: Node) -> Node {
    let filtered = node.more.as_ref().is_some_and(|more| !more.predicates.is_empty());
    node.kind = match node.kind {
        Kind::Call(call) if !filtered => {
            node.more = None;
            node.keep_array = false;
            Kind::TailCall(call)
        }
        Kind::Condition(parts) => {
            let (condition, then, otherwise) = *parts;
            Kind::Condition(Box::new((condition, tail_calls(then), otherwise.map(tail_calls))))
        }
        Kind::Default { by_truth, nodes } => {
            let (value, otherwise) = *nodes;
            Kind::Default { by_truth, nodes: Box::new((value, tail_calls(otherwise))) }
        }
        Kind::Block(mut parts, framed) => {
            if let Some(last) = parts.pop() {
                parts.push(tail_calls(last));
            }
            Kind::Block(parts, framed)
        }
        other => other,
    };
    node
}

fn operator_of(operator: &str) -> Operator {
    match operator {
        "+" => Operator::Add,
        "-" => Operator::Subtract,
        "*" => Operator::Multiply,
        "/" => Operator::Divide,
        "%" => Operator::Remainder,
        "=" => Operator::Equal,
        "!=" => Operator::Unequal,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        "&" => Operator::Concatenate,
        "in" => Operator::In,
        _ => Operator::Range,
    }
}
