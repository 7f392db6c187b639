//! A run that has failed, timed out or was stopped is begun again where it stood.

use types::Timestamp;

use super::walk::Move;
use super::{Execution, Outcome};
use crate::frame::{Doing, Frame, FrameId, Tries};
use crate::state::Work;
use crate::trail::{Change, Step};

impl Execution {
    /// Begins a run again at `now` where it failed, timed out, or stands: what has ended well is kept, of Parallel and
    /// Map states too, and every other state is entered again with its input and with all its retries. `TimeoutSeconds`
    /// of the machine counts from `now`. A run that has succeeded stays as it is; one that failed before its first state
    /// fails again.
    pub fn redrive(&mut self, now: Timestamp) {
        if matches!(self.outcome, Some(Outcome::Succeeded(_))) {
            return;
        }
        if self.outcome.is_some() {
            self.frames = std::mem::take(&mut self.left);
        }
        self.finish_told = false;
        self.asked.clear();
        self.announced = None;
        self.context.redrives = self.context.redrives.saturating_add(1);
        self.context.redriven_at = Some(now);
        if self.frames.is_empty() {
            return;
        }
        self.outcome = None;
        self.now = self.now.max(now);
        self.deadline = self.machine.timeout.map(|timeout| self.now.after(timeout));
        self.rest();
        let again = self.stand_again();
        for id in again {
            // A state before may have failed, and what was caught around it has given this one up.
            if self.outcome.is_none() && self.frames.get(id).is_some() {
                self.walk(id, Move::Enter);
            }
        }
        self.check_held();
    }

    /// Puts every frame that has to do its state again before it, and names those.
    fn stand_again(&mut self) -> Vec<FrameId> {
        let ids: Vec<FrameId> = self.frames.iter().map(|frame| frame.id).collect();
        let mut again = Vec::new();
        for id in ids {
            if let Some(run) = self.map_run(id) {
                // Its children that have not succeeded begin again, and it is asked for again under its number.
                self.asked.extend(self.frames.get(run).and_then(Frame::task).map(|task| (run, task)));
                self.note_again(run, Change::Resumed);
                continue;
            }
            let goes_on = self.goes_on(id);
            if !goes_on {
                // Its branches, if there are any, do not add up: all of them begin anew.
                self.frames.remove_below(id);
            }
            let now = self.now;
            let Some(frame) = self.frames.get_mut(id) else { continue };
            frame.tries = Tries::default();
            if goes_on {
                self.note_again(id, Change::Resumed);
            } else {
                frame.entered_at = now;
                frame.doing = Doing::Ready;
                again.push(id);
            }
        }
        again
    }

    /// The frame, if it waits for the children of a distributed Map.
    fn map_run(&self, id: FrameId) -> Option<FrameId> {
        let frame = self.frames.get(id)?;
        let is_map = matches!(self.machine.at(frame.state)?.work, Work::Map(_));
        (is_map && matches!(frame.doing, Doing::Invoking(_))).then_some(id)
    }

    /// Whether the frame only has to wait for branches or iterations that begin again.
    fn goes_on(&self, id: FrameId) -> bool {
        let Some(frame) = self.frames.get(id).filter(|frame| frame.joins()) else { return false };
        let Some(state) = self.machine.at(frame.state) else { return false };
        let running = self.frames.iter().filter(|one| one.parent.is_some_and(|parent| parent.frame == id)).count();
        crate::blob::fits(state, frame, running)
    }

    fn note_again(&mut self, id: FrameId, change: Change) {
        let Some(frame) = self.frames.get(id).filter(|_| self.trail.is_watched()) else { return };
        let Some(state) = self.machine.at(frame.state) else { return };
        let parent = frame.parent.map(|parent| (parent.frame, parent.branch));
        let step = Step { at: self.now, frame: id, parent, state: state.name.clone(), change };
        self.trail.note(step);
    }
}
