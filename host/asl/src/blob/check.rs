//! Whether stored frames are such as a run of this machine can have.

use std::collections::{HashMap, HashSet};

use super::DecodeError;
use crate::frame::{Doing, Frame, FrameId, Joining, Mapping};
use crate::machine::StateMachine;
use crate::state::{Mode, State, Work};

/// What the frames are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Running,
    /// A run that has failed: each of its frames may have come to an end in the midst of anything.
    Failed,
}

pub(super) fn check(
    machine: &StateMachine,
    frames: &[Frame],
    (next_frame, next_task): (FrameId, u64),
    standing: Standing,
) -> Result<(), DecodeError> {
    let foreign = |why| Err(DecodeError::Foreign(why));
    let mut children: HashMap<FrameId, usize> = HashMap::new();
    for parent in frames.iter().filter_map(|frame| frame.parent) {
        *children.entry(parent.frame).or_default() += 1;
    }
    let mut tasks = HashSet::new();
    let mut branches = HashSet::new();
    for (place, frame) in frames.iter().enumerate() {
        if frame.id >= next_frame || frames.get(place + 1).is_some_and(|next| next.id <= frame.id) {
            return foreign("the frames are not in the order of their ids");
        }
        let Some(state) = machine.at(frame.state) else { return foreign("a frame stands at an unknown state") };
        if let Some(task) = frame.task()
            && (task.get() >= next_task || !tasks.insert(task))
        {
            return foreign("a task has a number that is not its own");
        }
        let running = children.get(&frame.id).copied().unwrap_or_default();
        if standing == Standing::Running && !fits(state, frame, running) {
            return foreign("a frame does what its state does not do");
        }
        if !belongs(machine, frames, frame)
            || !branches.insert(frame.parent.map(|parent| (parent.frame, parent.branch)))
        {
            return foreign("a frame is no branch of its parent");
        }
    }
    Ok(())
}

/// Whether the state can do what the frame does, with so many branches or iterations that run.
pub(crate) fn fits(state: &State, frame: &Frame, running: usize) -> bool {
    match (&state.work, &frame.doing) {
        (Work::Task(_), Doing::Invoking(_)) | (Work::Wait(_), Doing::Waiting(_)) => true,
        (Work::Task(_) | Work::Parallel(_) | Work::Map(_), Doing::Retrying(_)) => true,
        (Work::Map(map), Doing::Invoking(invoking)) => map.mode != Mode::Inline && invoking.input.is_some(),
        (Work::Parallel(parallel), Doing::Joining(joining)) => {
            joining.results.len() == parallel.branches.len() && running == joining.open && running > 0
        }
        (Work::Map(map), Doing::Mapping(mapping)) => {
            let count = mapping.items.value.as_array().map(Vec::len);
            let begun = mapping.joining.results.get(..mapping.next);
            map.mode == Mode::Inline
                && count == Some(mapping.joining.results.len())
                && mapping.input.is_some() == map.errand.parameters.is_some()
                && begun.is_some_and(|begun| begun.iter().filter(|result| result.is_none()).count() == running)
                && mapping.joining.results.iter().skip(mapping.next).all(Option::is_none)
                && running > 0
        }
        _ => false,
    }
}

/// Whether the frame stands in the branch or iteration of its parent's state that it says it is, which still has no
/// result.
fn belongs(machine: &StateMachine, frames: &[Frame], frame: &Frame) -> bool {
    let Some(scope) = machine.at(frame.state).map(|state| state.scope) else { return false };
    let Some(parent) = frame.parent else { return scope.0 == 0 };
    let above = frames.binary_search_by_key(&parent.frame, |above| above.id).ok();
    let Some(above) = above.and_then(|place| frames.get(place)).filter(|above| above.id < frame.id) else {
        return false;
    };
    let open = |joining: &Joining| joining.results.get(parent.branch).is_some_and(Option::is_none);
    match (machine.at(above.state).map(|state| &state.work), &above.doing) {
        (Some(Work::Parallel(parallel)), Doing::Joining(joining)) => {
            parallel.branches.get(parent.branch) == Some(&scope) && open(joining)
        }
        (Some(Work::Map(map)), Doing::Mapping(Mapping { joining, next, .. })) => {
            map.processor == scope && parent.branch < *next && open(joining)
        }
        _ => false,
    }
}
