//! What the writer does with a group of settlements: one row a call, one upsert a key, one link.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use rusqlite::Connection;
use store::Group;
use types::{Clock, ObjectName, Timestamp, Units};

use crate::account::Subscriber;
use crate::canonical::LinkKind;
use crate::counter::Hold;
use crate::ended::Ended;
use crate::rollup::{Entry, Rollups};
use crate::settle::{Line, Settlement};
use crate::sql::audit::{self, Tip};
use crate::sql::calls::{self, Facts};
use crate::sql::claim;
use crate::sql::counter::{self, Book, CounterKey};
use crate::sql::dimension::{self, CallIds, Dimensions};
use crate::sql::rollup;
use crate::totals::Totals;

/// One grouped operation.
#[derive(Debug)]
pub(crate) enum Op {
    /// A call that has ended.
    Settle(Arc<Settlement>),
    /// A call whose response begins.
    Open(Arc<Settlement>),
    /// The end of the stream whose open row is `seq`.
    Close(i64, Arc<Settlement>),
}

impl Op {
    fn settlement(&self) -> &Arc<Settlement> {
        match self {
            Self::Settle(settlement) | Self::Open(settlement) | Self::Close(_, settlement) => settlement,
        }
    }
}

/// What a stream keeps for its end.
#[derive(Debug)]
pub(crate) struct Close {
    pub(crate) seq: i64,
    pub(crate) subscriber: Arc<Subscriber>,
    pub(crate) admitted_at: Timestamp,
    /// Of the further objects.
    pub(crate) holds: Vec<Hold>,
}

impl Close {
    pub(crate) fn into_op(self, mut ended: Ended) -> Op {
        // Counted when the stream began.
        ended.units.retain(|used| used.object.as_str() != ObjectName::REQUESTS);
        let Self { seq, subscriber, admitted_at, holds } = self;
        Op::Close(seq, Arc::new(Settlement::new(subscriber, admitted_at, holds, ended)))
    }
}

/// What a caller is told once its call is on disk.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) seq: i64,
    pub(crate) settlement: Arc<Settlement>,
}

/// Settled, and waiting for the commit. Weak: when the commit fails the call is gone before the next group begins.
#[derive(Debug)]
struct Pending {
    settlement: Weak<Settlement>,
    /// None: the row of a stream that is open, in no sum yet.
    completed: Option<(i64, Entry)>,
}

/// The group of the ledger's writer.
#[derive(Debug)]
pub(crate) struct Writer {
    dimensions: Dimensions,
    rollups: Rollups,
    totals: Totals,
    pending: Vec<Pending>,
    clock: Clock,
}

/// What one group adds up to before it is written.
#[derive(Default)]
struct Sheet {
    counters: BTreeMap<CounterKey, i64>,
    rows: Vec<u8>,
    pending: Vec<Pending>,
}

impl Writer {
    pub(crate) fn new(rollups: Rollups, totals: Totals, clock: Clock) -> Self {
        Self { dimensions: Dimensions::new(), rollups, totals, pending: Vec::new(), clock }
    }

    /// Writes the gathered sums, if it is time. Their failure is not that of the calls.
    fn write_rollups(&self, tx: &Connection) -> rusqlite::Result<()> {
        let mut gathered = self.rollups.gathered();
        if gathered.is_empty() || !gathered.is_due(self.clock.moment()) {
            return Ok(());
        }
        tx.prepare_cached("SAVEPOINT rollups")?.execute([])?;
        if let Err(error) = rollup::flush(tx, &mut gathered) {
            tracing::error!(%error, "the rollups could not be written and are made from the calls later");
            tx.prepare_cached("ROLLBACK TO rollups")?.execute([])?;
        }
        tx.prepare_cached("RELEASE rollups")?.execute([]).map(drop)
    }

    /// Writes the calls that have ended, in a row, and their link.
    fn write_ended(
        &mut self,
        tx: &Connection,
        ops: &[Op],
        tip: &mut Tip,
        sheet: &mut Sheet,
    ) -> rusqlite::Result<Vec<i64>> {
        let first = tip.call.saturating_add(1);
        let link = tip.link.saturating_add(1);
        let mut insert = calls::Insert::into(tx)?;
        let mut seqs = Vec::with_capacity(ops.len());
        for op in ops {
            let Op::Settle(call) = op else {
                seqs.push(0);
                continue;
            };
            tip.call = tip.call.saturating_add(1);
            let ids = self.dimensions.of_call(tx, call)?;
            let facts = Facts::of(call);
            insert.call((tip.call, link), call, &ids, &facts)?;
            let usage = self.write_usage(tx, (tip.call, call), &ids, sheet)?;
            sheet.count_requests(call, &ids)?;
            close_claim(tx, call, &ids)?;
            calls::write_canonical(&mut sheet.rows, tip.call, call, &facts);
            let completed = Some((link, Entry { ids, facts, usage }));
            sheet.pending.push(Pending { settlement: Arc::downgrade(call), completed });
            seqs.push(tip.call);
        }
        let written = tip.call.saturating_sub(first).saturating_add(1);
        if written > 0 {
            audit::add_calls(tx, tip, LinkKind::Calls, (first, written, &sheet.rows))?;
        }
        Ok(seqs)
    }

    /// Writes the row of a call whose response begins.
    fn write_open(
        &mut self,
        tx: &Connection,
        call: &Arc<Settlement>,
        tip: &mut Tip,
        sheet: &mut Sheet,
    ) -> rusqlite::Result<i64> {
        tip.call = tip.call.saturating_add(1);
        let ids = self.dimensions.of_call(tx, call)?;
        calls::insert_open(tx, tip.call, call, &ids)?;
        sheet.count_requests(call, &ids)?;
        close_claim(tx, call, &ids)?;
        sheet.pending.push(Pending { settlement: Arc::downgrade(call), completed: None });
        Ok(tip.call)
    }

    /// Completes the row of a stream, under a link of its own.
    fn write_close(
        &mut self,
        tx: &Connection,
        (seq, call): (i64, &Arc<Settlement>),
        tip: &mut Tip,
        sheet: &mut Sheet,
    ) -> rusqlite::Result<()> {
        let ids = self.dimensions.of_call(tx, call)?;
        let link = tip.link.saturating_add(1);
        let mut facts = Facts::of(call);
        calls::complete(tx, (seq, link), &facts)?;
        (facts.status, facts.units, facts.billed_units) = calls::opened(tx, seq)?;
        let usage = self.write_usage(tx, (seq, call), &ids, sheet)?;
        audit::link_one(tx, tip, LinkKind::Stream, seq)?;
        let completed = Some((link, Entry { ids, facts, usage }));
        sheet.pending.push(Pending { settlement: Arc::downgrade(call), completed });
        Ok(())
    }

    /// Writes the usage rows of the further objects and counts them. Gives object, units and billed units of each.
    fn write_usage(
        &mut self,
        tx: &Connection,
        (seq, call): (i64, &Settlement),
        ids: &CallIds,
        sheet: &mut Sheet,
    ) -> rusqlite::Result<Vec<(i64, i64, i64)>> {
        let mut usage = Vec::new();
        for line in call.lines.iter().skip(1) {
            let object = self.dimensions.object(tx, &line.object)?;
            calls::insert_usage(tx, seq, object, line)?;
            sheet.count(line, (Book::of(&call.subscriber), ids.subscription), object)?;
            usage.push((object, line.units.to_sql(), line.billed.to_sql()));
        }
        Ok(usage)
    }
}

/// Closes the claim of the idempotency key that `call` ran under, if it did.
fn close_claim(tx: &Connection, call: &Settlement, ids: &CallIds) -> rusqlite::Result<()> {
    call.held.as_ref().map_or(Ok(()), |held| claim::close(tx, ids, call, &held.claim))
}

impl Sheet {
    /// Counts what a call used of `requests`.
    fn count_requests(&mut self, call: &Settlement, ids: &CallIds) -> rusqlite::Result<()> {
        let whose = (Book::of(&call.subscriber), ids.subscription);
        call.lines.first().map_or(Ok(()), |line| self.count(line, whose, dimension::REQUESTS))
    }

    /// Adds one line to what its counter gets from this group.
    fn count(&mut self, line: &Line, (book, subscription): (Book, i64), object: i64) -> rusqlite::Result<()> {
        if line.counted == Units::ZERO {
            return Ok(());
        }
        let key = CounterKey {
            book,
            subscription,
            object,
            period_start_us: line.period_start.as_micros(),
            overage_from: line.overage_from.to_sql(),
        };
        let sum = self.counters.entry(key).or_default();
        *sum = sum.checked_add(line.counted.to_sql()).ok_or(rusqlite::Error::IntegralValueOutOfRange(0, i64::MAX))?;
        Ok(())
    }
}

impl Group for Writer {
    type Op = Op;
    type Answer = Written;

    fn settle(&mut self, tx: &Connection, ops: &[Op]) -> rusqlite::Result<Vec<Written>> {
        self.write_rollups(tx)?;
        let mut tip = audit::tip(tx)?;
        let mut sheet = Sheet::default();
        let mut seqs = self.write_ended(tx, ops, &mut tip, &mut sheet)?;
        for (op, seq) in ops.iter().zip(&mut seqs) {
            match op {
                Op::Settle(_) => {}
                Op::Open(call) => *seq = self.write_open(tx, call, &mut tip, &mut sheet)?,
                Op::Close(open, call) => {
                    *seq = *open;
                    self.write_close(tx, (*open, call), &mut tip, &mut sheet)?;
                }
            }
        }
        for (key, units) in &sheet.counters {
            counter::add(tx, *key, *units)?;
        }
        self.pending.append(&mut sheet.pending);
        let written = |(op, seq): (&Op, &i64)| {
            op.settlement().written();
            Written { seq: *seq, settlement: Arc::clone(op.settlement()) }
        };
        Ok(ops.iter().zip(&seqs).map(written).collect())
    }

    fn committed(&mut self) {
        self.dimensions.committed();
        if self.pending.is_empty() {
            return;
        }
        let mut gathered = self.rollups.gathered();
        let (now, mut totals) = (self.clock.moment(), self.totals.sums());
        for Pending { settlement, completed } in self.pending.drain(..) {
            let Some(settlement) = settlement.upgrade() else {
                // From a group whose commit failed; should it ever be from another, the rows know.
                gathered.stale = true;
                continue;
            };
            settlement.committed();
            if let Some((link, entry)) = &completed {
                gathered.add(*link, entry, now);
                totals.add(&settlement);
            }
        }
    }

    fn undone(&mut self) {
        self.dimensions.undone();
        // What was written of the sums may be undone with it: the rows know.
        self.rollups.gathered().stale = true;
    }
}

#[cfg(test)]
mod tests;
