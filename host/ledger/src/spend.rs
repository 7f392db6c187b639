//! The cap on what a subscription's overage may cost in a billing period.
//!
//! What counts is the overage of every soft quota that has a price, used and reserved together, in the periods that the
//! billing period (a month from the anchor) touches. A day or a week across its border counts on both sides, so that the
//! cap holds on either. Prices and amounts are those of the plan that the subscription has now.
//!
//! The money is no counter of its own: it follows from the counters, so that units which go back lower it by
//! themselves. To look and to take is one turn per account, in which nothing is awaited.

use std::sync::Arc;

use types::{LimitKind, ObjectName, Per, Period, Quota, Timestamp, Units};

use crate::account::{Account, Subscriber};
use crate::admit::{AdmitError, AdmitRequest, Admitted, Entered, Taken, with_requests};
use crate::counter::Counter;
use crate::ledger::Ledger;
use crate::sql;

/// Overage in the file of periods that nobody counts in memory: those before the account came into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Before {
    pub(crate) object: ObjectName,
    /// Where the billing period starts for which it was read.
    pub(crate) billing: Timestamp,
    pub(crate) overage: Units,
}

/// Everything whose overage costs the subscription money now.
#[derive(Debug, Default)]
struct Spend {
    counted: Vec<(Arc<Counter>, Quota)>,
    /// Of periods that are over and in no counter in memory, in millionths.
    before: u128,
}

impl Spend {
    /// Used and reserved, in millionths of the plan's currency.
    fn micros(&self) -> u128 {
        let cost =
            |(counter, quota): &(Arc<Counter>, Quota)| cost_of(counter.taken().saturating_sub(quota.amount), quota);
        self.counted.iter().map(cost).fold(self.before, u128::saturating_add)
    }
}

fn cost_of(overage: Units, quota: &Quota) -> u128 {
    let price = quota.overage.and_then(|price| u128::try_from(price.micros).ok()).unwrap_or(0);
    u128::from(overage.get()).saturating_mul(price)
}

/// Whether more of it costs money.
pub(crate) fn is_priced(quota: &Quota) -> bool {
    quota.limit == LimitKind::Soft && quota.overage.is_some_and(|price| price.micros > 0)
}

impl Ledger {
    /// [`Ledger::reserve`] for a subscriber with a cap, in millionths of the plan's currency.
    pub(crate) async fn reserve_within(
        &self,
        cap: u64,
        request: AdmitRequest<'_>,
        entered: Entered,
    ) -> Result<Admitted, AdmitError> {
        let AdmitRequest { subscriber, needs, now, .. } = request;
        let Entered { slot, account, policies } = entered;
        // All that has to be read is read before the turn.
        let mut parts = Vec::with_capacity(needs.len().saturating_add(1));
        for need in with_requests(needs) {
            parts.push(self.part(&request, &account, need).await?);
        }
        let billing = Period::at(Per::Month, subscriber.anchor, now);
        let spend = self.spend(subscriber, &account, (billing, now)).await?;
        let mut taken = Taken::with_room_for(needs, policies);
        let turn = account.spending();
        let before = spend.micros();
        parts.into_iter().try_for_each(|part| taken.take(part, &request))?;
        let after = spend.micros();
        // What costs nothing more is served, also past a cap that was lowered.
        if after > u128::from(cap) && after > before {
            let (retry_after, policies) = (billing.end.since(now), Box::new(taken.into_policies()));
            return Err(AdmitError::SpendCap { cap, period: billing, retry_after, policies });
        }
        drop(turn);
        Ok(taken.admitted(slot, &request))
    }

    /// Everything whose overage counts in `billing`. Reads usage.db where nobody has.
    async fn spend(
        &self,
        subscriber: &Subscriber,
        account: &Account,
        (billing, now): (Period, Timestamp),
    ) -> Result<Spend, AdmitError> {
        let mut spend = Spend::default();
        for quota in subscriber.terms.quotas.iter().filter(|quota| is_priced(quota)) {
            // The running period is among those in memory from here on.
            account.counter(quota, subscriber.anchor, now);
            let counted = account.periods(&quota.object, billing);
            let starts: Vec<Timestamp> = counted.iter().map(|(period, _)| period.start).collect();
            for (period, cell) in counted {
                let counter = self.load(&cell, subscriber, &quota.object, period).await?;
                spend.counted.push((counter, quota.clone()));
            }
            if quota.per != Per::None {
                let overage = self.overage_before(subscriber, account, (quota, billing, now), &starts).await?;
                spend.before = spend.before.saturating_add(cost_of(overage, quota));
            }
        }
        Ok(spend)
    }

    /// The overage in the file of the object's periods that touch `billing`, but for those that are counted in memory.
    async fn overage_before(
        &self,
        subscriber: &Subscriber,
        account: &Account,
        (quota, billing, now): (&Quota, Period, Timestamp),
        in_memory: &[Timestamp],
    ) -> Result<Units, AdmitError> {
        if let Some(overage) = account.overage_before(&quota.object, billing.start) {
            return Ok(overage);
        }
        // From the period that holds the border up to the running one: what begins later will be in memory.
        let from = Period::at(quota.per, subscriber.anchor, billing.start).start;
        let until = Period::at(quota.per, subscriber.anchor, now).end;
        let key = (subscriber.subscription, quota.object.clone());
        let read = self.store().read(move |reader| sql::counter::overages(reader, &key, (from, until)));
        let rows =
            read.await.map_err(|source| AdmitError::Unavailable { step: "read a counter", source: Some(source) })?;
        let others = rows.into_iter().filter(|(start, _)| !in_memory.contains(start));
        let overage = others.fold(Units::ZERO, |sum, (_, overage)| sum.saturating_add(overage));
        account.note_before(Before { object: quota.object.clone(), billing: billing.start, overage });
        Ok(overage)
    }
}
