//! The envelope: the express workflow around every call, checked once at start.
//!
//! It is an ordinary ASL document, which an operator may replace. What must hold whatever it says is checked here: each
//! platform step stands there exactly once, at the top, without Retry and outside of any loop; only after a successful
//! Authenticate comes Admit, only after a successful Admit comes Invoke.

use std::collections::BTreeMap;
use std::sync::Arc;

use asl::{StateMachine, StateView};

/// The envelope that ships with the host.
pub const ENVELOPE: &str = include_str!("envelope.asl.json");

/// A native step of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Step {
    Authenticate,
    Admit,
    Invoke,
    Meter,
    Audit,
}

/// What resources of native steps begin with.
const PREFIX: &str = "arn:weir:step:";

impl Step {
    pub(crate) const ALL: [Self; 5] = [Self::Authenticate, Self::Admit, Self::Invoke, Self::Meter, Self::Audit];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Authenticate => "authenticate",
            Self::Admit => "admit",
            Self::Invoke => "invoke",
            Self::Meter => "meter",
            Self::Audit => "audit",
        }
    }

    /// The step that `resource` names.
    pub(crate) fn of_resource(resource: &str) -> Option<Self> {
        let name = resource.strip_prefix(PREFIX)?;
        Self::ALL.into_iter().find(|step| step.as_str() == name)
    }
}

/// Why a document cannot be the envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It is not a correct express machine. One line per diagnostic.
    #[error("the envelope is not a correct state machine: {0}")]
    Asl(String),
    /// A task asks for something that is no step of the platform.
    #[error("the envelope's state {state} asks for {resource}, which is no step of this host")]
    UnknownResource {
        /// The state.
        state: String,
        /// What it asks for.
        resource: String,
    },
    /// A step is missing, or there twice.
    #[error("the envelope has the step {step} {count} times; it must have it once")]
    Count {
        /// The step.
        step: &'static str,
        /// How often it is there.
        count: usize,
    },
    /// A step stands inside of a state with branches.
    #[error("the envelope's step {step} stands inside of {state}; it must stand at the top")]
    Nested {
        /// The step.
        step: &'static str,
        /// The state at the top that holds it.
        state: String,
    },
    /// A step would be repeated on failure.
    #[error("the envelope's step {step} has a Retry; it must run at most once")]
    Retry {
        /// The step.
        step: &'static str,
    },
    /// A step can be reached from itself.
    #[error("the envelope's step {step} lies in a loop; it must run at most once")]
    Loop {
        /// The step.
        step: &'static str,
    },
    /// There is a way to a step around the one that must have succeeded before it.
    #[error("the envelope can reach {step} without a successful {before}")]
    Bypass {
        /// The step.
        step: &'static str,
        /// What must come before.
        before: &'static str,
    },
}

/// A checked envelope.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    pub(crate) machine: Arc<StateMachine>,
    own: OwnStates,
}

/// Where the operator's own states stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OwnStates {
    Nowhere,
    BeforeInvoke,
    AfterInvoke,
}

impl Envelope {
    /// Parses and checks `text`.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`] for the first rule that it breaks.
    pub(crate) fn parse(text: &str) -> Result<Self, EnvelopeError> {
        let machine = express::parse(text).map_err(|diagnostics| {
            EnvelopeError::Asl(diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })?;
        let graph = Graph::read(&machine)?;
        graph.check()?;
        let own = graph.own_states();
        Ok(Self { machine, own })
    }

    /// Whether any state but the platform's own may read the document.
    pub(crate) fn reads_document(&self) -> bool {
        self.own != OwnStates::Nowhere
    }

    /// Whether any such state comes after Invoke, so that the response has to be there as a whole.
    pub(crate) fn reads_response(&self) -> bool {
        self.own == OwnStates::AfterInvoke
    }
}

/// The states at the top of the document, and how they lead to one another.
struct Graph {
    start: String,
    states: BTreeMap<String, Node>,
}

struct Node {
    step: Option<Step>,
    retries: bool,
    /// Where it leads when it has succeeded.
    then: Vec<String>,
    /// Where it leads when it has failed.
    caught: Vec<String>,
}

impl Graph {
    fn read(machine: &StateMachine) -> Result<Self, EnvelopeError> {
        let mut states = BTreeMap::new();
        for state in machine.states() {
            let step = step_of(state)?;
            if let Some(top) = outermost(state) {
                if let Some(step) = step {
                    return Err(EnvelopeError::Nested { step: step.as_str(), state: name_of(top) });
                }
                continue;
            }
            let node = Node {
                step,
                retries: state.has_retry(),
                then: state.then().map(name_of).collect(),
                caught: state.caught().map(name_of).collect(),
            };
            states.insert(name_of(state), node);
        }
        Ok(Self { start: machine.start_at().map(name_of).unwrap_or_default(), states })
    }

    fn name_of(&self, step: Step) -> Option<&String> {
        self.states.iter().find(|(_, node)| node.step == Some(step)).map(|(name, _)| name)
    }

    fn own_states(&self) -> OwnStates {
        let own = |name: &&String| self.states.get(*name).is_some_and(|node| node.step.is_none());
        let after = self.name_of(Step::Invoke).map(|invoke| self.reached_from(invoke, None));
        if after.is_some_and(|after| after.iter().any(own)) {
            OwnStates::AfterInvoke
        } else if self.states.keys().any(|name| own(&name)) {
            OwnStates::BeforeInvoke
        } else {
            OwnStates::Nowhere
        }
    }

    fn check(&self) -> Result<(), EnvelopeError> {
        for step in Step::ALL {
            let count = self.states.values().filter(|node| node.step == Some(step)).count();
            let step = step.as_str();
            if count != 1 {
                return Err(EnvelopeError::Count { step, count });
            }
        }
        for (name, node) in &self.states {
            let Some(step) = node.step.map(Step::as_str) else { continue };
            if node.retries {
                return Err(EnvelopeError::Retry { step });
            }
            if self.reached_from(name, None).contains(&name) {
                return Err(EnvelopeError::Loop { step });
            }
        }
        for (before, step) in [(Step::Authenticate, Step::Admit), (Step::Admit, Step::Invoke)] {
            let (Some(gate), Some(goal)) = (self.name_of(before), self.name_of(step)) else { continue };
            if self.start == *goal || self.reached_from(&self.start, Some(gate)).contains(&goal) {
                return Err(EnvelopeError::Bypass { step: step.as_str(), before: before.as_str() });
            }
        }
        Ok(())
    }

    /// Every state that may come after `from`. The way through a success of `gate` is closed: what it leads to when it
    /// fails is not.
    fn reached_from<'a>(&'a self, from: &'a str, gate: Option<&String>) -> Vec<&'a String> {
        let mut reached: Vec<&String> = Vec::new();
        let mut open = vec![from];
        while let Some(name) = open.pop() {
            let Some(node) = self.states.get(name) else { continue };
            let then = if gate.is_some_and(|gate| gate == name) { &[][..] } else { &node.then };
            for next in then.iter().chain(&node.caught) {
                if !reached.contains(&next) {
                    reached.push(next);
                    open.push(next);
                }
            }
        }
        reached
    }
}

fn name_of(state: StateView<'_>) -> String {
    state.name().as_str().to_owned()
}

fn step_of(state: StateView<'_>) -> Result<Option<Step>, EnvelopeError> {
    let Some(resource) = state.resource() else { return Ok(None) };
    let unknown = || EnvelopeError::UnknownResource { state: name_of(state), resource: resource.as_ref().to_owned() };
    Step::of_resource(resource).map(Some).ok_or_else(unknown)
}

/// The state at the top in a branch of which `state` is; `None` for one at the top.
fn outermost(state: StateView<'_>) -> Option<StateView<'_>> {
    std::iter::successors(state.parent(), |parent| parent.parent()).last()
}

#[cfg(test)]
mod tests;
