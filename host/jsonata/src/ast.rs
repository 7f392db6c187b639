//! The tree that is evaluated.

use crate::regex::Pattern;
use crate::signature::Signature;

/// A variable, by the number of its name.
pub(crate) type Symbol = u32;

/// A whole expression.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) root: Node,
    /// The names of all variables that occur.
    pub(crate) names: Vec<String>,
    /// Which of them the expression binds itself. All others are looked up once.
    pub(crate) bound: Vec<bool>,
    /// The variable that stands for each `%`.
    pub(crate) parents: Vec<Symbol>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own that a text sets or not")]
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// In bytes of the text.
    pub(crate) position: u32,
    /// A sequence of one stays an array.
    pub(crate) keep_array: bool,
    /// As a step: what the array constructor made is one item.
    pub(crate) constructs: bool,
    /// As a step: it carries variables along.
    pub(crate) tuple: bool,
    /// What few nodes have.
    pub(crate) more: Option<Box<More>>,
}

#[derive(Debug, Default)]
pub(crate) struct More {
    /// Filters of a node that is not a step.
    pub(crate) predicates: Vec<Node>,
    /// Filters and indices of a step.
    pub(crate) stages: Vec<Stage>,
    pub(crate) group: Option<Group>,
    /// `@$v`
    pub(crate) focus: Option<Symbol>,
    /// `#$v`
    pub(crate) index: Option<Symbol>,
    /// The `%` that this step is the parent for.
    pub(crate) ancestor: Option<usize>,
    /// Every `%` below that looks for its step further out.
    pub(crate) seeking: Vec<usize>,
}

#[derive(Debug)]
pub(crate) enum Stage {
    Filter(Node),
    Index(Symbol),
}

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) pairs: Vec<(Node, Node)>,
    pub(crate) position: u32,
}

#[derive(Debug)]
pub(crate) struct Term {
    pub(crate) descending: bool,
    pub(crate) expression: Node,
}

#[derive(Debug)]
pub(crate) struct Lambda {
    pub(crate) parameters: Vec<Symbol>,
    pub(crate) signature: Option<Signature>,
    pub(crate) body: Node,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) procedure: Node,
    pub(crate) arguments: Vec<Node>,
    /// What errors call it.
    pub(crate) name: Option<String>,
    pub(crate) position: u32,
}

#[derive(Debug)]
pub(crate) struct Transform {
    pub(crate) pattern: Node,
    pub(crate) update: Node,
    pub(crate) delete: Option<Node>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Concatenate,
    Range,
    In,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Path {
        steps: Vec<Node>,
        keep_singleton: bool,
    },
    Name(Box<str>),
    Text(Box<str>),
    Number(f64),
    Bool(bool),
    Null,
    Wildcard,
    Descendants,
    Parent(usize),
    Regex(Box<Pattern>),
    /// `$`
    Context,
    Variable(Symbol),
    Binary(Operator, Box<(Node, Node)>),
    And(Box<(Node, Node)>),
    Or(Box<(Node, Node)>),
    Negate(Box<Node>),
    Array(Vec<Node>),
    Object(Box<Group>),
    Call(Box<Call>),
    /// A call in tail position: answered to the caller, which makes it.
    TailCall(Box<Call>),
    Partial(Box<Call>),
    Hole,
    Lambda(Box<Lambda>),
    Condition(Box<(Node, Node, Option<Node>)>),
    Default {
        by_truth: bool,
        nodes: Box<(Node, Node)>,
    },
    Bind(Symbol, Box<Node>),
    /// With whether it needs variables of its own.
    Block(Vec<Node>, bool),
    Apply(Box<(Node, Node)>),
    Transform(Box<Transform>),
    Sort(Vec<Term>),
}

impl Node {
    pub(crate) fn new(kind: Kind, position: u32) -> Self {
        Self { kind, position, keep_array: false, constructs: false, tuple: false, more: None }
    }

    pub(crate) fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    pub(crate) fn seeking(&self) -> &[usize] {
        self.more.as_ref().map_or(&[], |more| &more.seeking)
    }

    pub(crate) fn stages(&self) -> &[Stage] {
        self.more.as_ref().map_or(&[], |more| &more.stages)
    }
}
