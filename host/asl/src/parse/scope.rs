//! A set of states with its start: the machine's own, or a branch's. Names, targets, reachability and ends.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{DiagnosticCode, Report, below};
use crate::document::{Fields, Node};
use crate::machine::Scope;
use crate::path::Root;
use crate::state::{ScopeIndex, Selection, State, StateIndex, StateName, Work};

/// Longest name of a state, in characters.
const NAME_CHARACTERS_MAX: usize = 80;

/// Gives states and scopes their places while a definition is read.
pub(super) struct Builder<'d, 'r> {
    pub(super) report: &'r Report,
    states: Vec<Option<State>>,
    scopes: Vec<Option<Scope>>,
    names: HashSet<&'d str>,
}

/// Where the transitions of one scope may lead.
pub(super) type Targets<'d> = HashMap<&'d str, StateIndex>;

impl<'d, 'r> Builder<'d, 'r> {
    pub(super) fn new(report: &'r Report) -> Self {
        Self { report, states: Vec::new(), scopes: Vec::new(), names: HashSet::new() }
    }

    /// Reads `StartAt` and `States` of the machine, or of a branch of `parent`. The scope has its place in any case.
    pub(super) fn scope(&mut self, fields: &mut Fields<'d, '_>, parent: Option<StateIndex>) -> ScopeIndex {
        let scope = ScopeIndex(self.scopes.len());
        self.scopes.push(None);
        let start_at = fields.require("StartAt").and_then(|_| fields.text("StartAt"));
        let Some(node) = fields.require("States") else { return scope };
        let pointer = fields.at("States");
        let Node::Object(members) = node else {
            self.report.schema(&pointer, "'States' must be an object.");
            return scope;
        };
        if members.is_empty() {
            self.report.schema(&pointer, "'States' must not be empty.");
            return scope;
        }
        let targets = self.claim(members, &pointer);
        let errors = self.report.errors();
        for (name, node) in members {
            if let Some(&index) = targets.get(name.as_str()) {
                self.state((scope, index, name), node, &targets, below(&pointer, name));
            }
        }
        let Some(start_at) = start_at else { return scope };
        let Some(&start) = targets.get(start_at) else {
            self.report.error(DiagnosticCode::MissingTransitionTarget, &fields.at("StartAt"), missing(start_at));
            return scope;
        };
        if let Some(slot) = self.scopes.get_mut(scope.0) {
            *slot = Some(Scope { start, parent });
        }
        // An edge that could not be read would make good states look unreachable.
        if self.report.errors() == errors {
            self.check_ways(start, &targets, &pointer);
        }
        scope
    }

    /// Gives each state of one `States` its place, all of them before those of its branches.
    fn claim(&mut self, members: &'d [(String, Node)], pointer: &str) -> Targets<'d> {
        let mut targets = Targets::with_capacity(members.len());
        for (name, _) in members {
            let length = name.chars().count();
            if length == 0 || length > NAME_CHARACTERS_MAX {
                let message = format!("The name of a state has 1 to {NAME_CHARACTERS_MAX} characters.");
                self.report.schema(&below(pointer, name), message);
            }
            if targets.contains_key(name.as_str()) {
                continue; // The duplicate key has been reported.
            }
            if !self.names.insert(name) {
                let message = format!("Another state is called '{name}' too.");
                self.report.error(DiagnosticCode::DuplicateStateName, &below(pointer, name), message);
            }
            targets.insert(name, StateIndex(self.states.len()));
            self.states.push(None);
        }
        targets
    }

    fn state(
        &mut self,
        (scope, index, name): (ScopeIndex, StateIndex, &'d str),
        node: &'d Node,
        targets: &Targets<'d>,
        pointer: String,
    ) {
        let Some(fields) = Fields::open(node, pointer, self.report) else { return };
        let work = super::state::read(self, fields, targets, index);
        if let (Some(work), Some(slot)) = (work, self.states.get_mut(index.0)) {
            *slot = Some(State { name: StateName::new(name), scope, work });
        }
    }

    fn check_ways(&self, start: StateIndex, targets: &Targets<'d>, pointer: &str) {
        let mut reached = HashSet::from([start.0]);
        let mut open = vec![start];
        let mut ends = false;
        while let Some(state) = open.pop().and_then(|index| self.states.get(index.0)?.as_ref()) {
            ends |= state.ends();
            open.extend(state.ways_on().into_iter().chain(state.ways_out()).filter(|next| reached.insert(next.0)));
        }
        let mut lost: Vec<_> = targets.iter().filter(|(_, index)| !reached.contains(&index.0)).collect();
        lost.sort_unstable_by_key(|(_, index)| **index);
        for (name, _) in lost {
            let message = format!("State \"{name}\" is not reachable.");
            self.report.error(DiagnosticCode::MissingTransitionTarget, &below(pointer, name), message);
        }
        if !ends {
            self.report.error(DiagnosticCode::MissingEndState, pointer, "Workflow has no terminal state.");
        }
    }

    /// Everything that was read, if all of it could be.
    pub(super) fn finish(self) -> Option<(Vec<State>, Vec<Scope>, bool)> {
        let states: Vec<State> = self.states.into_iter().collect::<Option<_>>()?;
        let scopes = self.scopes.into_iter().collect::<Option<_>>()?;
        let reads_context = states.iter().any(reads_context);
        Some((states, scopes, reads_context))
    }
}

/// Says that a transition leads nowhere.
pub(super) fn missing(target: &str) -> String {
    format!("There is no state \"{target}\" here to go to.")
}

fn reads_context(state: &State) -> bool {
    let selects = |selection: &Selection| match selection {
        Selection::Part(path) => path.root() == Root::Context,
        Selection::Whole | Selection::Nothing => false,
    };
    let flow = match &state.work {
        Work::Task(task) => &task.errand.flow,
        Work::Parallel(parallel) => &parallel.errand.flow,
        Work::Pass(pass) => &pass.flow,
        Work::Choice(choice) => &choice.flow,
        Work::Wait(wait) => &wait.flow,
        Work::Succeed { flow } => flow,
        Work::Fail(_) => return false,
    };
    let errand = state.errand();
    let templates = match &state.work {
        Work::Pass(pass) => [pass.parameters.as_ref(), None],
        _ => [errand.and_then(|errand| errand.parameters.as_ref()), errand.and_then(|errand| errand.selector.as_ref())],
    };
    let chooses =
        matches!(&state.work, Work::Choice(choice) if choice.rules.iter().any(|rule| rule.test.reads_context()));
    selects(&flow.input)
        || selects(&flow.output)
        || templates.into_iter().flatten().any(crate::template::Template::reads_context)
        || chooses
}
