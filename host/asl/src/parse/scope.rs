//! A set of states with its start: the machine's own, a branch's, or a Map's. Names and targets.

use std::collections::{HashMap, HashSet};

use syntax::{Member, Shape, quoted};

use crate::diagnostic::{DiagnosticCode, Report};
use crate::fields::Fields;
use crate::language::QueryLanguage;
use crate::machine::Scope;
use crate::reads::Reads;
use crate::state::{ScopeIndex, State, StateIndex, StateName};

/// Longest name of a state, in characters.
const NAME_CHARACTERS_MAX: usize = 80;

/// In how many states one is looked for that is only written in another case.
const NAMES_COMPARED_MAX: usize = 1_000;

/// Gives states and scopes their places while a definition is read.
pub(super) struct Builder<'d, 'r> {
    pub(super) report: &'r Report,
    /// The language of the machine.
    pub(super) language: QueryLanguage,
    pub(super) states: Vec<Option<State>>,
    scopes: Vec<Option<Scope>>,
    /// The scope around each, and what it sees of it.
    pub(super) around: Vec<Option<(usize, Sight)>>,
    names: HashSet<&'d str>,
}

/// What a scope sees of the variables around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// All of them.
    Inside,
    /// None: the children of a distributed Map.
    Apart,
}

/// Where the transitions of one scope may lead.
pub(super) type Targets<'d> = HashMap<&'d str, StateIndex>;

impl<'d, 'r> Builder<'d, 'r> {
    pub(super) fn new(report: &'r Report, language: QueryLanguage) -> Self {
        let (states, scopes, around) = (Vec::new(), Vec::new(), Vec::new());
        Self { report, language, states, scopes, around, names: HashSet::new() }
    }

    /// Reads `StartAt` and `States` of the machine, or of what belongs to the state `parent`. The scope has its place in
    /// any case.
    pub(super) fn scope(
        &mut self,
        fields: &mut Fields<'d, '_>,
        parent: Option<StateIndex>,
        sight: Sight,
    ) -> ScopeIndex {
        let scope = ScopeIndex(self.scopes.len());
        self.scopes.push(None);
        let comment = fields.text("Comment").map(Box::from);
        let outer = self.report.scope.replace(scope.0);
        self.around.push(parent.map(|_| (outer, sight)));
        let start = self.states(fields, scope);
        if let (Some(start), Some(slot)) = (start, self.scopes.get_mut(scope.0)) {
            *slot = Some(Scope { start, parent, comment });
        }
        self.report.scope.set(outer);
        scope
    }

    /// The states of a scope, and the one it starts with.
    fn states(&mut self, fields: &mut Fields<'d, '_>, scope: ScopeIndex) -> Option<StateIndex> {
        let start_at = fields.require("StartAt").and_then(|_| fields.text("StartAt"));
        let node = fields.require("States")?;
        let Shape::Object(members) = &node.shape else {
            fields.wrong("States", "'States' must be an object.");
            return None;
        };
        if members.is_empty() {
            fields.wrong("States", "'States' must not be empty.");
            return None;
        }
        let targets = self.claim(members);
        let errors = self.report.errors();
        for Member { key, node, at } in members {
            if let Some(&index) = targets.get(key.as_str())
                && let Some(fields) = Fields::open(node, *at, self.report)
            {
                self.state((scope, index, key), fields, &targets);
            }
        }
        let start_at = start_at?;
        let start = targets.get(start_at).copied();
        match start {
            // An edge that could not be read would make good states look unreachable.
            Some(start) if self.report.errors() == errors && self.are_read(&targets) => {
                let places = members.iter().filter_map(|member| Some((*targets.get(member.key.as_str())?, member)));
                self.check_ways(start, &places.collect::<Vec<_>>(), fields.at("States"));
            }
            Some(_) => {}
            None => {
                let at = fields.at("StartAt");
                self.report.error(DiagnosticCode::MissingTransitionTarget, at, missing(start_at, &targets));
            }
        }
        start
    }

    fn are_read(&self, targets: &Targets<'d>) -> bool {
        targets.values().all(|index| self.states.get(index.0).is_some_and(Option::is_some))
    }

    /// Gives each state of one `States` its place, all of them before those of its branches.
    fn claim(&mut self, members: &'d [Member]) -> Targets<'d> {
        let mut targets = Targets::with_capacity(members.len());
        for Member { key, at, .. } in members {
            let length = key.chars().count();
            if length == 0 || length > NAME_CHARACTERS_MAX {
                let message = format!("The name of a state has 1 to {NAME_CHARACTERS_MAX} characters.");
                self.report.schema(*at, message);
            }
            if targets.contains_key(key.as_str()) {
                continue; // The duplicate key has been reported.
            }
            if !self.names.insert(key) {
                let message = format!("Another state is called {} too; rename one.", quoted(key));
                self.report.error(DiagnosticCode::DuplicateStateName, *at, message);
            }
            targets.insert(key, StateIndex(self.states.len()));
            self.states.push(None);
        }
        targets
    }

    fn state(
        &mut self,
        (scope, index, name): (ScopeIndex, StateIndex, &'d str),
        fields: Fields<'d, '_>,
        targets: &Targets<'d>,
    ) {
        let read = super::state::read(self, fields, targets, index);
        if let (Some((language, work, kept)), Some(slot)) = (read, self.states.get_mut(index.0)) {
            let reads = Reads::of(&work);
            *slot = Some(State { name: StateName::new(name), scope, language, reads, work, kept });
        }
    }

    /// Everything that was read, if all of it could be.
    pub(super) fn finish(self) -> Option<(Vec<State>, Vec<Scope>)> {
        Some((self.states.into_iter().collect::<Option<_>>()?, self.scopes.into_iter().collect::<Option<_>>()?))
    }
}

/// Says that a transition leads nowhere.
pub(super) fn missing(target: &str, targets: &Targets<'_>) -> String {
    // A slip is told in machines that a person wrote.
    let names = targets.keys().filter(|_| targets.len() <= NAMES_COMPARED_MAX);
    let near = names.filter(|name| name.eq_ignore_ascii_case(target)).min();
    let advice =
        near.map_or_else(|| "name a state of the same 'States'.".to_owned(), |near| format!("write {}.", quoted(near)));
    format!("There is no state {} here to go to; {advice}", quoted(target))
}

/// The states of one scope with their places in the text.
pub(super) type Places<'d> = [(StateIndex, &'d Member)];
