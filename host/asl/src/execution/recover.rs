//! What follows a failure: another try, a Catcher, or the end.

use std::sync::Arc;

use super::Execution;
use super::walk::Move;
use crate::data::Document;
use crate::failure::{BRANCH_FAILED, Failure};
use crate::frame::{Doing, FrameId};
use crate::language::QueryLanguage;
use crate::machine::StateMachine;
use crate::recovery::{self, Catcher, Retrier};
use crate::state::State;
use crate::world::Scene;

impl Execution {
    /// Lets the state at which the frame stands deal with `failure`.
    ///
    /// # Errors
    ///
    /// The failure that goes further up, when the state does not take it or could not pass it on.
    pub(super) fn recover(&mut self, machine: &StateMachine, id: FrameId, failure: Failure) -> Result<Move, Failure> {
        let Some(frame) = self.frames.get(id) else { return Err(failure) };
        let Some(state) = machine.at(frame.state) else { return Err(failure) };
        // Branches and iterations that still run are given up once something takes the failure. Where nothing does they
        // stay: it is from them that the run can be begun again.
        let give_up = |run: &mut Self, joins| {
            if joins {
                run.frames.remove_below(id);
            }
        };
        let joins = frame.joins();
        let Some(errand) = state.errand() else { return Err(failure) };
        // The first Retrier that names the error is the only one that counts, even if it is used up.
        let matching = errand.retry.iter().enumerate().find(|(_, retrier)| recovery::takes(&retrier.errors, &failure));
        if let Some((index, retrier)) = matching
            && self.try_again(id, (index, errand.retry.len()), retrier)
        {
            give_up(self, joins);
            return Ok(Move::Stay);
        }
        let Some(catcher) = errand.catch.iter().find(|catcher| recovery::takes(&catcher.errors, &failure)) else {
            return Err(failure);
        };
        give_up(self, joins);
        let caught = self.catch(state, catcher, id, &failure);
        caught.map_err(|failure| failure.in_state(state.name.as_str()))
    }

    fn catch(&mut self, state: &State, catcher: &Catcher, id: FrameId, failure: &Failure) -> Result<Move, Failure> {
        let Some(frame) = self.frames.get(id) else { return Ok(Move::Stay) };
        let world = self.world(state, frame);
        let output = Document::new(Arc::new(failure.output()));
        let scene = match state.language {
            QueryLanguage::JsonPath => output.scene(&world),
            QueryLanguage::Jsonata => Scene { error: Some(&output.value), ..frame.input.scene(&world) },
        };
        let assigned = catcher.assign.evaluate(scene);
        let made = catcher.output.as_ref().map(|template| Document::made(template, scene, "Output"));
        self.settle(&world);
        let output = made.transpose()?.unwrap_or(output);
        self.assign(id, assigned?)?;
        let Some(frame) = self.frames.get_mut(id) else { return Ok(Move::Stay) };
        frame.doing = Doing::Ready;
        frame.input.place(&catcher.placement, output, &world)?;
        let input = frame.input.clone();
        self.settle(&world);
        Ok(Move::Go(catcher.next, input))
    }

    /// Sets the frame to wait for its next try; false when the Retrier has no try left.
    fn try_again(&mut self, id: FrameId, (index, count): (usize, usize), retrier: &Retrier) -> bool {
        let (seed, draws, now) = (self.context.seed, &mut self.draws, self.now);
        let Some(frame) = self.frames.get_mut(id) else { return false };
        frame.tries.by_retrier.resize(count, 0);
        let Some(used) = frame.tries.by_retrier.get_mut(index) else { return false };
        if *used >= retrier.attempts_max {
            return false;
        }
        *used += 1;
        let draw = || {
            *draws += 1;
            recovery::draw(seed, *draws)
        };
        let delay = retrier.delay(*used, draw);
        frame.tries.first = frame.tries.first.or_else(|| frame.task());
        frame.tries.retries = frame.tries.retries.saturating_add(1);
        frame.doing = Doing::Retrying(now.after(delay));
        true
    }
}

impl Failure {
    /// The same as the failure of the Parallel state around the branch, which must have a name.
    pub(super) fn of_branch(mut self) -> Self {
        self.error.get_or_insert(std::borrow::Cow::Borrowed(BRANCH_FAILED));
        self
    }
}
