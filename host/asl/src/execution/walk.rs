//! From one event to the next effect: a flat loop over moves, so that no definition can exhaust the stack.

use std::sync::Arc;

use serde_json::Value;

use super::{Execution, Outcome};
use crate::data::Document;
use crate::failure::Failure;
use crate::frame::{Doing, FrameId, Mapping, Tries};
use crate::state::{StateIndex, Then};
use crate::trail::{Change, Step};

/// How many states one event may enter. A loop without an effect would else never give control back. (A guess: some
/// hundredths of a second, and enough for a Map of 10,000 items with 10 states each.)
const STEPS_MAX: u32 = 100_000;

/// What a frame does next.
#[derive(Debug)]
pub(super) enum Move {
    /// Do what the state does when it is entered, or tried again.
    Enter,
    /// The state's work is done, with this result.
    Complete(Arc<Value>),
    /// A Wait state is over.
    Leave,
    Go(StateIndex, Document),
    /// The frame ends with this output.
    End(Document),
    Fail(Failure),
    /// Wait for an event.
    Stay,
}

impl Move {
    pub(super) fn to(then: Then, output: Document) -> Self {
        match then {
            Then::Go(next) => Self::Go(next, output),
            Then::Stop => Self::End(output),
        }
    }
}

impl Execution {
    /// Moves the frame `id`, and every frame that follows from it, until all of them wait.
    pub(super) fn walk(&mut self, id: FrameId, step: Move) {
        let machine = Arc::clone(&self.machine);
        let (mut id, mut step) = (id, step);
        loop {
            self.note(id, &step);
            step = match step {
                Move::Enter => self.enter(&machine, id),
                Move::Complete(result) => self.complete(&machine, id, result),
                Move::Leave => self.leave(&machine, id),
                Move::Go(next, input) => self.go(id, next, input),
                Move::End(output) => match self.frames.get(id).and_then(|frame| frame.parent) {
                    None => return self.end(Outcome::Succeeded(output.value)),
                    Some(parent) => {
                        self.frames.remove(id);
                        id = parent.frame;
                        self.join(&machine, id, parent.branch, output)
                    }
                },
                Move::Fail(failure) => match self.recover(&machine, id, failure) {
                    Ok(step) => step,
                    // Nothing here takes it: the enclosing state fails, or the run.
                    Err(failure) => match self.frames.get(id).and_then(|frame| frame.parent) {
                        None => return self.end_failed(failure),
                        Some(parent) => {
                            id = parent.frame;
                            Move::Fail(failure.of_branch())
                        }
                    },
                },
                Move::Stay => match self.ready.pop_front() {
                    None => return,
                    Some(branch) => {
                        id = branch;
                        // A branch that was given up before it began is not there any more.
                        if self.frames.get(id).is_some() { Move::Enter } else { Move::Stay }
                    }
                },
            };
        }
    }

    /// Keeps what is about to happen to a state, if anybody watches.
    fn note(&mut self, id: FrameId, step: &Move) {
        if !self.trail.is_watched() {
            return;
        }
        let Some(frame) = self.frames.get(id) else { return };
        let Some(state) = self.machine.at(frame.state) else { return };
        let inner = self.trail.wants_inner();
        let change = match step {
            Move::Enter if frame.tries.retries == 0 => Change::Entered(self.trail.copy(&frame.input)),
            Move::Complete(_) if !inner => return,
            Move::Complete(result) => match frame.task() {
                Some(task) => Change::Done(task, self.trail.copy_value(result, jsonpath::measure(result).bytes)),
                None => Change::Joined,
            },
            Move::Go(_, output) | Move::End(output) => {
                Change::Left { output: self.trail.copy(output), assigned: self.trail.take_assigned() }
            }
            Move::Fail(failure) => {
                self.trail.take_assigned();
                Change::Failed {
                    error: failure.error.as_deref().map(str::to_owned),
                    cause: failure.cause.as_deref().map(|cause| self.trail.copy_text(cause)),
                }
            }
            Move::Stay => match &frame.doing {
                Doing::Retrying(moment) => Change::Retrying(*moment),
                _ if !inner => return,
                Doing::Joining(joining) | Doing::Mapping(Mapping { joining, .. }) if joining.is_new() => {
                    Change::Spread(joining.results.len())
                }
                _ => return,
            },
            Move::Enter | Move::Leave => return,
        };
        let parent = frame.parent.map(|parent| (parent.frame, parent.branch));
        let note = |change| Step { at: self.now, frame: id, parent, state: state.name.clone(), change };
        let ended = (inner && matches!(step, Move::End(_))).then(|| note(Change::Ended));
        self.trail.note(note(change));
        if let Some(ended) = ended {
            self.trail.note(ended);
        }
    }

    fn go(&mut self, id: FrameId, next: StateIndex, input: Document) -> Move {
        let now = self.now;
        if let Some(frame) = self.frames.get_mut(id) {
            frame.state = next;
            frame.input = input;
            frame.entered_at = now;
            frame.tries = Tries::default();
            frame.doing = Doing::Ready;
        }
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return Move::Fail(Failure::runtime("The machine goes through too many states without doing anything."));
        }
        Move::Enter
    }
}
