//! Settlement: the one place where a call becomes a record.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use store::WriteError;
use types::{CallId, ObjectName, Per, Period, Timestamp, Units};

use crate::account::Subscriber;
use crate::admit::Admitted;
use crate::counter::Hold;
use crate::ended::{CLIENT_REQUEST_ID_MAX, Ended, ObjectUnits};
use crate::ledger::Ledger;
use crate::once::Held;
use crate::policy::{Policies, PolicyState};
use crate::writer::{Op, Written};

/// Proof that a call is on disk. The gateway lets no response leave without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    call: CallId,
    seq: i64,
    quotas: Vec<PolicyState>,
}

impl Recorded {
    /// The call.
    pub fn call(&self) -> CallId {
        self.call
    }

    /// The number of its row.
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// `before` with the quotas as they stand now that the call has settled.
    pub fn policies(&self, before: &Policies) -> Policies {
        Policies { rate: before.rate.clone(), quotas: self.quotas.clone() }
    }

    pub(crate) fn new(written: &Written, now: Timestamp) -> Self {
        let settlement = &written.settlement;
        let quotas = settlement.holds.iter().filter_map(|hold| PolicyState::of_hold(hold, now)).collect();
        Self { call: settlement.ended.call, seq: written.seq, quotas }
    }
}

/// Why a call was not recorded. Its response must not leave.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// usage.db refused this call's rows. Nothing of it is written, its units are free, its neighbours are committed.
    /// Do not retry.
    #[error("usage.db refused the call")]
    Refused(#[source] WriteError<std::convert::Infallible>),
    /// The commit failed: whether the call is written is known when the writer has reopened the file. Its units stay
    /// taken in memory until then. Do not retry.
    #[error("the commit of the call failed")]
    Uncertain,
    /// A stream found no second place at the writer. Nothing is written, its units are free.
    #[error("could not find a place at the writer for a stream")]
    Full,
}

impl SettleError {
    pub(crate) fn of(error: WriteError<std::convert::Infallible>) -> Self {
        match error {
            WriteError::Uncertain => Self::Uncertain,
            other => Self::Refused(other),
        }
    }
}

/// One object of one settlement: what is written, and where it counts.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) object: ObjectName,
    pub(crate) period_start: Timestamp,
    pub(crate) units: Units,
    pub(crate) billed: Units,
    /// What the counter gets: what is billed, or would be if the key were no test key.
    pub(crate) counted: Units,
    /// Units above this are overage.
    pub(crate) overage_from: Units,
}

/// A call on its way into usage.db, with what it holds in memory until it is there.
#[derive(Debug)]
pub(crate) struct Settlement {
    pub(crate) subscriber: Arc<Subscriber>,
    pub(crate) admitted_at: Timestamp,
    pub(crate) ended: Ended,
    /// `requests` first.
    pub(crate) lines: Vec<Line>,
    pub(crate) holds: Vec<Hold>,
    /// The idempotency key under which it ran: in use until the commit is known.
    pub(crate) held: Option<Box<Held>>,
    fate: AtomicU8,
}

const FATE_OPEN: u8 = 0;
const FATE_WRITTEN: u8 = 1;
const FATE_KEPT: u8 = 2;

impl Settlement {
    pub(crate) fn new(subscriber: Arc<Subscriber>, admitted_at: Timestamp, holds: Vec<Hold>, mut ended: Ended) -> Self {
        if let Some(id) = &mut ended.client_request_id
            && let Some((cut, _)) = id.char_indices().nth(CLIENT_REQUEST_ID_MAX)
        {
            id.truncate(cut);
        }
        let mut lines: Vec<Line> =
            ended.units.iter().map(|used| line_of(used, &holds, &subscriber, admitted_at)).collect();
        let requests = |line: &Line| line.object.as_str() == ObjectName::REQUESTS;
        match lines.iter().position(requests) {
            Some(at) => lines.swap(0, at),
            None => {
                let none = ObjectUnits { object: ObjectName::requests(), units: Units::ZERO, billed: Units::ZERO };
                lines.insert(0, line_of(&none, &holds, &subscriber, admitted_at));
            }
        }
        Self { subscriber, admitted_at, ended, lines, holds, held: None, fate: AtomicU8::new(FATE_OPEN) }
    }

    /// Closes the claim of an idempotency key with it.
    pub(crate) fn closing(mut self, held: Option<Box<Held>>) -> Self {
        self.held = held;
        self
    }

    /// Its rows are in the transaction.
    pub(crate) fn written(&self) {
        self.fate.store(FATE_WRITTEN, Ordering::Relaxed);
    }

    /// Its rows are on disk: what is billed counts as used from now on, the rest goes back.
    pub(crate) fn committed(&self) {
        self.fate.store(FATE_KEPT, Ordering::Relaxed);
        for hold in &self.holds {
            hold.keep(self.counted(&hold.object));
        }
    }

    fn counted(&self, object: &ObjectName) -> Units {
        self.lines.iter().find(|line| line.object == *object).map_or(Units::ZERO, |line| line.counted)
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        // Written, and never heard of the commit: it may have reached the disk. To free the units could let a hard
        // limit be passed, so they count as used until the counter is read again.
        if self.fate.load(Ordering::Relaxed) == FATE_WRITTEN {
            for hold in &self.holds {
                hold.keep(Units::MAX);
            }
        }
    }
}

/// What `used` comes to: never more billed than was set aside.
fn line_of(used: &ObjectUnits, holds: &[Hold], subscriber: &Subscriber, admitted_at: Timestamp) -> Line {
    let ObjectUnits { object, units, billed } = used;
    let (period_start, billable, overage_from) = match holds.iter().find(|hold| hold.object == *object) {
        Some(hold) => (hold.period.start, hold.billable(*billed), hold.overage_from()),
        None => match subscriber.terms.quotas.iter().find(|quota| quota.object == *object) {
            // Nothing was set aside of an object that has a quota: nothing of it can be billed.
            Some(quota) => (Period::at(quota.per, subscriber.anchor, admitted_at).start, Units::ZERO, Units::MAX),
            None => (Period::at(Per::Month, subscriber.anchor, admitted_at).start, *billed, Units::MAX),
        },
    };
    if billable != *billed {
        tracing::warn!(object = %object, billed = billed.get(), kept = billable.get(), "more was billed than reserved");
    }
    let billed = if subscriber.test { Units::ZERO } else { billable };
    Line { object: object.clone(), period_start, units: *units, billed, counted: billable, overage_from }
}

impl Ledger {
    /// Records one ended call, and answers when it is on disk: call, usage, counters and one audit link, in one
    /// transaction with every call that ended during the last commit.
    ///
    /// Dropping the future changes nothing: from the first poll the writer has the call.
    ///
    /// # Errors
    ///
    /// [`SettleError`]: each says what was written and that nothing is to be retried.
    pub async fn settle(&self, admitted: Admitted, ended: Ended) -> Result<Recorded, SettleError> {
        let Admitted { slot, subscriber, at: admitted_at, holds, held, .. } = admitted;
        let ended_at = ended.ended_at;
        let settlement = Settlement::new(subscriber, admitted_at, holds, ended).closing(held);
        let written = slot.send(Op::Settle(Arc::new(settlement))).await.map_err(SettleError::of)?;
        Ok(Recorded::new(&written, ended_at))
    }
}
