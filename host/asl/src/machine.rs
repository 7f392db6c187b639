//! A checked state machine, and a view of its states for those who must know how it is built.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use types::Timestamp;

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::execution::Execution;
use crate::kind::MachineKind;
use crate::language::QueryLanguage;
use crate::state::{ScopeIndex, State, StateIndex, StateKind, StateName, Work};
use crate::trail::{Trail, Watch};

/// A definition that has passed every check. Immutable; share it in an [`Arc`].
#[derive(Debug)]
pub struct StateMachine {
    pub(crate) states: Vec<State>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) timeout: Option<Duration>,
    /// Whether any state reads `$$.Execution.Input`: if none does, it is not kept.
    pub(crate) reads_input: bool,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// A set of states with its own start: the machine itself (the first), a branch, or what a Map runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scope {
    pub(crate) start: StateIndex,
    /// The Parallel or Map state that this belongs to.
    pub(crate) parent: Option<StateIndex>,
    pub(crate) comment: Option<Box<str>>,
}

/// Whether they do the same and say the same. Where their warnings stand does not count.
impl PartialEq for StateMachine {
    fn eq(&self, other: &Self) -> bool {
        self.states == other.states && self.scopes == other.scopes && self.timeout == other.timeout
    }
}

impl StateMachine {
    /// Longest definition, in bytes of UTF-8 (the limit of Step Functions).
    pub const DEFINITION_BYTES_MAX: usize = 1_048_576;

    /// Reads a definition of a standard machine and checks all of it.
    ///
    /// # Errors
    ///
    /// Every finding, warnings too, in the order of the document as far as it can be told; at least one of them is an
    /// error.
    pub fn parse(json: &str) -> Result<Self, Vec<Diagnostic>> {
        crate::parse::machine(json, MachineKind::Standard, syntax::read_json)
    }

    /// The same for a definition in YAML, as far as it says what JSON could: one document, keys that are texts, no
    /// aliases and no tags. What is not quoted is null, true, false or a number where it is written as in JSON.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`]; the findings stand at places of the YAML text.
    pub fn parse_yaml(yaml: &str) -> Result<Self, Vec<Diagnostic>> {
        crate::parse::machine(yaml, MachineKind::Standard, syntax::read_yaml)
    }

    /// Reads a definition of a machine of this kind, as [`Self::parse`] where it begins with `{`, else as
    /// [`Self::parse_yaml`]. An express machine may have no `.sync`, no `.waitForTaskToken`, no activities and no Map of
    /// the mode DISTRIBUTED; so it is with what such a Map of a standard machine runs as EXPRESS.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn read(definition: &str, kind: MachineKind) -> Result<Self, Vec<Diagnostic>> {
        let is_json = definition.trim_start().starts_with('{');
        let read = if is_json { syntax::read_json } else { syntax::read_yaml };
        crate::parse::machine(definition, kind, read)
    }

    /// Begins a run at `now`. It has walked already to its first effect.
    pub fn start(self: &Arc<Self>, input: Arc<Value>, context: Context, now: Timestamp) -> Execution {
        Execution::start(Arc::clone(self), input, context, (now, Trail::default()))
    }

    /// The same for a run of which so much is watched, through [`Execution::take_steps`].
    pub fn start_watched(
        self: &Arc<Self>,
        input: Arc<Value>,
        context: Context,
        now: Timestamp,
        watch: Watch,
    ) -> Execution {
        Execution::start(Arc::clone(self), input, context, (now, Trail::watched(watch)))
    }

    /// What is allowed, but probably not meant.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// `TimeoutSeconds` of the whole machine.
    pub const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The state that a run begins with.
    pub fn start_at(&self) -> Option<StateView<'_>> {
        self.scopes.first().map(|scope| StateView { machine: self, index: scope.start })
    }

    /// Every state: those of the machine in their order, then those of its branches and Maps.
    pub fn states(&self) -> impl Iterator<Item = StateView<'_>> {
        (0..self.states.len()).map(|index| StateView { machine: self, index: StateIndex(index) })
    }

    /// The state of this name, in a branch too.
    pub fn state(&self, name: &str) -> Option<StateView<'_>> {
        self.states().find(|state| state.name().as_str() == name)
    }

    pub(crate) fn at(&self, index: StateIndex) -> Option<&State> {
        self.states.get(index.0)
    }

    pub(crate) fn scope(&self, index: ScopeIndex) -> Option<&Scope> {
        self.scopes.get(index.0)
    }
}

/// One state of a [`StateMachine`], to read.
#[derive(Debug, Clone, Copy)]
pub struct StateView<'m> {
    machine: &'m StateMachine,
    index: StateIndex,
}

impl<'m> StateView<'m> {
    fn state(self) -> &'m State {
        // A view is only made of an index that its machine has.
        &self.machine.states[self.index.0]
    }

    /// Its name.
    pub fn name(self) -> &'m StateName {
        &self.state().name
    }

    /// Its `Type`.
    pub fn kind(self) -> StateKind {
        self.state().kind()
    }

    /// `Resource` of a Task.
    pub fn resource(self) -> Option<&'m Arc<str>> {
        match &self.state().work {
            Work::Task(task) => Some(&task.resource),
            _ => None,
        }
    }

    /// Whether it has a Retrier.
    pub fn has_retry(self) -> bool {
        self.state().errand().is_some_and(|errand| !errand.retry.is_empty())
    }

    /// Whether it has a Catcher.
    pub fn has_catch(self) -> bool {
        self.state().errand().is_some_and(|errand| !errand.catch.is_empty())
    }

    /// Whether the machine, or the branch that it is in, can end here.
    pub fn ends(self) -> bool {
        self.state().ends()
    }

    /// The states of its own scope that may come next when it has not failed: `Next`, or the rules and `Default` of a
    /// Choice.
    pub fn then(self) -> impl Iterator<Item = StateView<'m>> {
        let machine = self.machine;
        self.state().ways_on().into_iter().map(move |index| StateView { machine, index })
    }

    /// The states of its own scope that its Catchers lead to.
    pub fn caught(self) -> impl Iterator<Item = StateView<'m>> {
        let machine = self.machine;
        self.state().ways_out().map(move |index| StateView { machine, index })
    }

    /// All of these.
    pub fn next(self) -> impl Iterator<Item = StateView<'m>> {
        self.then().chain(self.caught())
    }

    /// The states that the branches of a Parallel, or the iterations of a Map, begin with.
    pub fn branches(self) -> impl Iterator<Item = StateView<'m>> {
        let machine = self.machine;
        self.state()
            .scopes()
            .iter()
            .filter_map(move |branch| machine.scope(*branch).map(|scope| StateView { machine, index: scope.start }))
    }

    /// Whether it is a Map whose children are executions of their own.
    pub fn is_distributed(self) -> bool {
        matches!(&self.state().work, Work::Map(map) if map.distributed.is_some())
    }

    /// A field that is checked and changes nothing in a run, such as `Comment` and what a distributed Map reads its items
    /// from: as it is written.
    pub fn field(self, name: &str) -> Option<&'m Value> {
        self.state().kept.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The variables that it reads, by name.
    pub fn variables(self) -> impl Iterator<Item = &'m str> {
        self.state().reads.variables.iter().map(|name| &**name)
    }

    /// The language of its formulas.
    pub fn language(self) -> QueryLanguage {
        self.state().language
    }

    /// The Parallel or Map state inside of which it is; `None` at top level.
    pub fn parent(self) -> Option<StateView<'m>> {
        let machine = self.machine;
        let scope = machine.scope(self.state().scope)?;
        scope.parent.map(|index| StateView { machine, index })
    }
}
