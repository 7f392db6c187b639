//! Calls whose response begins before they have ended: an open row first, completed once.

use std::sync::Arc;

use store::Slot;
use types::Clock;

use crate::admit::Admitted;
use crate::ended::{Begun, Ended};
use crate::ledger::Ledger;
use crate::settle::{Recorded, SettleError, Settlement};
use crate::writer::{Close, Op, Writer};

/// A stream whose open row is on disk, and the place at the writer for its end.
///
/// Dropping it records the end as `interrupted`: what was counted at its beginning stays.
#[must_use = "dropping it ends the stream as interrupted"]
#[derive(Debug)]
pub struct OpenStream {
    slot: Option<Slot<Writer>>,
    close: Option<Close>,
    begun: Begun,
    clock: Clock,
}

impl OpenStream {
    /// The number of its row.
    pub fn seq(&self) -> Option<i64> {
        self.close.as_ref().map(|close| close.seq)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        if let (Some(slot), Some(close)) = (self.slot.take(), self.close.take()) {
            let ended = self.begun.interrupted(self.clock.now());
            // Nobody waits for it: the writer has it, and recovery would do the same at the next start.
            drop(slot.send(close.into_op(ended)));
        }
    }
}

impl Ledger {
    /// Records that a response begins: an open call row, with `requests` counted.
    ///
    /// The head may leave when this answers. Units of further objects stay reserved until the stream is closed.
    ///
    /// # Errors
    ///
    /// [`SettleError`]: the head must not leave. Do not retry.
    pub async fn open_stream(&self, admitted: Admitted, begun: Begun) -> Result<OpenStream, SettleError> {
        let second = self.store().try_slot().map_err(|_| SettleError::Full)?;
        let Admitted { slot, subscriber, at: admitted_at, mut holds, held, .. } = admitted;
        // `requests` is settled now, the rest at the end.
        let rest = holds.split_off(holds.len().min(1));
        let mut opening = begun.interrupted(begun.begun_at);
        opening.units = vec![begun.requests.clone()];
        // The claim of an idempotency key is closed now: what has begun to leave cannot be sent again.
        let settlement = Settlement::new(Arc::clone(&subscriber), admitted_at, holds, opening).closing(held);
        let written = slot.send(Op::Open(Arc::new(settlement))).await.map_err(SettleError::of)?;
        let close = Close { seq: written.seq, subscriber, admitted_at, holds: rest };
        Ok(OpenStream { slot: Some(second), close: Some(close), begun, clock: self.clock().clone() })
    }

    /// Completes the row of a stream, once, and brings it under a link of the audit chain.
    ///
    /// What `ended` says of `requests` is ignored: it was counted when the stream began. Dropping the future changes
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`SettleError`]; the open row is then completed as `interrupted` at the next start.
    pub async fn close_stream(&self, mut open: OpenStream, ended: Ended) -> Result<Recorded, SettleError> {
        let (Some(slot), Some(close)) = (open.slot.take(), open.close.take()) else {
            return Err(SettleError::Full);
        };
        let ended_at = ended.ended_at;
        let written = slot.send(close.into_op(ended)).await.map_err(SettleError::of)?;
        Ok(Recorded::new(&written, ended_at))
    }
}
