//! Whether every state of a scope can be reached, and whether an end can be reached from it.

use std::collections::{HashMap, HashSet};

use syntax::{At, quoted};

use super::scope::{Builder, Places};
use crate::diagnostic::DiagnosticCode;
use crate::state::{State, StateIndex};

impl Builder<'_, '_> {
    pub(super) fn check_ways(&self, start: StateIndex, places: &Places<'_>, states_at: At) {
        let reached = follow(vec![start], |index| self.at(index).map(ways).unwrap_or_default());
        for (index, member) in places.iter().filter(|(index, _)| !reached.contains(index)) {
            if self.states.get(index.0).is_some() {
                let message =
                    format!("State {} is not reachable; lead a transition to it or remove it.", quoted(&member.key));
                self.report.error(DiagnosticCode::MissingTransitionTarget, member.at, message);
            }
        }
        let ends: Vec<StateIndex> =
            reached.iter().copied().filter(|index| self.at(*index).is_some_and(State::ends)).collect();
        if ends.is_empty() {
            let message = "Workflow has no terminal state; add a Succeed or Fail state, or \"End\": true to one.";
            self.report.error(DiagnosticCode::MissingEndState, states_at, message);
            return;
        }
        let mut before: HashMap<StateIndex, Vec<StateIndex>> = HashMap::new();
        for (from, _) in places {
            for to in self.at(*from).map(ways).unwrap_or_default() {
                before.entry(to).or_default().push(*from);
            }
        }
        let good = follow(ends, |index| before.get(&index).cloned().unwrap_or_default());
        if let Some((_, member)) = places.iter().find(|(index, _)| reached.contains(index) && !good.contains(index)) {
            let message = format!("State {} goes round for ever: no end can be reached from it.", quoted(&member.key));
            self.report.warning(DiagnosticCode::MissingEndState, member.at, message);
        }
    }

    fn at(&self, index: StateIndex) -> Option<&State> {
        self.states.get(index.0)?.as_ref()
    }
}

/// Every state of the same scope that may come after this one.
fn ways(state: &State) -> Vec<StateIndex> {
    state.ways_on().into_iter().chain(state.ways_out()).collect()
}

/// Those states, and all that follow from them.
fn follow(from: Vec<StateIndex>, ways: impl Fn(StateIndex) -> Vec<StateIndex>) -> HashSet<StateIndex> {
    let mut reached: HashSet<StateIndex> = from.iter().copied().collect();
    let mut open = from;
    while let Some(index) = open.pop() {
        open.extend(ways(index).into_iter().filter(|next| reached.insert(*next)));
    }
    reached
}
