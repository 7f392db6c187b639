//! A checked machine written back as a definition, in its normal form: JSON, the fields of a state always in one order,
//! and none that says what holds without it. What is read from it is the same machine.

mod choice;
mod object;
mod recovery;
mod state;

use syntax::Node;

use crate::language::QueryLanguage;
use crate::machine::StateMachine;
use crate::state::{ScopeIndex, State, StateIndex, Then, Work};
use object::Object;

impl StateMachine {
    /// Writes the definition in its normal form. Comments and the order of the states are kept; `Version`, defaults and
    /// old names (`Iterator`, a Map's `Parameters`) are not. Moments are in UTC.
    pub fn to_definition(&self) -> String {
        let printer = Printer::new(self);
        // Keys are texts and numbers are finite: there is nothing that could not be written.
        serde_json::to_string_pretty(&printer.machine()).unwrap_or_default()
    }
}

impl StateMachine {
    /// The definition of what the distributed Map state of this name runs for its items: a machine by itself.
    pub fn processor(&self, state: &str) -> Option<String> {
        let map = self.states.iter().find(|one| one.name.as_str() == state)?;
        let (Work::Map(map), printer) = (&map.work, Printer::new(self)) else { return None };
        let mut object = Object::new(printer.language);
        if printer.language != QueryLanguage::default() {
            object.put("QueryLanguage", printer.language.word());
        }
        printer.scope(map.processor, &mut object);
        serde_json::to_string(&Node::from(object)).ok()
    }
}

struct Printer<'m> {
    machine: &'m StateMachine,
    /// Of the whole machine: a state of another says so.
    language: QueryLanguage,
    /// The states of each scope.
    states: Vec<Vec<&'m State>>,
}

impl<'m> Printer<'m> {
    fn new(machine: &'m StateMachine) -> Self {
        let mut states = vec![Vec::new(); machine.scopes.len()];
        for state in &machine.states {
            if let Some(scope) = states.get_mut(state.scope.0) {
                scope.push(state);
            }
        }
        let is_jsonata = machine.states.iter().all(|state| state.language == QueryLanguage::Jsonata);
        let language = if is_jsonata { QueryLanguage::Jsonata } else { QueryLanguage::JsonPath };
        Self { machine, language, states }
    }

    fn machine(&self) -> Node {
        let mut object = Object::new(self.language);
        if self.language != QueryLanguage::default() {
            object.put("QueryLanguage", self.language.word());
        }
        if let Some(timeout) = self.machine.timeout {
            object.put("TimeoutSeconds", timeout.as_secs());
        }
        self.scope(ScopeIndex(0), &mut object);
        object.into()
    }

    /// What each set of states has.
    fn scope(&self, index: ScopeIndex, object: &mut Object) {
        let Some(scope) = self.machine.scope(index) else { return };
        object.comment(scope.comment.as_deref());
        object.put("StartAt", self.name(scope.start));
        let states = self.states.get(index.0).into_iter().flatten();
        let members = states.map(|state| (state.name.as_str().to_owned(), self.state(state)));
        object.put("States", members.collect::<Node>());
    }

    fn name(&self, index: StateIndex) -> &'m str {
        self.machine.at(index).map_or("", |state| state.name.as_str())
    }

    fn then(&self, then: Then, object: &mut Object) {
        match then {
            Then::Go(next) => object.put("Next", self.name(next)),
            Then::Stop => object.put("End", true),
        }
    }
}
