//! States that have passed [`StateMachine::parse`](crate::StateMachine::parse): every state they lead to exists, and
//! every combination of fields is one the language allows.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use types::Timestamp;

use crate::choice::Rule;
use crate::formula::Formula;
use crate::kind::MachineKind;
use crate::language::QueryLanguage;
use crate::reads::Reads;
use crate::recovery::{Catcher, Retrier};
use crate::template::Template;
use crate::variables::Assign;
use jsonpath::{Path, ReferencePath};

/// The name of a state, unique in its whole definition; 1 to 80 characters. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateName(Arc<str>);

impl StateName {
    pub(crate) fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The `Type` of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateKind {
    /// Asks for work.
    Task,
    /// Passes data on, or puts some in.
    Pass,
    /// Chooses where to go.
    Choice,
    /// Waits for a moment.
    Wait,
    /// Runs branches side by side.
    Parallel,
    /// Runs one machine for each item of a list.
    Map,
    /// Ends its machine well.
    Succeed,
    /// Ends its machine with an error.
    Fail,
}

impl StateKind {
    /// The word in the definition.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Task => "Task",
            Self::Pass => "Pass",
            Self::Choice => "Choice",
            Self::Wait => "Wait",
            Self::Parallel => "Parallel",
            Self::Map => "Map",
            Self::Succeed => "Succeed",
            Self::Fail => "Fail",
        }
    }
}

/// The place of a state in its machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StateIndex(pub(crate) usize);

/// The place of a set of states: the machine itself, a branch, or what a Map runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScopeIndex(pub(crate) usize);

/// One state of a checked machine.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) name: StateName,
    pub(crate) scope: ScopeIndex,
    pub(crate) language: QueryLanguage,
    /// What its formulas look at beside the document.
    pub(crate) reads: Reads,
    pub(crate) work: Work,
    /// Fields that are checked and change nothing here, such as `Comment` and `Credentials`, as they are written.
    pub(crate) kept: Box<[(&'static str, Value)]>,
}

/// What a state does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Work {
    Task(Box<Task>),
    Pass(Box<Pass>),
    Choice(Choice),
    Wait(Wait),
    Parallel(Box<Parallel>),
    Map(Box<Map>),
    Succeed { flow: Flow },
    Fail(Fail),
}

/// Where control goes when a state is done. The JSON has two fields, of which exactly one may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    Go(StateIndex),
    Stop,
}

/// What is taken of a document: `InputPath`, `OutputPath`, `ItemsPath`; or what is made of it: `Output`, `Items`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Selection {
    Whole,
    /// The JSON `null`: an empty object.
    Nothing,
    Part(Path),
    /// In JSONata.
    Made(Template),
}

/// `ResultPath`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Placement {
    /// `$`: the result takes the place of the input.
    Replace,
    /// The JSON `null`: the input stays as it is.
    Discard,
    Into(ReferencePath),
}

/// The two selections that nearly every state has. In JSONata the input is whole.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flow {
    pub(crate) input: Selection,
    pub(crate) output: Selection,
}

/// What the states with a result that comes from elsewhere, Task, Parallel and Map, have in common. In JSONata the
/// parameters are `Arguments` or `ItemSelector`, the selector is `Output`, and what it makes takes the place of the input.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Errand {
    pub(crate) flow: Flow,
    pub(crate) parameters: Option<Template>,
    pub(crate) selector: Option<Template>,
    pub(crate) placement: Placement,
    pub(crate) assign: Assign,
    pub(crate) retry: Box<[Retrier]>,
    pub(crate) catch: Box<[Catcher]>,
    pub(crate) then: Then,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Task {
    pub(crate) resource: Arc<str>,
    pub(crate) timeout: Limit,
    pub(crate) heartbeat: Limit,
    pub(crate) errand: Errand,
}

/// `TimeoutSeconds` or `HeartbeatSeconds`, or where to find it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Limit {
    None,
    Fixed(Duration),
    At(Formula),
}

/// In JSONata its `Output` is the parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pass {
    pub(crate) flow: Flow,
    pub(crate) parameters: Option<Template>,
    pub(crate) result: Option<Arc<Value>>,
    pub(crate) placement: Placement,
    pub(crate) assign: Assign,
    pub(crate) then: Then,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    pub(crate) flow: Flow,
    pub(crate) rules: Box<[Rule]>,
    pub(crate) default: Option<StateIndex>,
    /// For the way to `default`; each rule has its own. So it is with the output in JSONata.
    pub(crate) assign: Assign,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wait {
    pub(crate) flow: Flow,
    pub(crate) until: Until,
    pub(crate) assign: Assign,
    pub(crate) then: Then,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Until {
    Passed(Duration),
    Moment(Timestamp),
    PassedAt(Formula),
    MomentAt(Formula),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parallel {
    pub(crate) branches: Box<[ScopeIndex]>,
    pub(crate) errand: Errand,
}

/// Its `ItemSelector` is the `parameters` of its errand.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Map {
    pub(crate) mode: Mode,
    pub(crate) items: Selection,
    pub(crate) concurrency: Concurrency,
    /// What a distributed Map has beside this: an object of its fields.
    pub(crate) distributed: Option<Template>,
    pub(crate) processor: ScopeIndex,
    pub(crate) errand: Errand,
}

/// `Mode` of a Map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Inline,
    /// Its children are executions of their own, of this kind.
    Distributed(MachineKind),
}

/// `MaxConcurrency`, or where to find it; 0 is no limit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Concurrency {
    Fixed(u32),
    At(Formula),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fail {
    pub(crate) error: Text,
    pub(crate) cause: Text,
}

/// `Error` or `Cause`, or where to find it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Text {
    None,
    Fixed(String),
    At(Formula),
}

impl State {
    pub(crate) const fn kind(&self) -> StateKind {
        match &self.work {
            Work::Task(_) => StateKind::Task,
            Work::Pass(_) => StateKind::Pass,
            Work::Choice(_) => StateKind::Choice,
            Work::Wait(_) => StateKind::Wait,
            Work::Parallel(_) => StateKind::Parallel,
            Work::Map(_) => StateKind::Map,
            Work::Succeed { .. } => StateKind::Succeed,
            Work::Fail(_) => StateKind::Fail,
        }
    }

    /// What Task, Parallel and Map have, and nothing else.
    pub(crate) fn errand(&self) -> Option<&Errand> {
        match &self.work {
            Work::Task(task) => Some(&task.errand),
            Work::Parallel(parallel) => Some(&parallel.errand),
            Work::Map(map) => Some(&map.errand),
            Work::Pass(_) | Work::Choice(_) | Work::Wait(_) | Work::Succeed { .. } | Work::Fail(_) => None,
        }
    }

    /// Where the state goes by itself, without a Choice or a Catcher.
    pub(crate) fn then(&self) -> Option<Then> {
        match &self.work {
            Work::Task(task) => Some(task.errand.then),
            Work::Parallel(parallel) => Some(parallel.errand.then),
            Work::Map(map) => Some(map.errand.then),
            Work::Pass(pass) => Some(pass.then),
            Work::Wait(wait) => Some(wait.then),
            Work::Choice(_) | Work::Succeed { .. } | Work::Fail(_) => None,
        }
    }

    /// Every state of the same scope that may come next when this one has not failed, in the order of the definition.
    pub(crate) fn ways_on(&self) -> Vec<StateIndex> {
        match (&self.work, self.then()) {
            (Work::Choice(choice), _) => choice.rules.iter().map(|rule| rule.next).chain(choice.default).collect(),
            (_, Some(Then::Go(next))) => vec![next],
            (_, Some(Then::Stop) | None) => Vec::new(),
        }
    }

    /// Where its Catchers lead.
    pub(crate) fn ways_out(&self) -> impl Iterator<Item = StateIndex> {
        self.errand().into_iter().flat_map(|errand| errand.catch.iter().map(|catcher| catcher.next))
    }

    /// The scopes of its branches, or of what a Map runs.
    pub(crate) fn scopes(&self) -> &[ScopeIndex] {
        match &self.work {
            Work::Parallel(parallel) => &parallel.branches,
            Work::Map(map) => std::slice::from_ref(&map.processor),
            _ => &[],
        }
    }

    /// Whether the machine, or the branch, can end here.
    pub(crate) fn ends(&self) -> bool {
        matches!(self.work, Work::Succeed { .. } | Work::Fail(_)) || self.then() == Some(Then::Stop)
    }
}
