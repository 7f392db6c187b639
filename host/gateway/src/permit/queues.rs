//! Calls that wait for a place: a queue for each API, and the APIs by what they have had.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use tokio::sync::oneshot;
use types::ApiId;

use super::{Permit, Share};

/// An API that waits, and where its next turn begins: the least is served first.
pub(super) type Turn = (u64, ApiId);

/// The queues. Each API that has one has one turn.
#[derive(Debug, Default)]
pub(super) struct Queues {
    by_api: HashMap<ApiId, Queue>,
    turns: BTreeSet<Turn>,
}

#[derive(Debug)]
struct Queue {
    share: Arc<Share>,
    calls: VecDeque<oneshot::Sender<Permit>>,
}

impl Queues {
    /// Adds a call, unless `most` of its API wait already. Tells too how many have left that were still in the queue.
    pub(super) fn join(
        &mut self,
        (api, share): (ApiId, &Arc<Share>),
        begins: u64,
        most: usize,
    ) -> (Option<oneshot::Receiver<Permit>>, usize) {
        let turns = &mut self.turns;
        let queue = self.by_api.entry(api).or_insert_with(|| {
            turns.insert((begins, api));
            Queue { share: Arc::clone(share), calls: VecDeque::new() }
        });
        let mut gone = 0;
        if queue.calls.len() >= most {
            // Those who gave up are still in it.
            let before = queue.calls.len();
            queue.calls.retain(|call| !call.is_closed());
            gone = before.saturating_sub(queue.calls.len());
            if queue.calls.len() >= most {
                return (None, gone);
            }
        }
        let (call, turn) = oneshot::channel();
        queue.calls.push_back(call);
        (Some(turn), gone)
    }

    /// The first turn after `after`.
    pub(super) fn next(&self, after: Option<Turn>) -> Option<Turn> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.turns.range((from, Bound::Unbounded)).next().copied()
    }

    /// Takes out the calls at the front that nobody waits for any more, and tells how many. An API without a call has no
    /// turn.
    pub(super) fn forget_gone(&mut self, turn: Turn) -> usize {
        let mut gone = 0;
        let Some(queue) = self.by_api.get_mut(&turn.1) else { return gone };
        while queue.calls.pop_front_if(|call| call.is_closed()).is_some() {
            gone += 1;
        }
        if queue.calls.is_empty() {
            self.by_api.remove(&turn.1);
            self.turns.remove(&turn);
        }
        gone
    }

    /// The share of the API whose turn it is.
    pub(super) fn share(&self, turn: Turn) -> Option<Arc<Share>> {
        self.by_api.get(&turn.1).map(|queue| Arc::clone(&queue.share))
    }

    /// Takes the first call out of the API's queue. Its next turn begins at `begins`.
    pub(super) fn leave(&mut self, turn: Turn, begins: u64) -> Option<oneshot::Sender<Permit>> {
        let queue = self.by_api.get_mut(&turn.1)?;
        let call = queue.calls.pop_front();
        self.turns.remove(&turn);
        if queue.calls.is_empty() {
            self.by_api.remove(&turn.1);
        } else {
            self.turns.insert((begins, turn.1));
        }
        call
    }
}
